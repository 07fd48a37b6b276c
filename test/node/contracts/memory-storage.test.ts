/** Storage in memory keeps the contract within one opening, and shows the records that it was given. */
import test from 'ava'
import { memoryStorage } from '../../../node/storage/index.ts'
import { syncContract, texts } from './storage.ts'

syncContract('memory', async () => ({ storage: memoryStorage(), passing: event => event }))

test('memory: it recovers the records that an earlier opening is said to have left', t => {
  t.deepEqual(texts(memoryStorage([new Uint8Array(Buffer.from('left'))])), ['left'])
})

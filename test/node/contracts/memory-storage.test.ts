/** Storage that remembers nothing keeps the contract as far as one life goes, and shows what it was given. */
import test from 'ava'
import { memoryStorage } from '../../../node/storage/index.ts'
import { syncContract, texts } from './storage.ts'

syncContract('memory', async () => ({ storage: memoryStorage(), passing: event => event }))

test('memory: it recovers what an earlier life is to have left', t => {
  t.deepEqual(texts(memoryStorage([new Uint8Array(Buffer.from('left'))])), ['left'])
})

/** What a connection has to send goes to its socket at once, in order, and what passes is freed when it has gone. */
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import type { MultiaddrConnection } from '@libp2p/interface'
import test from 'ava'
import { Uint8ArrayList } from 'uint8arraylist'
import { markPassing } from '../../../node/codec/passing-memory.ts'
import { writeTogether } from '../../../node/network/tcp-writes.ts'

async function socketPair(): Promise<{ near: Socket; far: Socket; close: () => void }> {
  const server = createServer({ allowHalfOpen: false }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address() as { port: number }
  const near = connect(address.port, '127.0.0.1')
  const [far] = (await once(server, 'connection')) as [Socket]
  if (near.connecting) await once(near, 'connect')
  return { near, far, close: () => void server.close() }
}

/** As libp2p calls it. */
function sender(socket: Socket) {
  const connection = { socket }
  writeTogether(connection as unknown as MultiaddrConnection)
  return connection as unknown as {
    sendData(data: Uint8ArrayList): { sentBytes: number; canSendMore: boolean }
  }
}

test('all chunks arrive in order, passing ones are freed, and the others are not', async t => {
  const { near, far, close } = await socketPair()
  const arrived = buffer(far)
  const passing = markPassing(new Uint8Array(70_000).fill(2))
  const kept = new Uint8Array(70_000).fill(3)
  const expected = Buffer.concat([Uint8Array.of(0, 1), passing, kept])
  const sent = sender(near).sendData(new Uint8ArrayList(Uint8Array.of(0, 1), passing, kept))
  t.is(sent.sentBytes, expected.length)
  near.end()
  t.true((await arrived).equals(expected))
  t.deepEqual([passing.length, kept.length], [0, 70_000])
  close()
})

test('the socket is full when the system takes no more, and says when it has room again', async t => {
  const { near, far, close } = await socketPair()
  far.pause()
  const { sendData } = sender(near)
  const chunk = () => new Uint8ArrayList(markPassing(new Uint8Array(2 ** 20)))
  let bytes = 0
  let hasRoom = true
  while (hasRoom) {
    const sent = sendData(chunk())
    bytes += sent.sentBytes
    hasRoom = sent.canSendMore
  }
  t.true(near.writableLength > 0)
  const drained = once(near, 'drain')
  const arrived = buffer(far)
  await drained
  t.is(near.writableLength, 0)
  near.end()
  t.is((await arrived).length, bytes)
  close()
})

test('nothing is freed of what never went', async t => {
  const { near, close } = await socketPair()
  near.on('error', () => undefined)
  near.destroy()
  await once(near, 'close')
  const chunk = markPassing(new Uint8Array(5000))
  sender(near).sendData(new Uint8ArrayList(chunk))
  await new Promise(resolve => setImmediate(resolve))
  t.is(chunk.length, 5000)
  close()
})

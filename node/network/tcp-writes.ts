/**
 * Writes all that a connection has to send in one call of the system. libp2p's TCP writes chunk by chunk: the two bytes
 * of a frame's length by themselves, which wake the other side, then the frame; and as a frame of 64 KB always fills the
 * socket's buffer as the runtime counts it, every layer above waits for the news that it has been emptied, once a frame.
 */
import type { Socket } from 'node:net'
import type { MultiaddrConnection } from '@libp2p/interface'
import type { Uint8ArrayList } from 'uint8arraylist'
import { releasePassing } from '../codec/passing-memory.ts'

/** The part of libp2p's TCP connection that is used here. */
interface Sending {
  readonly socket: Socket
  sendData(data: Uint8ArrayList): { sentBytes: number; canSendMore: boolean }
}

export function writeTogether(connection: MultiaddrConnection): void {
  const { socket } = connection as unknown as Sending
  Object.assign(connection, { sendData: (data: Uint8ArrayList) => write(socket, [...data], data.byteLength) })
}

function write(
  socket: Socket,
  chunks: readonly Uint8Array[],
  bytes: number,
): ReturnType<Sending['sendData']> {
  const written = (error?: Error | null): void => {
    if (!error) for (const chunk of chunks) releasePassing(chunk)
  }
  const last = chunks.length - 1
  socket.cork()
  for (const [i, chunk] of chunks.entries()) {
    if (i < last) socket.write(chunk)
    else socket.write(chunk, written)
  }
  socket.uncork()
  // What the system has taken does not count. If there is too much, the socket says when it has been taken.
  return { sentBytes: bytes, canSendMore: socket.writableLength < socket.writableHighWaterMark }
}

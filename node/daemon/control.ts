/**
 * The control socket of a running peer: a Unix socket in its state directory (a named pipe on Windows). It sends the
 * peer's status to each connection, as one JSON object, and reads nothing.
 */

import { createHash } from 'node:crypto'
import { chmod, lstat, unlink } from 'node:fs/promises'
import { createConnection, createServer, type Server, type Socket } from 'node:net'
import { join, resolve } from 'node:path'
import { CodedError } from '../../agreement/error.ts'
import { kindOf } from '../../learning/data/read-file.ts'
import { jsonText, printableValue } from '../text/printable.ts'

/** The status could not be read, or the socket could not be opened. */
export class ControlError extends CodedError<'control-path' | 'control-taken' | 'control-unreachable'> {
  override readonly name = 'ControlError'
}

/** The longest path of a socket has 104 bytes on macOS and 108 on Linux, including the final zero. */
const PATH_BYTES_MAX = 103
const CONNECTIONS_MAX = 8
const TIMEOUT_MS = 3000
/** Even the status of a thousand members stays far below this. */
const STATUS_BYTES_MAX = 16 * 1024 * 1024

export function controlPath(stateDirectory: string): string {
  if (process.platform !== 'win32') return join(stateDirectory, 'control.sock')
  const digest = createHash('sha256').update(resolve(stateDirectory)).digest('hex').slice(0, 16)
  return `\\\\.\\pipe\\concord-${digest}`
}

interface ControlSocket {
  close(): Promise<void>
}

/** Opens the socket for the status. Throws as `openSocket`. */
export function openControlSocket(path: string, status: () => unknown): Promise<ControlSocket> {
  return openSocket(path, socket => {
    socket.setTimeout(TIMEOUT_MS, () => socket.destroy())
    socket.end(`${jsonText(status(), 0)}\n`)
  })
}

/**
 * Opens a socket, readable by this user alone, for answers to each connection. Throws `control-path`, `control-taken`, or
 * the system's error.
 */
export async function openSocket(path: string, answer: (socket: Socket) => void): Promise<ControlSocket> {
  if (Buffer.byteLength(path) > PATH_BYTES_MAX)
    throw new ControlError(
      'control-path',
      `${path} is too long for a socket path (${Buffer.byteLength(path)} bytes, at most ${PATH_BYTES_MAX}); name a shorter one with --control`,
    )
  const server = createServer(socket => {
    socket.on('error', () => {})
    answer(socket)
  })
  server.maxConnections = CONNECTIONS_MAX
  await listen(server, path).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE') throw error
    await clearLeftBehind(path)
    await listen(server, path)
  })
  if (process.platform !== 'win32') await chmod(path, 0o600)
  server.unref()
  return {
    close: () => new Promise(done => server.close(() => done())),
  }
}

/** Reads the status of the peer behind this path. Throws `control-unreachable` with advice. */
export async function askStatus(path: string): Promise<unknown> {
  const { promise, resolve: answer, reject } = Promise.withResolvers<string>()
  const socket = createConnection(path)
  let text = ''
  socket.setEncoding('utf8').setTimeout(TIMEOUT_MS, () => socket.destroy(new Error('no answer')))
  socket.on('data', (chunk: string) => {
    text += chunk
    if (text.length > STATUS_BYTES_MAX) socket.destroy(new Error('an endless answer'))
  })
  socket.on('end', () => answer(text)).on('error', reject)
  try {
    return printableValue(JSON.parse(await promise))
  } catch (error) {
    throw new ControlError('control-unreachable', `${path}: ${why(error)}`)
  }
}

/** What is wrong where a socket does not answer, and what to do. */
export function why(error: unknown): string {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ENOENT':
      return 'no peer runs there, or it was started with --state none or another --control'
    case 'ECONNREFUSED':
      return 'the peer of this socket has ended without closing it (was it killed?); start it again and it goes on'
    case 'EACCES':
      return 'permission denied: only the user who runs the peer may ask it'
    default:
      return error instanceof Error ? error.message : String(error)
  }
}

function listen(server: Server, path: string): Promise<void> {
  const { promise, resolve: done, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen(path, () => {
    server.off('error', reject)
    done()
  })
  return promise
}

/** Removes a socket whose process was killed, and nothing else. Throws `control-taken`, `control-path`. */
async function clearLeftBehind(path: string): Promise<void> {
  if (process.platform !== 'win32') {
    const status = await lstat(path)
    if (!status.isSocket())
      throw new ControlError(
        'control-path',
        `${path} is ${status.isFile() ? 'a file' : kindOf(status)}, and stays as it is; expected a free name, or the socket of a peer that was killed: name one with --control`,
      )
  }
  if (await hasListener(path))
    throw new ControlError(
      'control-taken',
      `${path} belongs to a running process; name another one with --control`,
    )
  await unlink(path)
}

/** Only a refused connection means that no process owns the socket: a busy or foreign process still owns it. */
function hasListener(path: string): Promise<boolean> {
  const { promise, resolve: done } = Promise.withResolvers<boolean>()
  const socket = createConnection(path)
  socket.setTimeout(TIMEOUT_MS, () => socket.destroy())
  socket.on('connect', () => {
    // The connection ends gently, because a reset in the middle of its answer may crash a careless program.
    socket.resume().end()
    done(true)
  })
  socket.on('error', (error: NodeJS.ErrnoException) => done(error.code !== 'ECONNREFUSED'))
  return promise
}

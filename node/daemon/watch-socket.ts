/**
 * The socket by which `concord watch` follows a running peer, beside the control socket: it sends the run so far and then
 * its events, as lines of JSON, and reads nothing. Nothing heavy is recorded while nobody is connected.
 */
import { createConnection } from 'node:net'
import { applyEvent } from '../page/apply.ts'
import type { LiveMessage, RunEvent } from '../page/events.ts'
import type { Recorder } from '../page/recorder.ts'
import { RUN_FORMAT, RUN_VERSION, type RunDocument } from '../page/run.ts'
import type { RunSource } from '../page/server.ts'
import { ControlError, openSocket, why } from './control.ts'

/** Where it is, by the control socket's path. */
export function watchPath(control: string): string {
  return control.endsWith('control.sock')
    ? control.replace(/control\.sock$/, 'watch.sock')
    : `${control}-watch`
}

/** A reader that lies so far behind is cut off; it may connect again. */
const UNREAD_BYTES_MAX = 64 * 1024 * 1024

export async function openWatchSocket(path: string, recorder: Recorder): Promise<{ close(): Promise<void> }> {
  const leaves = new Set<() => void>()
  const socket = await openSocket(path, connection => {
    const send = (message: LiveMessage) => {
      connection.write(`${JSON.stringify(message)}\n`)
      if (connection.writableLength > UNREAD_BYTES_MAX) connection.destroy()
    }
    const unsubscribe = recorder.subscribe((first, events) => send({ kind: 'events', first, events }))
    send({ kind: 'run', document: recorder.document() })
    const leave = () => {
      unsubscribe()
      leaves.delete(end)
    }
    const end = () => {
      leave()
      connection.end()
    }
    leaves.add(end)
    connection.on('close', leave)
  })
  return {
    async close() {
      recorder.flush()
      for (const leave of [...leaves]) leave()
      await socket.close()
    },
  }
}

/** A peer's run, followed from another process. */
interface FollowedRun extends RunSource {
  readonly run: RunDocument
  /** Resolves when the peer ends the connection, whatever the reason. */
  readonly gone: Promise<void>
  leave(): void
}

/** The longest line that the peer of this version writes is far shorter. */
const LINE_CHARACTERS_MAX = 512 * 1024 * 1024

/** Connects to the peer behind this path. @throws ControlError `control-unreachable`, with advice */
export async function followRun(path: string): Promise<FollowedRun> {
  const socket = createConnection(path)
  socket.setEncoding('utf8')
  const listeners = new Set<(first: number, events: readonly RunEvent[]) => void>()
  const begun = Promise.withResolvers<RunDocument>()
  const gone = Promise.withResolvers<void>()
  let run: RunDocument | null = null
  const take = (line: string) => {
    const message = JSON.parse(line) as LiveMessage
    if (message.kind === 'run') {
      run = checked(message.document)
      begun.resolve(run)
      return
    }
    if (run === null) return
    const first = run.events
    for (const event of message.events) applyEvent(run, event)
    for (const listener of listeners) listener(first, message.events)
  }
  readLines(socket, take)
  socket.on('error', error => begun.reject(error))
  socket.on('close', () => {
    begun.reject(new Error('it ended the connection at once'))
    gone.resolve()
  })
  try {
    const document = await begun.promise
    return {
      run: document,
      document: () => document,
      gone: gone.promise,
      subscribe(listener) {
        listeners.add(listener)
        return () => void listeners.delete(listener)
      },
      leave: () => socket.destroy(),
    }
  } catch (error) {
    socket.destroy()
    throw new ControlError('control-unreachable', `${path}: ${why(error)}`)
  }
}

function readLines(socket: ReturnType<typeof createConnection>, take: (line: string) => void): void {
  let parts: string[] = []
  let length = 0
  socket.on('data', (chunk: string) => {
    const lines = chunk.split('\n')
    try {
      for (const [at, part] of lines.entries()) {
        parts.push(part)
        length += part.length
        if (length > LINE_CHARACTERS_MAX) throw new Error('it sends an endless line')
        if (at === lines.length - 1) break
        take(parts.join(''))
        parts = []
        length = 0
      }
    } catch (error) {
      socket.destroy(error as Error)
    }
  })
}

function checked(document: unknown): RunDocument {
  const { format, version } = (document ?? {}) as Partial<RunDocument>
  if (format !== RUN_FORMAT || version !== RUN_VERSION)
    throw new Error('another version of concord runs this peer; watch it with that version')
  return document as RunDocument
}

/**
 * A key that runs twice: a restored backup or a cloned machine, while the first still runs. Both would sign for the same
 * slots, and every member would cut the key off.
 *
 * A hello names its process. Where a member's second connection comes from another process than the session that it
 * has, this peer first looks whether that one still lives: it opens a stream of its own for a notice on the old
 * connection. A process that was killed has no connection left, or does not answer in time, and is replaced. One that
 * answers goes on: it is told of the other, and the other is told why it is refused. Liars may say so, too, so a process
 * believes it once f + 1 members do; one of them is honest (process-tally.ts).
 */
import type { Connection, Stream } from '@libp2p/interface'
import type { PeerIndex } from '../../agreement/protocol.ts'
import { messageBytes, putInteger, putText, readFields, readInteger } from '../codec/fields.ts'
import type { Clock, Frame, SecondProcess } from '../ports.ts'
import { printableStart } from '../text/printable.ts'
import * as limits from './constants.ts'
import { wholeFrame } from './framing.ts'
import { abort, boundaryOf, type Offended, report } from './offences.ts'
import type { Refusals } from './process-tally.ts'
import { openWire } from './wire.ts'

/** What a process is told of another one with its key. */
interface Notice extends Omit<SecondProcess, 'by'> {}

/**
 *   message Notice {
 *     string address = 1;    // of the other process
 *     uint64 startedMs = 2;  // by its own clock, milliseconds since 1970
 *     uint64 isRefused = 3;  // 1: the process that reads this is refused; 0: the other one is
 *   }
 */
export function encodeNotice({ address, startedMs, isRefused }: Notice): Frame {
  return [
    messageBytes(output => {
      putText(output, 1, address)
      putInteger(output, 2, startedMs)
      putInteger(output, 3, isRefused ? 1 : 0)
    }),
  ]
}

/** The last moment that a date can be. */
export const DATE_MS_MAX = 8.64e15

/** Null if the frame is no notice. */
export function decodeNotice(frame: Frame): Notice | null {
  let address = ''
  let [startedMs, refused] = [0, 0]
  try {
    readFields(Buffer.concat(frame), (field, input) => {
      if (field === 1) address = printableStart(input.string(), limits.HELLO_TEXT_MAX)
      else if (field === 2) startedMs = readInteger(input)
      else if (field === 3) refused = readInteger(input)
      else return false
      return true
    })
  } catch {
    return null
  }
  if (address === '') return null
  return { address, startedMs: Math.min(startedMs, DATE_MS_MAX), isRefused: refused === 1 }
}

/** "this key already runs at … since …": why a process that was refused ends, for its operator. */
export function refusalSentence(
  { by, address, startedMs }: SecondProcess,
  nameOf: (peer: PeerIndex) => string,
): string {
  const who = by.map(nameOf)
  const sayers =
    who.length === 1 ? `${who[0]} says so` : `${who.slice(0, -1).join(', ')} and ${who.at(-1)} say so`
  return `this key already runs at ${address}, since ${timeOf(startedMs)} (${sayers}): stop that process, or give this machine an identity of its own`
}

const timeOf = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`

/** The address of a connection's other side, without its key. */
export function addressOf({ remoteAddr }: Connection): string {
  return String(remoteAddr).replace(/\/p2p\/.*/, '')
}

/** Gives a process a notice. False: it is gone, or does not answer in time. */
export async function notify(
  network: Offended,
  peer: PeerIndex,
  connection: Connection,
  notice: Notice,
): Promise<boolean> {
  const signal = AbortSignal.timeout(limits.PROCESS_ANSWER_MS)
  try {
    const stream = await connection.newStream(limits.NOTICE_PROTOCOL, { signal })
    const events = { frame: () => wholeFrame(() => {}), drained() {}, closed() {} }
    const wire = openWire(stream, wireLimits, events, boundaryOf(network, peer))
    wire.send(encodeNotice(notice))
    await wire.close()
    return true
  } catch (error) {
    // One that refuses the stream lives as well.
    return (error as Error).name === 'UnsupportedProtocolError'
  }
}

/** A member has a notice for this process. */
export function takeNotice(
  network: Offended & { readonly refusals: Refusals; readonly clock: Clock },
  stream: Stream,
  connection: Connection,
  peer: PeerIndex,
): void {
  const { clock } = network
  const boundary = boundaryOf(network, peer)
  const take = (frame: Frame) => {
    const notice = decodeNotice(frame)
    if (notice === null) {
      report(network, peer, 'malformed', 'its notice of a second process cannot be read')
      abort(connection, new Error('no notice'))
    } else heed(network, peer, notice)
    void wire.close()
  }
  const wire = openWire(
    stream,
    wireLimits,
    {
      frame: () => wholeFrame(take),
      drained() {},
      closed(reason, kind) {
        timer.cancel()
        if (kind !== undefined) report(network, peer, kind, reason)
      },
    },
    boundary,
  )
  const timer = clock.after(
    limits.HELLO_TIMEOUT_MS,
    boundary.around(() => wire.abort('no notice')),
  )
}

function heed(network: Offended & { readonly refusals: Refusals }, peer: PeerIndex, notice: Notice): void {
  const { log, members, events, refusals } = network
  const { address, startedMs, isRefused } = notice
  if (!isRefused) {
    log.warn(
      peer,
      'second-process',
      `${members.nameOf(peer)} says that this key was also started at ${address}, and refuses it there: each machine needs an identity of its own`,
      { address },
    )
    events.secondProcess?.({ ...notice, by: [peer] })
    return
  }
  log.warn(
    peer,
    'second-process',
    `${members.nameOf(peer)} refuses this process: it says that this key already runs at ${address}, since ${timeOf(startedMs)}`,
    { address },
  )
  const by = refusals.add(peer)
  if (by !== null) events.secondProcess?.({ ...notice, by })
}

const wireLimits = {
  frameBytesMax: limits.HELLO_BYTES_MAX,
  helloBytesMax: limits.HELLO_BYTES_MAX,
  queueBytesMax: limits.HELLO_BYTES_MAX,
}

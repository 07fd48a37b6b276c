/**
 * Conversations between peers, written down to be read. A scenario says what is delivered when; the transcript has a
 * line for each message and, under it, what its receiver made of it.
 */
import type { AveragingOutput } from '../agreement/averaging/averaging.ts'
import type { BroadcastOutput } from '../agreement/broadcast.ts'
import { type Message, type Sealed, slotKey } from '../agreement/message.ts'
import type { Effects, Fault, PeerIndex, Protocol } from '../agreement/protocol.ts'
import type { Vector } from '../agreement/vector.ts'
import type { Flight } from './agreement/harness.ts'

type Output = AveragingOutput | BroadcastOutput

interface Filter {
  readonly from?: readonly PeerIndex[]
  readonly to?: readonly PeerIndex[]
  readonly kind?: readonly Message['kind'][]
  /** Whose slot the message is about. */
  readonly about?: readonly PeerIndex[]
  readonly iteration?: number
}

export interface Conversation<Input> {
  note(text: string): void
  /** Gives a peer an input; `as` says what, for the reader. */
  input(peer: PeerIndex, value: Input, as: string): void
  /** Delivers what is in flight and fits, oldest first, and what that brings forth and fits, until nothing is left. */
  deliver(filter: Filter, fold?: 'folded'): void
  /** A faulty peer says this, and it arrives. */
  tell(from: PeerIndex, to: PeerIndex, message: Message): void
  /** Crashes and restarts a peer: what was on its way to it and from it is lost. */
  replace(peer: PeerIndex, protocol: Protocol<Input, Message, Output>): void
  text(): string
}

interface State<Input> {
  readonly peers: (Protocol<Input, Message, Output> | null)[]
  readonly lines: string[]
  flights: Flight[]
}

/** @param peers by index; null is a faulty peer, which speaks through `tell` only */
export function converse<Input>(
  title: string,
  peers: readonly (Protocol<Input, Message, Output> | null)[],
): Conversation<Input> {
  const state: State<Input> = { peers: [...peers], lines: [`# ${title}`], flights: [] }
  return {
    note: text => void state.lines.push('', ...text.split('\n').map(line => `# ${line}`)),
    input(peer, value, as) {
      state.lines.push(`${peer} ${as}`)
      carry(state, peer, state.peers[peer]!.input(value))
    },
    deliver: (filter, fold) => deliver(state, filter, fold === 'folded'),
    tell(from, to, message) {
      state.lines.push(sentence({ from, to, message }))
      carry(state, to, state.peers[to]!.receive(from, message))
    },
    replace(peer, protocol) {
      state.peers[peer] = protocol
      state.flights = state.flights.filter(({ from, to }) => from !== peer && to !== peer)
    },
    text: () => `${state.lines.join('\n')}\n`,
  }
}

function carry<Input>(state: State<Input>, peer: PeerIndex, effects: Effects<Message, Output>): void {
  for (const { to, message } of effects.messages)
    for (let other = 0; other < state.peers.length; other++)
      if (other !== peer && (to === 'others' || to === other) && state.peers[other] !== null)
        state.flights.push({ from: peer, to: other, message })
  for (const fault of effects.faults) state.lines.push(`    ${peer} blames ${blame(fault)}`)
  for (const output of effects.outputs) state.lines.push(`    ${peer} ${outcome(output)}`)
}

function deliver<Input>(state: State<Input>, filter: Filter, folded: boolean): void {
  const counts = new Map<string, number>()
  const foldedAt = state.lines.length
  for (;;) {
    const index = state.flights.findIndex(flight => fits(flight, filter))
    const [flight] = index < 0 ? [] : state.flights.splice(index, 1)
    if (flight === undefined) break
    const { from, to, message } = flight
    counts.set(message.kind, (counts.get(message.kind) ?? 0) + 1)
    if (!folded) state.lines.push(sentence(flight))
    carry(state, to, state.peers[to]!.receive(from, message))
  }
  const summary = [...counts].map(([kind, count]) => `${count} ${kind}`).join(', ')
  if (folded) state.lines.splice(foldedAt, 0, `… ${summary || 'nothing'}${scope(filter)}`)
}

function fits({ from, to, message }: Flight, filter: Filter): boolean {
  return (
    (filter.from?.includes(from) ?? true) &&
    (filter.to?.includes(to) ?? true) &&
    (filter.kind?.includes(message.kind) ?? true) &&
    (filter.about?.includes(message.slot.sender) ?? true) &&
    (filter.iteration ?? message.slot.iteration) === message.slot.iteration
  )
}

function scope({ from, to, about }: Filter): string {
  const part = (name: string, list?: readonly number[]) =>
    list === undefined ? '' : ` ${name} ${list.join(' ')}`
  return part('from', from) + part('to', to) + part('about', about)
}

function sentence({ from, to, message }: Flight): string {
  return `${from} → ${to}: ${message.kind} ${slotKey(message.slot)} ${content(message)}`
}

function content(message: Message): string {
  switch (message.kind) {
    case 'vector':
    case 'payload':
      return sealedText(message.sealed)
    case 'digest':
    case 'echo':
    case 'ready':
    case 'request':
      return short(message.digest)
    case 'report':
      return `I have ${message.peers.join(' ')}`
    case 'query':
    case 'fetch':
      return '?'
    case 'pulse':
      return 'all have begun'
    case 'evidence':
      return `${short(message.first.digest)} against ${short(message.second.digest)}`
    case 'position':
      return `I help from step ${message.oldest}, and speak completely from step ${message.completeFrom}`
  }
}

function blame({ peer, kind, evidence }: Fault): string {
  const proof =
    evidence === undefined
      ? ''
      : `: it signed ${short(evidence.first.digest)} and ${short(evidence.second.digest)}`
  return `${peer} for ${kind}${proof}`
}

function outcome(output: Output): string {
  switch (output.kind) {
    case 'delivered': {
      const digest = 'sealed' in output ? output.sealed.digest : output.digest
      return `delivers the vector of ${output.slot.sender}, ${short(digest)}`
    }
    case 'timer':
      return `asks to be woken${'timer' in output ? `: ${output.timer.purpose}` : ': payload'}`
    case 'sealed':
      return `binds itself to ${vectorText(output.vector)} in ${slotKey(output.slot)}`
    case 'iterated':
      return `uses the vectors of ${output.used.join(' ')}: ${vectorText(output.vector)}`
    case 'agreed':
      return `AGREES on ${vectorText(output.vector)}`
  }
}

export function sealedText({ vector, digest }: Sealed): string {
  return `${short(digest)} ${vectorText(vector)}`
}

function vectorText(vector: Vector): string {
  return `[${Array.from(vector, x => Number(x.toPrecision(5))).join(' ')}]`
}

function short(digest: string): string {
  return `${digest.slice(0, 6)}…`
}

/**
 * The driver: runs one protocol over the ports. Real and simulated peers run this very code.
 *
 * Effects of the protocol are carried out in this order: what binds the peer is recorded and synced; then its messages
 * go to the links (send.ts); outputs go to the host meanwhile, which answers with inputs. A message from outside is
 * decoded, its author's signature checked (receive.ts), and then the protocol sees it. Whatever a peer sends,
 * nothing here throws. The driver knows messages and steps, and not what the protocol's inputs and outputs mean.
 */
import { type Message, slotKey } from '../../agreement/message.ts'
import type {
  Effects,
  Envelope,
  Evidence,
  Fault,
  FaultKind,
  PeerIndex,
  Protocol,
} from '../../agreement/protocol.ts'
import { type DecodeLimits, isSlotIn, linkFrameReader, type Received } from '../codec/index.ts'
import { defaultLinkLimits, type LinkLimits } from '../link/limits.ts'
import { createLink, type Link, type LinkStatus } from '../link/link.ts'
import { type Clock, type Frame, type SecondProcess, sizeOf, type Timer, type Transport } from '../ports.ts'
import type { Verifier } from '../signatures/index.ts'
import type { Journal } from './journal.ts'
import { createReadGate, type ReadGate } from './read-gate.ts'
import { createReceiver, type Receiver, type ReceiverHooks } from './receive.ts'
import { createSender, type Sender } from './send.ts'

/** A protocol as it is driven: it says where it is. */
export interface Driven<Input, Output> extends Protocol<Input, Message, Output> {
  /** The step it is at. It never goes back. */
  currentStep(): number
}

export interface DriverOptions<Input, Output> {
  readonly self: PeerIndex
  readonly peers: number
  readonly protocol: Driven<Input, Output>
  readonly transport: Transport
  readonly clock: Clock
  readonly verifier: Pick<Verifier, 'accepts' | 'verify'>
  readonly journal: Journal
  /** Proofs that are kept elsewhere than in the journal. */
  readonly proofs?: readonly Evidence[]
  readonly limits: DecodeLimits
  /** Steps beyond its own of which a peer takes messages. */
  readonly ahead: number
  readonly linkLimits?: LinkLimits
  /** Distinguishes this run of the peer from earlier ones: any number that was not used before, never 0. */
  readonly incarnation: number
  readonly hooks: DriverHooks<Output>
}

interface DriverHooks<Output> extends ReceiverHooks {
  /** What the protocol asks of its host; the host answers with `input`, at once or later. */
  output(output: Output): void
  fault(fault: Fault | (Omit<Fault, 'peer'> & { readonly peer: null })): void
  connection?(peer: PeerIndex, up: boolean, reason: string): void
  /** A peer no longer has, or never had, all that this peer's step needs of it. */
  missed?(peer: PeerIndex): void
  /** A peer has begun a new incarnation, or is met for the first time. */
  restarted?(peer: PeerIndex): void
  /** This peer is too far on to say anything that can be taken yet, or no longer is. */
  ahead?(peer: PeerIndex, isAhead: boolean): void
  sent?(envelope: Envelope): void
  /** A peer is proved to equivocate: `before`, in an earlier incarnation of this one, or now. */
  convicted?(proof: Evidence, before: boolean): void
  /** Another process with this peer's key has been met. */
  secondProcess?(second: SecondProcess): void
  /** The peer cannot go on: its storage failed. Nothing was sent that was not recorded. */
  failed(error: Error): void
}

export interface Driver<Input> {
  start(): void
  input(value: Input): void
  inputAfter(delayMs: number, value: Input): void
  /** Carries out effects that did not come from the protocol itself (a faulty peer's doing). */
  carry(effects: Effects<Message, never>): void
  /** What this peer says is complete from this step on; of those before it says nothing any more: the others are told. */
  setCompleteFrom(step: number): void
  /** Messages of steps before this one are no longer kept for peers that restart. */
  forgetBefore(step: number): void
  /** Tells the others that this peer needs nothing more. */
  finish(): void
  /** Peers that still need something from this one. */
  unserved(): readonly PeerIndex[]
  status(): DriverStatus
  stop(done: () => void): void
}

export interface DriverStatus {
  readonly connected: readonly PeerIndex[]
  /** Who is proved to equivocate, ascending. */
  readonly convicted: readonly PeerIndex[]
  readonly links: readonly (LinkStatus | null)[]
  readonly messagesSent: number
  readonly bytesSent: number
  readonly bytesReceived: number
}

interface State<Input, Output> {
  readonly options: DriverOptions<Input, Output>
  readonly links: (Link | null)[]
  readonly connected: Set<PeerIndex>
  readonly readGate: ReadGate
  readonly sender: Sender
  readonly receiver: Receiver
  /** Effects and frames are worked off one after the other, never inside each other. */
  readonly work: (() => void)[]
  working: boolean
  /** By peer: an acknowledgement is due; what is to be sent again may go on. */
  readonly ackTimers: (Timer | null)[]
  readonly againTimers: (Timer | null)[]
  /** Of inputs that are due later. */
  readonly inputTimers: Set<Timer>
  /** Of the protocol, as the others are told. */
  step: number
  started: boolean
  stopped: boolean
  bytesSent: number
  bytesReceived: number
}

/**
 * An acknowledgement waits so long for a data frame to travel with: longer than an exchange mostly takes, for a frame
 * of its own for every vector would cost a fifth of one of 300 KB.
 */
const ACK_DELAY_MS = 250

export function createDriver<Input, Output>(options: DriverOptions<Input, Output>): Driver<Input> {
  const { protocol, clock } = options
  const state = createState(options)
  const { links } = state
  return {
    start: () => start(state),
    input: value => enqueueWork(state, () => carry(state, protocol.input(value))),
    inputAfter(delayMs, value) {
      const timer = clock.after(delayMs, () => {
        state.inputTimers.delete(timer)
        enqueueWork(state, () => carry(state, protocol.input(value)))
      })
      state.inputTimers.add(timer)
    },
    carry: effects => enqueueWork(state, () => carry(state, effects)),
    setCompleteFrom(step) {
      for (const link of links) link?.setCompleteFrom(step)
    },
    forgetBefore(step) {
      for (const link of links) link?.forgetBefore(step)
    },
    finish() {
      for (const link of links) link?.finish()
    },
    unserved: () => unserved(state),
    status: () => ({
      connected: [...state.connected].sort((a, b) => a - b),
      convicted: state.receiver.convicts(),
      links: links.map(link => link?.status() ?? null),
      messagesSent: state.sender.messagesSent(),
      bytesSent: state.bytesSent,
      bytesReceived: state.bytesReceived,
    }),
    stop: done => stop(state, done),
  }
}

function createState<I, O>(options: DriverOptions<I, O>): State<I, O> {
  const { peers, self, incarnation, protocol, clock, hooks, linkLimits = defaultLinkLimits } = options
  const links: (Link | null)[] = []
  const state: State<I, O> = {
    options,
    links,
    sender: createSender({
      journal: options.journal,
      clock,
      links,
      inTurn: work => enqueueWork(state, work),
      failed(error) {
        state.stopped = true
        hooks.failed(error)
      },
    }),
    receiver: createReceiver({
      protocol,
      verifier: options.verifier,
      journal: options.journal,
      hooks,
      carry: effects => carry(state, effects),
      fault: fault => blame(state, fault),
      convicted: evidence => cutOff(state, evidence),
    }),
    connected: new Set(),
    readGate: createReadGate(options.transport, clock),
    work: [],
    working: false,
    ackTimers: timersFor(peers),
    againTimers: timersFor(peers),
    inputTimers: new Set(),
    step: protocol.currentStep(),
    started: false,
    stopped: false,
    bytesSent: 0,
    bytesReceived: 0,
  }
  for (let peer = 0; peer < peers; peer++)
    if (peer === self) links.push(null)
    else
      links.push(
        createLink({
          incarnation,
          limits: linkLimits,
          ahead: options.ahead,
          hooks: linkHooks(state, peer),
          step: () => protocol.currentStep(),
          nowMs: () => clock.nowMs(),
        }),
      )
  return state
}

const timersFor = (peers: number): (Timer | null)[] => Array.from({ length: peers }, () => null)

function stop<I, O>(state: State<I, O>, done: () => void): void {
  state.stopped = true
  for (const timer of [...state.ackTimers, ...state.againTimers, ...state.inputTimers]) timer?.cancel()
  state.sender.stop()
  state.options.transport.stop(done)
}

/** Where no such timer runs already. */
function once<I, O>(
  state: State<I, O>,
  timers: (Timer | null)[],
  peer: PeerIndex,
  ms: number,
  act: () => void,
): void {
  if (timers[peer] !== null || state.stopped) return
  timers[peer] = state.options.clock.after(ms, () => {
    timers[peer] = null
    act()
  })
}

function ackSoon<I, O>(state: State<I, O>, peer: PeerIndex): void {
  once(state, state.ackTimers, peer, ACK_DELAY_MS, () => state.links[peer]?.acknowledge())
}

function linkHooks<I, O>(state: State<I, O>, peer: PeerIndex) {
  const { transport, hooks } = state.options
  return {
    send(frame: Frame): boolean {
      if (!transport.send(peer, frame)) return false
      state.bytesSent += sizeOf(frame)
      return true
    },
    take: (received: Received) => state.receiver.take(peer, received),
    ahead: (isAhead: boolean) => hooks.ahead?.(peer, isAhead),
    ackSoon: () => ackSoon(state, peer),
    pumpIn: (ms: number) => once(state, state.againTimers, peer, ms, () => state.links[peer]?.pump()),
    restarted() {
      hooks.restarted?.(peer)
      // It may have no memory of them, or come to the cohort only now.
      const proofs = state.receiver.proofs().filter(({ slot }) => slot.sender !== state.options.self)
      state.sender.send(proofs.map(proof => ({ to: peer, message: { kind: 'evidence', ...proof } })))
    },
    missed: () => hooks.missed?.(peer),
    fault: (kind: FaultKind, detail: string) => blame(state, { peer, kind, detail }),
  }
}

function start<I, O>(state: State<I, O>): void {
  const { transport, journal, hooks, protocol, verifier, limits } = state.options
  recall(state)
  for (const message of journal.messages()) state.sender.repeat(message)
  // They are others' words: like all of these they count only as signed.
  const kept = journal.kept().filter(message => verifier.accepts(message))
  for (const { slot, sealed } of kept)
    enqueueWork(state, () => carry(state, protocol.receive(slot.sender, { kind: 'vector', slot, sealed })))
  state.started = true
  transport.start({
    connected(peer) {
      state.connected.add(peer)
      state.readGate.connected(peer)
      hooks.connection?.(peer, true, 'connected')
      state.links[peer]?.connected()
    },
    disconnected(peer, reason) {
      state.connected.delete(peer)
      state.links[peer]?.disconnected()
      hooks.connection?.(peer, false, reason)
    },
    frame: (peer, bytes) =>
      linkFrameReader(bytes, limits, frame => {
        state.bytesReceived += bytes
        enqueueWork(state, () => {
          if ('fault' in frame) blame(state, { peer, kind: frame.fault, detail: frame.detail })
          else state.links[peer]?.receive(frame)
        })
      }),
    drained: peer => state.links[peer]?.pump(),
    fault: (peer, kind, detail) => hooks.fault({ peer, kind, detail }),
    secondProcess: second => hooks.secondProcess?.(second),
  })
}

/** Who was convicted in an earlier incarnation is cut off before there is any connection. */
function recall<I, O>(state: State<I, O>): void {
  const { journal, proofs = [], limits } = state.options
  for (const proof of [...journal.proofs(), ...proofs])
    if (isSlotIn(proof.slot, limits)) state.receiver.convict(proof)
}

/** Runs a piece of work now, or after the one under way. */
function enqueueWork<I, O>(state: State<I, O>, work: () => void): void {
  state.work.push(work)
  if (state.working) return
  state.working = true
  for (let next = state.work.shift(); next !== undefined && !state.stopped; next = state.work.shift()) {
    next()
    if (state.work.length === 0) lookAtStep(state)
  }
  state.working = false
  if (!state.stopped) state.sender.flush() // only now, so that what a burst of messages caused travels together
}

function lookAtStep<I, O>(state: State<I, O>): void {
  const step = state.options.protocol.currentStep()
  if (step === state.step) return
  state.step = step
  for (const link of state.links) link?.stepped()
}

/** Nobody is blamed for what this peer's own key has done: its conviction says it. */
function blame<I, O>(state: State<I, O>, fault: Fault): void {
  if (fault.peer === state.options.self) return
  state.readGate.fault(fault.peer)
  state.options.hooks.fault(fault)
}

function carry<I, O>(state: State<I, O>, effects: Effects<Message, O>): void {
  const { hooks } = state.options
  for (const fault of effects.faults) {
    blame(state, fault)
    if (fault.evidence !== undefined) state.receiver.convict(fault.evidence)
  }
  for (const envelope of effects.messages) hooks.sent?.(envelope)
  state.sender.send(effects.messages)
  for (const output of effects.outputs) hooks.output(output)
}

/** No more of this peer, and everyone else is shown why. */
function cutOff<I, O>(state: State<I, O>, evidence: Evidence): void {
  const { slot, first, second } = evidence
  state.options.hooks.convicted?.(evidence, !state.started)
  if (slot.sender === state.options.self) return // others cut this peer off
  state.links[slot.sender]?.cutOff()
  state.options.transport.ban(slot.sender, `it signed two vectors for ${slotKey(slot)}`)
  state.sender.send([{ to: 'others', message: { kind: 'evidence', slot, first, second } }])
}

function unserved<I, O>(state: State<I, O>): readonly PeerIndex[] {
  return [...state.links.keys()].filter(peer => {
    const status = state.links[peer]?.status()
    return status !== undefined && !status.finished && !state.receiver.isConvicted(peer)
  })
}

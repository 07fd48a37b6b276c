/**
 * The driver runs one protocol over the ports. Real and simulated peers run this very code.
 *
 * It carries out the protocol's effects in this order: it records and syncs what binds the peer, then hands the
 * messages to the links (send.ts). Meanwhile the outputs go to the host, which answers with inputs. A message from
 * another peer is decoded and its author's signature checked before the protocol sees it (receive.ts). Nothing here
 * throws, whatever a peer sends. The driver knows messages and steps, but not what inputs and outputs mean.
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
import {
  createTransfer,
  type DecodeLimits,
  isSlotIn,
  linkFrameReader,
  type Progress,
  type Received,
  type Transfer,
} from '../codec/index.ts'
import { type LinkLimits, linkLimitsFor } from '../link/limits.ts'
import { createLink, type Link, type LinkStatus } from '../link/link.ts'
import {
  type Clock,
  type Frame,
  type OtherCohorts,
  type SecondProcess,
  sizeOf,
  type Timer,
  type Transport,
} from '../ports.ts'
import type { Verifier } from '../signatures/index.ts'
import { heardBefore } from './heard-before.ts'
import type { Journal } from './journal-contract.ts'
import { createReadGate, type ReadGate } from './read-gate.ts'
import { createReceiver, type Receiver, type ReceiverHooks } from './receive.ts'
import { createSender, type Sender } from './send.ts'

/** A protocol that the driver can run: it also says at which step it is. */
export interface Driven<Input, Output> extends Protocol<Input, Message, Output> {
  /** The present step. It never decreases. */
  currentStep(): number
}

export interface DriverOptions<Input, Output> {
  readonly self: PeerIndex
  readonly peers: number
  /** With whom it talks; absent: with all others. */
  readonly neighbours?: readonly PeerIndex[]
  readonly protocol: Driven<Input, Output>
  readonly transport: Transport
  readonly clock: Clock
  readonly verifier: Pick<Verifier, 'accepts' | 'verify'>
  readonly journal: Journal
  /** Proofs from a place other than the journal. */
  readonly proofs?: readonly Evidence[]
  readonly limits: DecodeLimits
  /** How many steps ahead of its own a peer takes messages. */
  readonly ahead: number
  readonly broadcasts: boolean
  readonly linkLimits?: LinkLimits
  /** Distinguishes this run of the peer from earlier ones: any number that it has not used before, never 0. */
  readonly incarnation: number
  readonly hooks: DriverHooks<Output>
}

interface DriverHooks<Output> extends ReceiverHooks {
  /** An output of the protocol. The host answers with `input`, at once or later. */
  output(output: Output): void
  fault(fault: Fault | (Omit<Fault, 'peer'> & { readonly peer: null })): void
  connection?(peer: PeerIndex, up: boolean, reason: string): void
  /** That peer no longer has, or never had, all that this peer's step needs from it. */
  missed?(peer: PeerIndex): void
  /** That peer has begun a new incarnation, or connects for the first time. */
  restarted?(peer: PeerIndex): void
  /** That peer is so far ahead that it sends nothing that this one can take yet, or no longer is. */
  ahead?(peer: PeerIndex, isAhead: boolean): void
  sent?(envelope: Envelope): void
  /** A peer is proved to equivocate. `before`: the proof is from an earlier incarnation of this peer. */
  convicted?(proof: Evidence, before: boolean): void
  /** Another process with this peer's key has been met. */
  secondProcess?(second: SecondProcess): void
  /** So many members have another cohort file that this peer can never go on. */
  otherCohorts?(others: OtherCohorts): void
  /** This peer cannot go on because its storage failed. It has sent nothing that it had not recorded. */
  failed(error: Error): void
}

export interface Driver<Input> {
  start(): void
  input(value: Input): void
  inputAfter(delayMs: number, value: Input): void
  /** Carries out effects that did not come from the protocol itself but from an attack. */
  carry(effects: Effects<Message, never>): void
  /** This peer's messages are complete from this step on; it says nothing more in earlier ones. The others are told. */
  setCompleteFrom(step: number): void
  /** Stops keeping messages of steps before this one for peers that restart. */
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
  /** The peers that are proved to equivocate, ascending. */
  readonly convicted: readonly PeerIndex[]
  readonly links: readonly (LinkStatus | null)[]
  readonly messagesSent: number
  readonly bytesSent: number
  readonly bytesReceived: number
  /** By peer: the long message that arrives from it. */
  readonly arriving: readonly Progress[]
}

interface State<Input, Output> {
  readonly options: DriverOptions<Input, Output>
  readonly links: (Link | null)[]
  readonly connected: Set<PeerIndex>
  readonly readGate: ReadGate
  /** By peer: what comes in pieces on its present connection. */
  readonly transfers: Transfer[]
  readonly sender: Sender
  readonly receiver: Receiver
  /** Effects and frames wait here and are handled one at a time, so that no handler runs inside another. */
  readonly work: (() => void)[]
  working: boolean
  /** By peer: when an acknowledgement is due, and when resending may go on. */
  readonly ackTimers: (Timer | null)[]
  readonly againTimers: (Timer | null)[]
  /** Timers of inputs that are due later. */
  readonly inputTimers: Set<Timer>
  /** The protocol's step, as the links last saw it. */
  step: number
  started: boolean
  stopped: boolean
  bytesSent: number
  bytesReceived: number
}

/**
 * How long an acknowledgement waits for a data frame to travel with. That is longer than most exchanges take, because
 * a separate frame for each vector would cost as much as a fifth of a vector of 300 KB.
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
      state.sender.forgetBefore(step)
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
      arriving: state.transfers.map(transfer => transfer.progress()),
    }),
    stop: done => stop(state, done),
  }
}

function createState<I, O>(options: DriverOptions<I, O>): State<I, O> {
  const { peers, self, neighbours, incarnation, protocol, clock, hooks, limits } = options
  const links: (Link | null)[] = []
  const state: State<I, O> = {
    options,
    links,
    sender: createSender({
      ...options,
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
    transfers: Array.from({ length: peers }, () => createTransfer(limits)),
    work: [],
    working: false,
    ackTimers: new Array(peers).fill(null),
    againTimers: new Array(peers).fill(null),
    inputTimers: new Set(),
    step: protocol.currentStep(),
    started: false,
    stopped: false,
    bytesSent: 0,
    bytesReceived: 0,
  }
  for (let peer = 0; peer < peers; peer++)
    links.push(
      peer === self || neighbours?.includes(peer) === false
        ? null
        : createLink({
            incarnation,
            limits: options.linkLimits ?? linkLimitsFor(limits.dimension),
            ahead: options.ahead,
            hooks: linkHooks(state, peer),
            step: () => protocol.currentStep(),
            nowMs: () => clock.nowMs(),
          }),
    )
  return state
}

function stop<I, O>(state: State<I, O>, done: () => void): void {
  state.stopped = true
  for (const timer of [...state.ackTimers, ...state.againTimers, ...state.inputTimers]) timer?.cancel()
  state.sender.stop()
  state.options.transport.stop(done)
}

/** Sets a timer for this peer unless one is running. */
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
    waits: () => state.sender.waits(peer),
    pumpIn: (ms: number) => once(state, state.againTimers, peer, ms, () => state.links[peer]?.pump()),
    restarted() {
      hooks.restarted?.(peer)
      // It may have lost its memory of them, or may have joined the cohort only now.
      const proofs = state.receiver.proofs().filter(({ slot }) => slot.sender !== state.options.self)
      state.sender.send(proofs.map(proof => ({ to: peer, message: { kind: 'evidence', ...proof } })))
    },
    missed: () => hooks.missed?.(peer),
    fault: (kind: FaultKind, detail: string) => blame(state, { peer, kind, detail }),
  }
}

function start<I, O>(state: State<I, O>): void {
  const { self, transport, journal, hooks, protocol, verifier, limits } = state.options
  recall(state)
  for (const message of journal.messages()) state.sender.repeat(message)
  // Nobody is blamed for what this peer remembers.
  for (const message of heardBefore(journal, verifier, self))
    enqueueWork(state, () => carry(state, { ...protocol.receive(message.slot.sender, message), faults: [] }))
  state.started = true
  transport.start({
    connected(peer) {
      state.connected.add(peer)
      state.transfers[peer] = createTransfer(limits)
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
      linkFrameReader(bytes, limits, state.transfers[peer]!, frame => {
        state.bytesReceived += bytes
        enqueueWork(state, () => {
          if ('fault' in frame) blame(state, { peer, kind: frame.fault, detail: frame.detail })
          else state.links[peer]?.receive(frame)
        })
      }),
    drained: peer => state.links[peer]?.pump(),
    fault: (peer, kind, detail) => hooks.fault({ peer, kind, detail }),
    secondProcess: second => hooks.secondProcess?.(second),
    otherCohorts: others => hooks.otherCohorts?.(others),
  })
}

/** Cuts off the peers that were convicted in an earlier incarnation, before there is any connection. */
function recall<I, O>(state: State<I, O>): void {
  const { journal, proofs = [], limits } = state.options
  for (const proof of [...journal.proofs(), ...proofs])
    if (isSlotIn(proof.slot, limits)) state.receiver.convict(proof)
}

/** Runs work now, or after what is under way. An exception goes to the caller, whose boundary ends the connection. */
function enqueueWork<I, O>(state: State<I, O>, work: () => void): void {
  if (state.working || state.work.length > 0) state.work.push(work)
  if (state.working) return
  state.working = true
  try {
    // Nearly always it is the only piece, which never lies in the queue.
    let next: (() => void) | undefined = state.work.shift() ?? work
    for (; next !== undefined && !state.stopped; next = state.work.shift()) {
      next()
      if (state.work.length === 0) lookAtStep(state)
    }
  } finally {
    state.working = false
  }
  if (!state.stopped) state.sender.flush() // only now, so that replies to a burst of messages travel together
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

/** Bans this peer, and shows everyone else the proof. */
function cutOff<I, O>(state: State<I, O>, evidence: Evidence): void {
  const { slot, first, second } = evidence
  state.options.hooks.convicted?.(evidence, !state.started)
  if (slot.sender === state.options.self) return // the others cut this peer off
  state.links[slot.sender]?.cutOff()
  state.options.transport.ban(slot.sender, `it signed two vectors for ${slotKey(slot)}`)
  state.sender.send([{ to: 'others', message: { kind: 'evidence', slot, first, second } }])
}

function unserved<I, O>({ links, receiver }: State<I, O>): readonly PeerIndex[] {
  return [...links.keys()].filter(
    peer => links[peer]?.status().finished === false && !receiver.isConvicted(peer),
  )
}

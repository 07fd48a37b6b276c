/**
 * A world for peers that gossip, of the machine alone: one seed draws the graph, who is faulty and how, how fast each
 * peer is, who restarts, and what happens next. Links keep what the real ones keep: a message waits until its recipient
 * can take it, and is dropped once its sender stands too many steps beyond it.
 */
import type { Message, PeerIndex, Sealed, SigningLedger } from '../../../agreement/message.ts'
import { slotKey } from '../../../agreement/message.ts'
import type { Vector } from '../../../agreement/vector.ts'
import type { Neighbours } from '../../../learning/gossip/graph.ts'
import { createGossipLearn } from '../../../learning/gossip/learner.ts'
import type { GossipRule, Neighbourhood } from '../../../learning/gossip/rules.ts'
import { metropolisWeights } from '../../../learning/gossip/weights.ts'
import type { Learn, LearnEffects, LearnInput, LearnState } from '../../../learning/learn-contract.ts'
import type { RandomStream } from '../../../learning/random.ts'
import { seal } from '../../agreement/harness.ts'

const lies = ['silent', 'equivocates', 'far', 'garbage', 'claims-to-miss', 'crashes'] as const
type Lie = (typeof lies)[number]

export interface WorldOptions {
  readonly graph: Neighbours
  /** By peer, of those that are faulty. */
  readonly faulty: ReadonlyMap<PeerIndex, Lie>
  readonly restarting: ReadonlySet<PeerIndex>
  /** By peer: how likely it is to act next. */
  readonly speeds: readonly number[]
  readonly maxFaulty: number
  readonly rule: GossipRule
  readonly steps: number
  readonly grace: boolean
  readonly window: { readonly ahead: number; readonly kept: number; readonly past: number }
  readonly random: RandomStream
}

/** What an honest peer made of a step. */
interface Mixed {
  readonly peer: PeerIndex
  readonly step: number
  readonly own: Vector
  readonly next: Vector
  /** The neighbours whose vectors it used. */
  readonly used: readonly PeerIndex[]
  /** What the rule was given; null where it learnt alone. */
  readonly around: Neighbourhood | null
}

export interface WorldEnd {
  readonly mixed: readonly Mixed[]
  /** Honest peers that have not finished though nothing is left to happen. */
  readonly stuck: readonly PeerIndex[]
  /** Slots of which an honest peer signed two vectors. */
  readonly twice: readonly string[]
  /** Honest peers that an honest peer blames. */
  readonly blamed: readonly PeerIndex[]
  /** Pairs that are no edge, between which something was sent. */
  readonly offGraph: readonly string[]
}

interface Link {
  readonly from: PeerIndex
  readonly to: PeerIndex
  queue: Message[]
  /** Vectors of the last steps, for a recipient that restarts. */
  sent: Message[]
  deliversFrom: number
  /** The recipient's step at which it was last told that something will not come. */
  toldAt: number
}

interface Peer {
  learn: Learn
  inputs: LearnInput[]
  /** Long waits, which run out when nothing else can happen. */
  late: LearnInput[]
  state: LearnState
  around: Neighbourhood | null
  own: Vector | null
  isDown: boolean
  hasFinished: boolean
}

interface World {
  readonly options: WorldOptions
  readonly peers: Peer[]
  readonly links: readonly Link[]
  readonly ledgers: readonly SigningLedger[]
  readonly histories: readonly Map<number, Vector>[]
  readonly signed: Map<string, string>
  readonly mixed: Mixed[]
  readonly twice: string[]
  readonly blamed: PeerIndex[]
  readonly offGraph: string[]
}

const EVENTS_MAX = 20_000
const DIMENSION = 2

export function runWorld(options: WorldOptions): WorldEnd {
  const { graph, faulty, restarting, random } = options
  const world: World = {
    options,
    peers: [],
    links: graph.flatMap((others, from) =>
      others.map(to => ({ from, to, queue: [], sent: [], deliversFrom: 1, toldAt: 0 })),
    ),
    ledgers: graph.map(keepingLedger),
    histories: graph.map(() => new Map()),
    signed: new Map(),
    mixed: [],
    twice: [],
    blamed: [],
    offGraph: [],
  }
  const left = new Map([...restarting].map(peer => [peer, 2]))
  const start: LearnState = { step: 1, parameters: new Float32Array(DIMENSION), momentum: null }
  for (const peer of graph.keys())
    begin(world, peer, start, random.integer(2) === 0 ? 'whole' : 'unconfirmed')
  for (let count = 0; count < EVENTS_MAX && next(world); count++) {
    const peer = random.integer(graph.length)
    if (random.integer(200) === 0 && faulty.get(peer) === 'crashes') world.peers[peer]!.isDown = true
    const restarts = left.get(peer) ?? 0
    if (restarts > 0 && random.integer(50) === 0 && !world.peers[peer]!.hasFinished) {
      left.set(peer, restarts - 1)
      begin(world, peer, world.peers[peer]!.state, 'unconfirmed')
    }
  }
  const stuck = world.peers.flatMap(({ hasFinished }, peer) =>
    hasFinished || faulty.has(peer) ? [] : [peer],
  )
  const { mixed, twice, blamed, offGraph } = world
  return { mixed, stuck, twice, blamed, offGraph }
}

/** The first vector for a slot is the only one. */
function keepingLedger(): SigningLedger {
  const sealed = new Map<string, Sealed>()
  return {
    seal(slot, vector) {
      const known = sealed.get(slotKey(slot)) ?? seal(vector)
      sealed.set(slotKey(slot), known)
      return known
    },
    sealedFor: slot => sealed.get(slotKey(slot)) ?? null,
    bind: (_, __, value) => value,
  }
}

/** Starts a peer, or starts it again from its last checkpoint. */
function begin(world: World, self: PeerIndex, state: LearnState, memory: 'whole' | 'unconfirmed'): void {
  const { options, peers, links, ledgers, histories } = world
  const { graph, maxFaulty, rule, steps, grace, window } = options
  const isNew = peers[self] === undefined
  const peer: Peer = {
    learn: createGossipLearn({
      self,
      neighbours: graph[self]!,
      weights: metropolisWeights(graph, self),
      rule: {
        name: rule.name,
        combine(around) {
          peer.around = around
          return rule.combine(around)
        },
      },
      maxFaulty,
      dimension: DIMENSION,
      grace,
      ledger: ledgers[self]!,
      steps,
      rate: () => 0.3,
      momentum: 0.5,
      clip: null,
      weightDecay: 0,
      batch: () => 1,
      start: state,
      history: histories[self]!,
      window,
    }),
    inputs: [{ kind: 'start', memory }],
    late: [],
    state,
    around: null,
    own: null,
    isDown: false,
    hasFinished: false,
  }
  peers[self] = peer
  if (isNew) return
  for (const link of links) {
    if (link.to === self) {
      link.queue = link.sent.filter(({ slot }) => slot.step >= state.step)
      const before = peers[link.from]!.learn.currentStep() - window.kept
      link.deliversFrom = Math.max(1, before)
      link.toldAt = 0
    }
    if (link.from !== self) continue
    link.toldAt = 0
    link.queue = link.queue.filter(({ slot }) => slot.phase !== 'state')
    const other = peers[link.to]!
    // A link says first that its peer has restarted, and then what that will not give.
    if (!other.isDown) carry(world, link.to, other.learn.input({ kind: 'restarted', peer: self }))
  }
}

/** Something happens, at a peer that the seed draws among those at which something can. False: nothing can. */
function next(world: World): boolean {
  const { peers, links, options } = world
  const { speeds, random } = options
  const busy = peers.flatMap((peer, index) => {
    if (peer.isDown) return []
    const arriving = links.filter(link => link.to === index && canArrive(world, link))
    return peer.inputs.length + arriving.length === 0 ? [] : [{ index, peer, arriving }]
  })
  if (peers.every(({ hasFinished }, peer) => hasFinished || options.faulty.has(peer))) return false
  if (busy.length === 0) {
    const waiting = peers.find(({ late, isDown }) => late.length > 0 && !isDown)
    waiting?.inputs.push(...waiting.late.splice(0))
    return waiting !== undefined
  }
  const drawn = random.uniform() * busy.reduce((sum, { index }) => sum + speeds[index]!, 0)
  let before = 0
  const found =
    busy.find(({ index }) => {
      before += speeds[index]!
      return before > drawn
    }) ?? busy[0]!
  const { index, peer, arriving } = found
  const choice = random.integer(peer.inputs.length + arriving.length)
  if (choice < peer.inputs.length) {
    const [input] = peer.inputs.splice(choice, 1)
    carry(world, index, peer.learn.input(input!))
  } else arrive(world, arriving[choice - peer.inputs.length]!)
  return true
}

function takes({ peers, options }: World, { to }: Link, { slot }: Message): boolean {
  return slot.phase === 'state' || slot.step <= peers[to]!.learn.currentStep() + options.window.ahead
}

function canArrive(world: World, link: Link): boolean {
  const at = world.peers[link.to]!.learn.currentStep()
  return (
    link.queue.some(message => takes(world, link, message)) || (link.deliversFrom > at && link.toldAt !== at)
  )
}

function arrive(world: World, link: Link): void {
  const { peers, options } = world
  const { learn } = peers[link.to]!
  const oldest = peers[link.from]!.learn.currentStep() - options.window.kept
  const isDropped = ({ slot }: Message) => slot.phase !== 'state' && slot.step < oldest
  for (const { slot } of link.queue.filter(isDropped))
    link.deliversFrom = Math.max(link.deliversFrom, slot.step + 1)
  link.queue = link.queue.filter(message => !isDropped(message))
  const at = learn.currentStep()
  if (link.deliversFrom > at && link.toldAt !== at) {
    link.toldAt = at
    carry(world, link.to, learn.input({ kind: 'missed', peer: link.from }))
    return
  }
  const place = link.queue.findIndex(message => takes(world, link, message))
  const [message] = place < 0 ? [] : link.queue.splice(place, 1)
  if (message !== undefined) carry(world, link.to, learn.receive(link.from, message))
}

function carry(world: World, self: PeerIndex, { messages, outputs, faults }: LearnEffects): void {
  const { peers, options, links, blamed, offGraph } = world
  const { faulty, graph } = options
  const peer = peers[self]!
  for (const fault of faults) if (!faulty.has(self) && !faulty.has(fault.peer)) blamed.push(fault.peer)
  for (const { to, message } of messages) {
    if (to !== 'others' && !graph[self]!.includes(to)) offGraph.push(`${self} ${to}`)
    for (const link of links)
      if (link.from === self && (to === 'others' || link.to === to)) put(world, link, message)
  }
  for (const output of outputs) {
    if (output.kind === 'need-gradient')
      peer.inputs.push({ kind: 'gradient', step: output.step, gradient: gradientAt(self, output.parameters) })
    if (output.kind === 'timer') (output.timer.purpose === 'recovery' ? peer.late : peer.inputs).push(output)
    if (output.kind === 'stepped') peer.state = output.state
    if (output.kind === 'finished') peer.hasFinished = true
    if (output.kind === 'sealed') peer.own = output.vector
    if (output.kind !== 'iterated') continue
    if (!faulty.has(self))
      world.mixed.push({
        peer: self,
        step: output.exchange.step,
        own: peer.own!,
        next: output.vector,
        used: output.used,
        around: output.used.length === 0 ? null : peer.around,
      })
    peer.around = null
  }
}

/** Towards a point of its own. */
function gradientAt(peer: PeerIndex, parameters: Vector): Vector {
  return Float32Array.of(parameters[0]! - peer, parameters[1]! - (peer % 3))
}

function put(world: World, link: Link, message: Message): void {
  const { options, signed, twice } = world
  const lie = options.faulty.get(link.from)
  if (message.kind !== 'vector' || message.slot.phase === 'state' || lie === undefined) {
    link.queue.push(message)
    if (message.kind !== 'vector' || message.slot.phase === 'state') return
    const { step } = message.slot
    // After a restart its author says the same again.
    const others = link.sent.filter(
      ({ slot }) => slot.step !== step && slot.step >= step - options.window.kept,
    )
    link.sent = [...others, message]
    const key = slotKey(message.slot)
    if ((signed.get(key) ?? message.sealed.digest) !== message.sealed.digest) twice.push(key)
    signed.set(key, message.sealed.digest)
    return
  }
  link.queue.push(...lying(world, link, message, lie))
}

function lying(
  { options, peers }: World,
  { from, to }: Link,
  message: Extract<Message, { kind: 'vector' }>,
  lie: Lie,
): readonly Message[] {
  const { random } = options
  const { slot } = message
  const vector = (...values: number[]): Message => ({
    kind: 'vector',
    slot,
    sealed: seal(Float32Array.of(...values)),
  })
  const drawn = () => vector(20 * random.uniform() - 10, 20 * random.uniform() - 10)
  switch (lie) {
    case 'silent':
      return []
    case 'equivocates':
      return random.integer(4) === 0 ? [drawn(), drawn()] : [drawn()]
    case 'far':
      return [vector(1e30, -1e30)]
    case 'garbage':
      return [
        [vector(Number.NaN, 1)],
        [vector(1)],
        [{ ...message, slot: { ...slot, iteration: 1 } }],
        [{ ...message, slot: { ...slot, step: options.steps + 1 } }],
        [{ ...message, slot: { ...slot, sender: to } }],
        [{ kind: 'report', slot, peers: [1] } as const],
        [{ ...message, slot: { ...slot, phase: 'gradient' as const } }],
      ][random.integer(7)]!
    case 'claims-to-miss':
      peers[to]!.inputs.push({ kind: 'missed', peer: from })
      return random.integer(2) === 0 ? [] : [message]
    case 'crashes':
      return random.integer(3) === 0 && peers[from]!.isDown ? [] : [message]
  }
}

/** Draws faulty peers, at most `maxFaulty` among the neighbours of each honest one. */
export function drawFaulty(graph: Neighbours, maxFaulty: number, random: RandomStream): Map<PeerIndex, Lie> {
  const faulty = new Map<PeerIndex, Lie>()
  for (let attempt = 0; attempt < 3 * maxFaulty; attempt++) {
    const peer = random.integer(graph.length)
    const isFit = graph.every(
      (others, other) =>
        faulty.has(other) ||
        other === peer ||
        others.filter(each => each === peer || faulty.has(each)).length <= maxFaulty,
    )
    if (isFit) faulty.set(peer, lies[random.integer(lies.length)]!)
  }
  return faulty
}

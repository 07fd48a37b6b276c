/**
 * What must always hold of peers that gossip over a graph (docs/graphs.md): nothing goes along a pair that is no edge, an
 * honest peer mixes enough of its neighbours' vectors and stays within the bound of its rule, its parameters are finite,
 * and nobody has a proof against it. That it signs one vector a slot and finishes is checked of all cohorts that learn.
 */
import type { Message } from '../../agreement/message.ts'
import type { Evidence, PeerIndex } from '../../agreement/protocol.ts'
import { distance, type Vector } from '../../agreement/vector.ts'
import type { Neighbours } from '../../learning/gossip/graph.ts'
import { DEFAULT_GOSSIP_RULE } from '../../learning/gossip/rules.ts'
import { metropolisWeights } from '../../learning/gossip/weights.ts'
import type { LearnOutput } from '../../learning/learn-contract.ts'
import type { Cohort } from '../cohort/cohort.ts'
import { graphOf } from '../cohort/gossip.ts'
import { beyondBound, heaviest } from './gossip-bounds.ts'

type GossipingCohort = Pick<Cohort, 'members' | 'seed' | 'faults' | 'steps' | 'topology' | 'rule'>

interface GossipChecker {
  /** @param isSecond it is a second process with the peer's key */
  output(peer: PeerIndex, output: LearnOutput, isSecond: boolean): void
  received(peer: PeerIndex, from: PeerIndex, message: Message): void
  shown(peer: PeerIndex, proof: Evidence): void
  sent(from: PeerIndex, to: PeerIndex): void
  lostDisk(peer: PeerIndex): void
  /**
   * Whether more than `f` neighbours of an honest peer lie, or are without memory and have not found their place: then
   * nobody is promised to finish.
   * @param unfinished honest peers that have not finished
   */
  promisesNoEnd(unfinished: readonly PeerIndex[]): boolean
}

/** Null: the cohort has no graph. */
export function createGossipChecker(
  cohort: GossipingCohort,
  honest: readonly PeerIndex[],
  violate: (checker: string, detail: string) => void,
): GossipChecker | null {
  const graph = graphOf(cohort)
  if (graph === null) return null
  const isHonest = new Set(honest)
  /** By honest author and step: what others have had of it. That it is the same everywhere is checked elsewhere. */
  const given = new Map<string, Vector>()
  /** By process: what it last bound itself to. */
  const sealed = new Map<string, Vector>()
  /** Honest peers that remember to have said something. */
  const remembering = new Set<PeerIndex>()
  return {
    output(peer, output, isSecond) {
      const process = `${peer} ${isSecond}`
      if (output.kind === 'sealed') {
        sealed.set(process, output.vector)
        remembering.add(peer)
      }
      const of = output.kind === 'finished' ? output.parameters : output.kind === 'iterated' && output.vector
      if (output.kind === 'diverged' || (of && !of.every(Number.isFinite)))
        return violate('finite parameters', `those of peer ${peer} are not`)
      const own = sealed.get(process)
      if (output.kind !== 'iterated' || own === undefined) return
      const honestly = (other: PeerIndex) =>
        isHonest.has(other) ? (given.get(`${other} ${output.exchange.step}`) ?? 'unheard') : null
      const wrong = wrongMix(cohort, graph, { peer, own, honestly, output })
      if (wrong !== null) violate('mixing', `peer ${peer}, step ${output.exchange.step}: ${wrong}`)
    },
    received(peer, from, message) {
      if (!graph[peer]!.includes(from))
        violate('edges', `peer ${peer} takes a ${message.kind} of peer ${from}, no neighbour`)
      if (message.kind !== 'vector' || message.slot.sender !== from || !isHonest.has(from)) return
      const key = `${from} ${message.slot.step}`
      if (message.slot.phase === 'parameters' && !given.has(key)) given.set(key, message.sealed.vector)
    },
    shown(peer, { slot }) {
      if (isHonest.has(slot.sender))
        violate('accusations', `peer ${peer} is shown a proof against honest peer ${slot.sender}`)
    },
    sent(from, to) {
      if (!graph[from]!.includes(to)) violate('edges', `peer ${from} sends to peer ${to}, no neighbour`)
    },
    lostDisk: peer => void remembering.delete(peer),
    promisesNoEnd(unfinished) {
      const isGone = (peer: PeerIndex) =>
        !isHonest.has(peer) || (unfinished.includes(peer) && !remembering.has(peer))
      return honest.some(peer => graph[peer]!.filter(isGone).length > cohort.faults)
    },
  }
}

interface Mixed {
  readonly peer: PeerIndex
  readonly own: Vector
  /** What an honest peer has said in this step; null of one that lies. */
  readonly honestly: (other: PeerIndex) => Vector | 'unheard' | null
  readonly output: Extract<LearnOutput, { kind: 'iterated' }>
}

/** What is wrong with what a peer made of a step, in words; null: nothing. */
function wrongMix(
  { faults: maxFaulty, steps, rule = DEFAULT_GOSSIP_RULE }: GossipingCohort,
  graph: Neighbours,
  { peer, own, honestly, output: { exchange, used, vector: next } }: Mixed,
): string | null {
  const neighbours = graph[peer]!
  if (used.length === 0 && neighbours.length > maxFaulty)
    return distance(own, next) > 0 ? 'it heard too few, and yet did not keep its own vector' : null
  const strangers = used.filter(other => !neighbours.includes(other))
  if (strangers.length > 0) return `it used vectors of ${strangers.join(', ')}, no neighbours`
  if (used.length < neighbours.length - maxFaulty)
    return `it used ${used.length} of ${neighbours.length} vectors; expected all but ${maxFaulty}`
  const all = metropolisWeights(graph, peer)
  const weightOf = (other: PeerIndex) => all[neighbours.indexOf(other)]!
  const [honest, weights]: [Vector[], number[]] = [[], []]
  for (const other of used) {
    const vector = honestly(other)
    if (vector === 'unheard') return `it used a vector of peer ${other} that never came`
    if (vector === null) continue
    honest.push(vector)
    weights.push(weightOf(other))
  }
  const delta = heaviest(used.map(weightOf), maxFaulty)
  const { step } = exchange
  return beyondBound(rule, { own, next, honest, weights, delta, used: used.length, maxFaulty, step, steps })
}

/**
 * What gossip needs of a graph and of where its liars are: every honest peer has at most `f` liars among its neighbours
 * and enough neighbours for the rule, and the honest peers are connected without the liars (He et al. 2022). With
 * random pulls the first is asked of every step, and the last of none.
 */
import { RuleError } from '../../agreement/rules/error.ts'
import { GraphError } from './error.ts'
import { componentsOf, drawPulls, type Neighbours } from './graph.ts'
import type { GossipRule } from './rules.ts'

/** Whom this is about. */
interface Placed {
  readonly peers: number
  readonly liars: readonly number[]
  /** `f`: how many neighbours of an honest peer may lie. */
  readonly maxFaulty: number
}

/** The most liars among `degree` neighbours with which honest vectors, the peer's own included, are the majority. */
export function mostFaultyNeighbours(degree: number): number {
  return Math.ceil((degree + 1) / 2) - 1
}

/**
 * The most liars among `degree` neighbours where peers share no clock: `d ≥ 4f + 1`. A peer waits for `d − f` vectors, f
 * of them lies, so the rule asks for `2f < d − f + 1`, which is `d ≥ 3f`. One without memory hears `2f + 1` answers from as
 * many: `d ≥ 3f + 1`. And it reached its last step with `d − f` neighbours in the step before: `d − 3f` of these are
 * honest and answer, and must be more than f, so that it is not told to speak where it may have spoken.
 */
export function mostFaultyWithoutClock(degree: number): number {
  return Math.max(0, Math.floor((degree - 1) / 4))
}

/**
 * What peers that share no clock ask of a graph while nobody knows who lies: enough neighbours of each, and that all are
 * connected. Of known liars `checkGraph` asks more.
 * @throws GraphError GRAPH_CONDITION, naming the peer
 */
export function checkWithoutClock(graph: Neighbours, maxFaulty: number): void {
  for (const [peer, { length: degree }] of graph.entries()) {
    const most = mostFaultyWithoutClock(degree)
    if (maxFaulty > most)
      throw unfit(
        `peer ${peer} has ${degree} neighbours, and f = ${maxFaulty} of them may lie: peers without a common clock wait for d − f of d neighbours, and need 4f + 1; expected f of at most ${most}, or at least ${4 * maxFaulty + 1} neighbours`,
      )
  }
  const parts = componentsOf(graph, everyone(graph.length))
  if (parts.length !== 1)
    throw unfit(
      `peer ${parts[1]![0]} is not joined to the other peers: they fall into ${parts.length} parts; expected one: a denser graph`,
    )
}

/**
 * That the rule works on what a peer without a clock waits for, and on all that may come: with fewer vectors it would
 * throw, or with more, bound or no bound.
 * @throws GraphError GRAPH_CONDITION, naming the peer
 */
export function checkHeard(graph: Neighbours, maxFaulty: number, rule: GossipRule): void {
  const tried = new Set<number>()
  for (const [peer, { length: degree }] of graph.entries()) {
    if (tried.has(degree)) continue
    tried.add(degree)
    const heard = Math.max(Math.min(1, degree), degree - maxFaulty)
    checkVectors(`peer ${peer} waits for ${heard} of ${degree} neighbours`, heard, maxFaulty, rule)
    checkVectors(`peer ${peer} has ${degree} neighbours`, degree, maxFaulty, rule)
  }
}

/** @throws GraphError GRAPH_CONDITION, naming the peer */
export function checkGraph(graph: Neighbours, { peers, liars, maxFaulty }: Placed, rule: GossipRule): void {
  const lying = new Set(liars)
  const honest = everyone(peers).filter(peer => !lying.has(peer))
  const tried = new Set<number>()
  for (const peer of honest) {
    const neighbours = graph[peer]!
    const degree = neighbours.length
    if (!tried.has(degree)) checkDegree(peer, degree, maxFaulty, rule)
    tried.add(degree)
    const among = neighbours.filter(other => lying.has(other))
    if (among.length > maxFaulty)
      throw unfit(
        `peer ${peer} has ${liarsText(among.length)} among its ${degree} neighbours (${some(among)}), more than f = ${maxFaulty}; expected at most ${maxFaulty}: fewer liars, a denser graph${among.length <= mostFaultyNeighbours(degree) ? `, or f of at least ${among.length}` : ''}`,
      )
  }
  const parts = componentsOf(graph, honest)
  if (parts.length > 1)
    throw unfit(
      `peer ${parts[1]![0]} of degree ${graph[parts[1]![0]!]!.length} is joined to ${parts[0]!.length} of the other honest peers through liars only, or not at all: without the ${liarsText(liars.length)} the honest peers fall into ${parts.length} parts; expected one: a denser graph, or fewer liars`,
    )
}

/** The same of random pulls: each draw of the run is looked at. @throws GraphError GRAPH_CONDITION */
export function checkPulls(
  pulls: number,
  { peers, liars, maxFaulty, seed, steps }: Placed & { readonly seed: number; readonly steps: number },
  rule: GossipRule,
): void {
  const lying = new Set(liars)
  const honest = everyone(peers).filter(peer => !lying.has(peer))
  checkDegree(honest[0]!, pulls, maxFaulty, rule)
  if (Math.min(pulls, liars.length) <= maxFaulty) return
  for (let step = 1; step <= steps; step++) {
    const drawn = drawPulls(pulls, peers, seed, step)
    for (const peer of honest) {
      const among = drawn[peer]!.filter(other => lying.has(other))
      if (among.length <= maxFaulty) continue
      const often = honest.length * steps * excessProbability(pulls, peers, liars.length, maxFaulty)
      throw unfit(
        `in step ${step} peer ${peer} pulls ${liarsText(among.length)} among ${pulls} peers, more than f = ${maxFaulty}; that is to be expected ${Number(often.toPrecision(2))} times over ${honest.length} honest peers and ${steps} steps; expected a larger f, more pulls, or fewer liars`,
      )
    }
  }
}

/** `P[X > f]`, `X` the liars among `pulls` of `peers − 1` others: hypergeometric. */
export function excessProbability(pulls: number, peers: number, liars: number, maxFaulty: number): number {
  const others = peers - 1
  let tail = 0
  for (let k = maxFaulty + 1; k <= Math.min(pulls, liars); k++)
    if (pulls - k <= others - liars)
      tail += Math.exp(logChoose(liars, k) + logChoose(others - liars, pulls - k) - logChoose(others, pulls))
  return tail
}

function logChoose(n: number, k: number): number {
  let sum = 0
  for (let i = 1; i <= k; i++) sum += Math.log((n - k + i) / i)
  return sum
}

const liarsText = (count: number) => `${count} liar${count === 1 ? '' : 's'}`

function checkDegree(peer: number, degree: number, maxFaulty: number, rule: GossipRule): void {
  const most = mostFaultyNeighbours(degree)
  if (maxFaulty > most && rule.name !== 'mean')
    throw unfit(
      `peer ${peer} has ${degree} neighbours, and f = ${maxFaulty} of them may lie: no rule tells ${liarsText(maxFaulty)} among ${degree + 1} vectors from the rest; expected f of at most ${most}, or at least ${2 * maxFaulty} neighbours`,
    )
  checkVectors(`peer ${peer} has ${degree} neighbours`, degree, maxFaulty, rule)
}

/** A rule of vectors says only of vectors how many lies it takes. */
function checkVectors(whose: string, heard: number, maxFaulty: number, rule: GossipRule): void {
  const [own, ...others] = everyone(heard + 1).map(i => Float32Array.of(Math.sin(i), Math.cos(i)))
  if (others.length === 0) return
  const weights = others.map(() => 1 / (heard + 1))
  try {
    rule.combine({ own: own!, others, weights, maxFaulty, step: 1, steps: 1 })
  } catch (error) {
    if (!(error instanceof RuleError)) throw error
    throw unfit(`${whose}, f = ${maxFaulty}: ${error.message}`)
  }
}

const NAMED_MAX = 6

function some(peers: readonly number[]): string {
  const names = peers.slice(0, NAMED_MAX).join(', ')
  return `${peers.length === 1 ? 'peer' : 'peers'} ${names}${peers.length > NAMED_MAX ? ', …' : ''}`
}

function unfit(message: string): GraphError {
  return new GraphError('GRAPH_CONDITION', message)
}

function everyone(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i)
}

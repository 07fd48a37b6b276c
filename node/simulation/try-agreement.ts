/**
 * `agree()`: one averaging agreement in the simulated world, in a few lines of a program. It takes a protocol, or a rule
 * or a protocol of the caller's, and says what became of the vectors, iteration by iteration.
 */

import { BoundError } from '../../agreement/averaging/create.ts'
import { type BoundsQuery, bounds, iterationsFor, mostFaults } from '../../agreement/bounds.ts'
import type { PeerIndex } from '../../agreement/protocol.ts'
import { isKnownProtocol, type OwnProtocolName, type ProtocolName } from '../../agreement/protocol-names.ts'
import {
  addProtocol,
  hasProtocol,
  isBroadcastBased,
  removeProtocol,
} from '../../agreement/protocols/registry.ts'
import { refusalOf } from '../../agreement/refusal.ts'
import { aggregator } from '../../agreement/rules/registry.ts'
import type { Synchrony } from '../../agreement/thresholds.ts'
import { isFiniteVector, type Vector } from '../../agreement/vector.ts'
import type { Attack } from '../../learning/attacks/attack.ts'
import { attackNamed } from '../../learning/attacks/registry.ts'
import { randomStream } from '../../learning/random.ts'
import type { IterationMeasure, Violation } from '../checkers/index.ts'
import { meanShift, measured } from '../checkers/measures.ts'
import { uncheckedOf } from '../checkers/unchecked.ts'
import { type AttackDefinition, attackOf } from '../files/attack-file.ts'
import { type ProtocolDefinition, protocolOf, ruleProtocol } from '../files/protocol-file.ts'
import { type RuleDefinition, type RuleFunction, ruleOf } from '../files/rule-file.ts'
import { payloadDelayMs } from '../runtime/delays.ts'
import { simulateAgreement } from './agree.ts'
import { type Conditions, calmConditions } from './conditions.ts'

/** What `agree` is to run. Everything may be left out. */
export interface AgreeSetup {
  /** A vector for each peer, all of one length and finite; absent: `peers` of length `dimension`, drawn by the seed. */
  readonly inputs?: readonly Vector[]
  /** How many peers; absent: 7. Not beside `inputs`. */
  readonly peers?: number
  /** The length of drawn vectors; absent: 10. Not beside `inputs`. */
  readonly dimension?: number
  /** By name, or the caller's; absent: mda. */
  readonly protocol?: ProtocolName | ProtocolDefinition
  /** In place of the rule of a protocol in standard form: by name, as `nnm+cwtm`, or the caller's. */
  readonly rule?: string | RuleFunction | RuleDefinition
  /** `f`; absent: the most that the protocol tolerates, or of one of the caller's `⌊(n − 1)/3⌋`. */
  readonly maxFaulty?: number
  /** Absent: asynchronous. */
  readonly synchrony?: Synchrony
  /** Absent: enough to halve the diameter, or 10 where nothing is known. */
  readonly iterations?: number
  /** Those that lie; absent: the last `maxFaulty`. */
  readonly byzantine?: readonly PeerIndex[]
  /** What they do: by name, or the caller's; absent: equivocate. */
  readonly attack?: string | AttackDefinition
  /** Of the simulated world, where it is not calm: latency, loss, crashes. */
  readonly conditions?: Partial<Conditions>
  /** Decides everything random; absent: 1. */
  readonly seed?: number
  /** Runs below a protocol's bound, to study the failure; absent: false. */
  readonly unsafe?: boolean
}

/** What became of it. */
export interface Agreed {
  /** By name; one of the caller's is called `own@…`. */
  readonly protocol: string
  readonly honest: readonly PeerIndex[]
  /** By peer; null for liars, and if a peer has none. */
  readonly outputs: readonly (Vector | null)[]
  /** `Δ₂`, the widest distance of two honest vectors, of the inputs and of the outputs; null if an output is missing. */
  readonly diameter: { readonly before: number; readonly after: number | null }
  /** `‖mean(out) − mean(in)‖₂` of the honest vectors; null if an output is missing. */
  readonly moved: number | null
  readonly iterations: readonly IterationMeasure[]
  /** Why nothing is guaranteed; null where something is. */
  readonly unguaranteed: string | null
  /** Checkers that were left out, because nothing is known of the protocol. */
  readonly unchecked: readonly string[]
  /** The first thing that should not have been; null in a run that went well. */
  readonly violation: Violation | null
  readonly messages: number
  readonly bytes: number
  readonly virtualMs: number
  /** A digest of every message: the same setup gives the same. */
  readonly trace: string
}

/** Where nothing says how many iterations are enough. */
const OWN_ITERATIONS = 10
const PEERS = 7
const DIMENSION = 10
const SYNC_TIMEOUT_MS = 10_000

/**
 * Runs one averaging agreement in the simulated world: the same peers, messages and signatures as real ones, on virtual
 * time.
 *
 * @throws BoundError below a protocol's bound without `unsafe`; RangeError for peers or vectors that do not fit;
 * RuleError, AttackError, ProtocolError for names; OwnFileError if a function of the caller's throws, does not come
 * back, or gives what it should not
 * @example agree({ rule: vectors => vectors[0]!, peers: 13 }).diameter
 */
export function agree(setup: AgreeSetup = {}): Agreed {
  const chosen = choose(setup)
  try {
    return run(setup, chosen.protocol, chosen.base)
  } finally {
    // The list of protocols does not grow with each call.
    if (chosen.isAdded) removeProtocol(chosen.protocol as OwnProtocolName)
  }
}

interface Chosen {
  readonly protocol: ProtocolName
  /** Its most faults are the default. */
  readonly base: ProtocolName
  /** For this call. */
  readonly isAdded: boolean
}

function choose({ protocol = 'mda', rule }: AgreeSetup): Chosen {
  if (rule === undefined) {
    if (typeof protocol === 'string') return { protocol, base: protocol, isAdded: false }
    const name = freeName('own@protocol')
    addProtocol(protocolOf(name, protocol))
    return { protocol: name, base: name, isAdded: true }
  }
  if (typeof protocol !== 'string' || !isKnownProtocol(protocol) || isBroadcastBased(protocol))
    throw new RangeError(
      'rule is given, and protocol is not one of ours in standard form; expected one of the two',
    )
  const name = freeName(typeof rule === 'string' ? `standard-form@${rule}` : 'own@rule')
  addProtocol(ruleProtocol(name, typeof rule === 'string' ? aggregator(rule) : ruleOf(name, rule)))
  return { protocol: name, base: protocol, isAdded: true }
}

/** An agreement may run within another one's rule, or a file have the name already. */
function freeName(wanted: OwnProtocolName): OwnProtocolName {
  let name = wanted
  for (let count = 2; hasProtocol(name); count++) name = `${wanted}-${count}`
  return name
}

function run(setup: AgreeSetup, protocol: ProtocolName, base: ProtocolName): Agreed {
  const { synchrony = 'asynchronous', seed = 1, unsafe = false } = setup
  const inputs = inputsOf(setup)
  const [peers, dimension] = [inputs.length, inputs[0]!.length]
  const { maxFaulty = mostFaults(base, peers, synchrony) } = setup
  const query = { protocol, peers, maxFaulty, synchrony, dimension } as const
  const refusal = refusalOf({ ...query, unsafe })
  if (refusal !== null) throw new BoundError(refusal.why)
  const liars = setup.byzantine ?? Array.from({ length: maxFaulty }, (_, i) => peers - maxFaulty + i)
  const { feasible, why } = bounds(query)
  const result = simulateAgreement({
    settings: {
      ...query,
      iterations: setup.iterations ?? enoughIterations(query),
      graceMs: 0,
      timeoutMs: SYNC_TIMEOUT_MS,
      payloadMs: payloadDelayMs(peers, dimension),
      unsafe: unsafe && !feasible,
    },
    inputs,
    byzantine: { peers: liars, attack: liars.length === 0 ? null : attackIn(setup) },
    seed,
    conditions: { ...calmConditions, ...setup.conditions },
    timely: (setup.conditions?.loss ?? 0) === 0,
    traced: true,
  })
  const start = measured(result.honest.map(peer => inputs[peer]!))
  const out = measured(result.honest.flatMap(peer => result.outputs[peer] ?? []))
  const isComplete = out.vectors.length === result.honest.length
  const tooMany = liars.length <= maxFaulty ? null : `${liars.length} peers lie, and f is ${maxFaulty}`
  return {
    protocol,
    honest: result.honest,
    outputs: result.outputs.map((output, peer) => (result.honest.includes(peer) ? output : null)),
    diameter: { before: start.diameter(), after: isComplete ? out.diameter() : null },
    moved: isComplete ? meanShift(out, start) : null,
    iterations: result.iterations,
    unguaranteed: feasible ? tooMany : why,
    unchecked: uncheckedOf(protocol),
    violation: result.violation,
    messages: result.messages,
    bytes: result.bytes,
    virtualMs: result.agreedMs ?? result.virtualMs,
    trace: result.trace!,
  }
}

function enoughIterations(query: BoundsQuery): number {
  return iterationsFor(query, 1, 'tight') ?? OWN_ITERATIONS
}

function attackIn({ attack = 'equivocate' }: AgreeSetup): Attack {
  return typeof attack === 'string' ? attackNamed(attack) : attackOf('own', attack)
}

/** @throws RangeError */
function inputsOf({ inputs, peers = PEERS, dimension = DIMENSION, seed = 1 }: AgreeSetup): readonly Vector[] {
  if (inputs === undefined) {
    if (!Number.isInteger(peers) || peers < 1 || !Number.isInteger(dimension) || dimension < 1)
      throw new RangeError(`peers is ${peers}, dimension ${dimension}; expected whole numbers from 1`)
    return Array.from({ length: peers }, (_, peer) => {
      const random = randomStream(seed, 'inputs', peer)
      return Float32Array.from({ length: dimension }, () => random.normal())
    })
  }
  const length = inputs[0]?.length ?? 0
  if (length === 0) throw new RangeError('inputs are empty; expected a vector for each peer')
  const wrong = inputs.findIndex(input => input.length !== length || !isFiniteVector(input))
  if (wrong >= 0)
    throw new RangeError(`inputs[${wrong}]: expected ${length} finite numbers, as many as inputs[0] has`)
  return inputs
}

/** `concord agree`: from options to an agreement, and from its result to a report. */
import { type BoundsQuery, bounds, iterationsFor, mostFaults } from '../../agreement/bounds.ts'
import type { PeerIndex } from '../../agreement/protocol.ts'
import { isBroadcastBased, protocolNamed } from '../../agreement/protocols/registry.ts'
import type { Vector } from '../../agreement/vector.ts'
import type { Attack } from '../../learning/attacks/attack.ts'
import { DATA_BYTES_MAX, withInput } from '../../learning/data/read-file.ts'
import { randomStream } from '../../learning/random.ts'
import type { IterationMeasure, Violation } from '../checkers/index.ts'
import { type Measured, meanShift, measured } from '../checkers/measures.ts'
import { uncheckedOf } from '../checkers/unchecked.ts'
import { tally } from '../daemon/report.ts'
import { loadAttack } from '../files/attack-file.ts'
import { FileError } from '../files/error.ts'
import { familyOf, readPart } from '../files/family.ts'
import type { AgreementSettings } from '../runtime/agreement-peer.ts'
import { payloadDelayMs } from '../runtime/delays.ts'
import type { AgreeResult } from '../simulation/agree.ts'
import type { AgreeValues } from './agree-options.ts'
import { refuseTimedAttack } from './attack-options.ts'
import { UsageError } from './command.ts'
import { requireBound } from './options.ts'
import { chosenProtocol } from './protocol-choice.ts'
import { whyUnguaranteed } from './view/verdict.ts'

/** The agreement that the options describe. */
export interface Agreement {
  readonly settings: AgreementSettings
  readonly inputs: readonly Vector[]
  readonly byzantine: { readonly peers: readonly PeerIndex[]; readonly attack: Attack | null }
  readonly target: number | null
  readonly seed: number
  /** Why nothing is guaranteed; null where something is. */
  readonly unguaranteed: string | null
}

/** Where nothing says how many iterations are enough. */
const OWN_ITERATIONS = 10

/**
 * The agreements that the options describe, by seed. Files are read once.
 * @throws UsageError if the options contradict each other or the protocol's bound; FileError, AttackError, OwnFileError
 */
export async function agreementsOf(values: AgreeValues): Promise<(seed: number) => Agreement> {
  const { protocol, base } = await chosenProtocol(values)
  const rows = values.vectors === null ? null : await rowsOf(values.vectors, values)
  const { quorum, unsafe } = values
  const first = rows ?? drawn(values, values.seed)
  const [peers, dimension] = [first.length, first[0]!.length]
  const synchrony = values.synchronous ? 'synchronous' : 'asynchronous'
  const maxFaulty = values.faults ?? mostFaults(base, peers, synchrony, quorum ?? undefined)
  const bound = { protocol, peers, maxFaulty, synchrony, dimension } as const
  const query = { ...bound, ...(quorum !== null && { quorum }) }
  requireBound({ ...query, unsafe })
  if (isBroadcastBased(protocol) && values.synchronous && (values.real || values.exchange === 'digest-first'))
    throw new UsageError(
      `under --synchronous ${protocol} is simulated, and sends its vectors whole; expected no ${values.real ? '--real' : '--exchange digest-first'}`,
    )
  const liars = values.byzantine ?? maxFaulty
  const { feasible } = bounds(query)
  const isOwn = protocolNamed(protocol).guarantees === null
  if (liars >= peers || (liars > maxFaulty && !unsafe))
    throw new UsageError(`--byzantine is ${liars}; expected at most f = ${maxFaulty}, or --unsafe`)
  const settings: AgreementSettings = {
    ...query,
    iterations: iterationsOf(values, query),
    graceMs: values.grace,
    timeoutMs: values.syncTimeout,
    payloadMs: payloadDelayMs(query.peers, dimension),
    precision: values.precision,
    ...(values.exchange === 'digest-first' && { digestFrom: 1 }),
    // Asked for where it is not needed, it must not keep the guarantees from being checked.
    unsafe: unsafe && !feasible,
  }
  refuseTimedAttack(values.attack)
  const attack = liars === 0 ? null : await loadAttack(values.attack)
  const byzantine = { peers: Array.from({ length: liars }, (_, i) => peers - liars + i), attack }
  const target = values.iterations === null && !isOwn ? (values.target ?? DEFAULT_TARGET) : null
  const unguaranteed = whyUnguaranteed(query, liars) ?? whyUntimely(values)
  return seed => ({ settings, inputs: rows ?? drawn(values, seed), byzantine, target, seed, unguaranteed })
}

const DEFAULT_TARGET = 1

/** @throws UsageError where no number of iterations is enough */
function iterationsOf({ iterations, target, count }: AgreeValues, query: BoundsQuery): number {
  if (iterations !== null) return iterations
  if (protocolNamed(query.protocol).guarantees === null) {
    if (target === null) return OWN_ITERATIONS
    throw new UsageError(
      `--target is ${target}, and nothing is known of how fast ${query.protocol} contracts; expected --iterations instead`,
    )
  }
  const enough = iterationsFor(query, target ?? DEFAULT_TARGET, count)
  if (enough !== null) return enough
  throw new UsageError(
    `no number of iterations makes ${query.protocol} converge here: ${bounds(query).why}; give --iterations`,
  )
}

function whyUntimely({ synchronous, loss, real }: AgreeValues): string | null {
  if (!synchronous || real || loss === 0) return null
  return 'frames are lost, and under synchrony all have to arrive in time'
}

function drawn({ peers, dimension }: AgreeValues, seed: number): Vector[] {
  return Array.from({ length: peers ?? 7 }, (_, peer) => {
    const random = randomStream(seed, 'inputs', peer)
    return Float32Array.from({ length: dimension ?? 10 }, () => random.normal())
  })
}

async function rowsOf(path: string, { peers, dimension }: AgreeValues): Promise<readonly Vector[]> {
  const read = withInput(path, DATA_BYTES_MAX, input => readPart(input, path))
  const part = await read.catch((error: Error) => {
    if (error instanceof FileError) throw error
    throw new FileError('unreadable', `--vectors ${path}: ${error.message}`)
  })
  const { vectors } = familyOf([part])
  const [first] = vectors
  if (first === undefined || first.length === 0) throw new FileError('malformed', `${path} holds no vectors`)
  for (const [row, vector] of vectors.entries())
    if (vector.some(value => !Number.isFinite(value)))
      throw new FileError(
        'unsupported',
        `${path}: row ${row} has a NaN or an infinity; expected finite numbers`,
      )
  const mismatch = (name: string, said: number | null, held: number) => {
    if (said !== null && said !== held)
      throw new UsageError(`${name} is ${said}, and ${path} has ${held}; leave ${name} out, or say ${held}`)
  }
  mismatch('--peers', peers, vectors.length)
  mismatch('--dimension', dimension, first.length)
  return vectors
}

/** The most coordinates in a report, over all peers; with more, the report leaves outputs out. */
const REPORTED_MAX = 200_000

interface Pair {
  readonly measured: number | null
  /** What is guaranteed; null if nothing is. */
  readonly bound: number | null
}

export interface AgreeReport {
  readonly command: 'agree'
  readonly world: 'simulated' | 'real'
  readonly protocol: string
  readonly peers: number
  readonly faults: number
  readonly synchrony: string
  /** How many vectors an iteration waited for. */
  readonly quorum: number
  readonly dimension: number
  readonly iterations: number
  /** `t` of `AVG_t`; null if the iterations were given. */
  readonly target: number | null
  readonly seed: number
  readonly byzantine: { readonly peers: readonly PeerIndex[]; readonly attack: string | null }
  /** Δ₂ of the honest vectors before and after; `bound` is Δ₂(in)/2^t. */
  readonly diameter: { readonly before: number; readonly after: number | null; readonly bound: number | null }
  /** `‖mean(out) − mean(in)‖₂`; `bound` is C·Δ₂(in), `lowestBound` the bound that no algorithm can beat. */
  readonly averaging: Pair & { readonly constant: number | null; readonly lowestConstant: number | null }
  readonly perIteration: readonly {
    readonly iteration: number
    readonly diameter: number
    readonly contraction: Pair
    readonly averaging: Pair
    readonly shared: number | null
  }[]
  readonly outputs: readonly {
    readonly peer: PeerIndex
    readonly distanceToMean: number | null
    readonly vector: readonly number[] | null
  }[]
  /** All honest peers have an output, and nothing guaranteed was violated; null where nothing is guaranteed. */
  readonly within: boolean | null
  /** Why nothing is guaranteed; null where something is. */
  readonly unguaranteed: string | null
  /** Checkers that were left out, because nothing is known of the protocol; absent: none. */
  readonly unchecked?: readonly string[]
  readonly violations: readonly Violation[]
  readonly messages: number
  readonly bytes: number
  readonly wallSeconds: number
  readonly virtualSeconds?: number
  readonly trace?: string | null
  readonly faultsSeen: ReturnType<typeof tally>
}

type Outcome = Pick<
  AgreeResult,
  'honest' | 'outputs' | 'violation' | 'messages' | 'bytes' | 'faults' | 'iterations'
>

export function reportOf(
  { settings, inputs, byzantine, target, seed, unguaranteed }: Agreement,
  result: Outcome,
  world: AgreeReport['world'],
  wallSeconds: number,
): AgreeReport {
  const { protocol, peers, maxFaulty: faults, synchrony, dimension, iterations } = settings
  const start = measured(result.honest.map(peer => inputs[peer]!))
  const out = measured(result.honest.flatMap(peer => result.outputs[peer] ?? []))
  const complete = out.vectors.length === result.honest.length
  const guarantee = bounds(settings)
  const before = start.diameter()
  const last = result.iterations.at(-1)
  const unchecked = uncheckedOf(protocol)
  return {
    command: 'agree',
    world,
    protocol,
    peers,
    faults,
    synchrony,
    quorum: guarantee.quorum,
    dimension,
    iterations,
    target,
    seed,
    byzantine: { peers: byzantine.peers, attack: byzantine.attack?.name ?? null },
    diameter: {
      before,
      after: complete ? out.diameter() : null,
      bound: target === null || unguaranteed !== null ? null : before / 2 ** target,
    },
    averaging: {
      measured: complete ? meanShift(out, start) : null,
      bound: last?.shiftBound ?? null,
      constant: guarantee.averagingConstant,
      lowestConstant: guarantee.lowerBound,
    },
    perIteration: result.iterations.map(perIteration),
    outputs: outputsOf(result, start),
    within: unguaranteed !== null && result.violation === null ? null : complete && result.violation === null,
    unguaranteed,
    ...(unchecked.length > 0 && { unchecked }),
    violations: result.violation === null ? [] : [result.violation],
    messages: result.messages,
    bytes: result.bytes,
    wallSeconds,
    faultsSeen: tally(result.faults.map(({ fault }) => fault)),
  }
}

function perIteration(each: IterationMeasure): AgreeReport['perIteration'][number] {
  const { iteration, diameter: left, contraction, contractionBound, shift, shiftBound, shared } = each
  return {
    iteration,
    diameter: left,
    shared,
    contraction: { measured: contraction, bound: contractionBound },
    averaging: { measured: shift, bound: shiftBound },
  }
}

function outputsOf({ honest, outputs }: Outcome, start: Measured): AgreeReport['outputs'] {
  const mean = start.mean()
  const small = honest.length * mean.length <= REPORTED_MAX
  return honest.map(peer => {
    const vector = outputs[peer] ?? null
    if (vector === null) return { peer, distanceToMean: null, vector }
    const distanceToMean = Math.sqrt(vector.reduce((sum, x, i) => sum + (x - mean[i]!) ** 2, 0))
    return { peer, distanceToMean, vector: small ? [...vector] : null }
  })
}

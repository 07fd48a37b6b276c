/**
 * The real protocol against an adversary that is all the model allows: it sees every honest vector of an iteration
 * before it answers any of them, tells every peer something else, and holds back what it likes, iteration by iteration.
 */
import type { AveragingInput, AveragingOutput } from '../../../agreement/averaging/averaging.ts'
import { createAveraging } from '../../../agreement/averaging/create.ts'
import type { ProtocolName } from '../../../agreement/bounds.ts'
import { honestCount } from '../../../agreement/thresholds.ts'
import type { Vector } from '../../../agreement/vector.ts'
import { type Flight, runNetwork, seal, slotAt, testLedger } from '../harness.ts'
import type { Setting, View } from './scene.ts'

interface Lockstep {
  readonly protocol: ProtocolName
  readonly setting: Setting
  readonly iterations: number
  /** The honest peers' vectors; they are peers `0 … h − 1`. */
  readonly inputs: readonly Vector[]
  /** By honest peer, given the vectors that they hold at the start of an iteration. */
  readonly attack: (vectors: readonly Vector[], iteration: number) => readonly View[]
}

/** The honest vectors at the start, and after each iteration. Runs below the protocol's bound too. */
export function runLockstep(run: Lockstep): Vector[][] {
  const { setting, inputs, iterations } = run
  const h = honestCount(setting.n, setting.f)
  const seen: (Vector | undefined)[][] = Array.from({ length: iterations }, () => [])
  const views: (readonly View[] | undefined)[] = []
  const adversary = (flight: Flight | null): readonly Flight[] => {
    if (flight?.message.kind !== 'vector') return []
    const { iteration } = flight.message.slot
    const vectors = seen[iteration]!
    vectors[flight.from] = flight.message.sealed.vector
    if (views[iteration] !== undefined || Object.keys(vectors).length < h) return []
    views[iteration] = run.attack(vectors as Vector[], iteration)
    return views[iteration].flatMap(({ lies }, to) => lies.map((lie, i) => tell(h + i, to, iteration, lie)))
  }
  const { outputs } = runNetwork<AveragingInput, AveragingOutput>({
    protocols: Array.from({ length: setting.n }, (_, self) => (self < h ? honestPeer(run, self) : null)),
    inputs: self => ({ kind: 'vector', vector: inputs[self]! }),
    seed: 1,
    timer: output => (output.kind === 'timer' ? { kind: 'timer', timer: output.timer } : null),
    adversary,
    schedule: flights => leastUrgent(flights, flight => urgency(flight, h, views)),
  })
  const histories = outputs
    .slice(0, h)
    .map(list => list.flatMap(output => (output.kind === 'iterated' ? [output.vector] : [])))
  if (histories.some(history => history.length !== iterations)) throw new Error('a peer did not terminate')
  return [[...inputs], ...Array.from({ length: iterations }, (_, r) => histories.map(history => history[r]!))]
}

function honestPeer({ protocol, setting, iterations }: Lockstep, self: number) {
  return createAveraging({
    protocol,
    synchrony: setting.synchrony,
    self,
    peers: setting.n,
    maxFaulty: setting.f,
    ...(setting.q !== undefined && { quorum: setting.q }),
    dimension: setting.d,
    step: 1,
    phase: 'gradient',
    iterations,
    grace: false,
    unsafe: true,
    ledger: testLedger(),
  })
}

function tell(from: number, to: number, iteration: number, lie: Vector): Flight {
  return { from, to, message: { kind: 'vector', slot: slotAt(from, iteration), sealed: seal(lie) } }
}

/** What the adversary wants to see comes first, then what it lets through, an iteration at a time, then the rest. */
function urgency(
  { from, to, message }: Flight,
  h: number,
  views: readonly (readonly View[] | undefined)[],
): number {
  if (to >= h) return -1
  const { iteration } = message.slot
  const passes = from >= h || views[iteration]?.[to]?.hears.includes(from)
  return 2 * iteration + (passes ? 0 : 1)
}

function leastUrgent(flights: readonly Flight[], rank: (flight: Flight) => number): number {
  let best = 0
  for (const [i, flight] of flights.entries()) if (rank(flight) < rank(flights[best]!)) best = i
  return best
}

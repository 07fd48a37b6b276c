/** What is measured of one run of a sweep, with a trusted server or among peers: some of it a sweep does not have. */
import { diameter, distance } from '../../agreement/vector.ts'
import { takeExamples } from '../../learning/data/dataset.ts'
import { createJaxOracles } from '../../learning/oracles/jax-oracle.ts'
import { createOracleCache, type OracleCache } from '../../learning/oracles/oracle-cache.ts'
import { openSource } from '../../learning/oracles/spec.ts'
import type { Cell } from '../sweep/definition.ts'
import { type PreparedPeers, type PreparedServer, prepare } from '../sweep/prepare.ts'
import { createPrograms } from '../sweep/programs.ts'
import { learnAmongPeers, learnWithServer } from '../sweep/run-one.ts'
import type { Measurement, RunContext } from './experiment.ts'
import type { Point } from './statistics.ts'

/** Runs of one seed come after each other, and have the same shares. */
const SHARES_MAX = 96

/** By how many examples of the test set are measured on, what the runs of a thread share. */
export function createMeasuringCaches(): (examples: number) => OracleCache {
  const caches = new Map<number, OracleCache>()
  return examples => {
    const cache = caches.get(examples) ?? createOracleCache(SHARES_MAX, withTestOf(examples))
    caches.set(examples, cache)
    return cache
  }
}

/** Data with so many examples evenly from its test set; all of them where it has fewer. */
function withTestOf(examples: number): typeof openSource {
  return async (...args) => {
    const source = await openSource(...args)
    const all = source.test()
    const length = Math.min(examples, all.labels.length)
    const places = Uint32Array.from({ length }, (_, i) => Math.floor((i * all.labels.length) / length))
    const test = takeExamples(all, places)
    return { ...source, test: () => test }
  }
}

/**
 * @param settings with whole paths
 * @param examples of the test set, for each evaluation
 * @throws DataError, ModelError, RuleError
 */
export async function measure(
  settings: Cell['settings'],
  examples: number,
  { cacheFor, progress }: Pick<RunContext, 'cacheFor' | 'progress'>,
): Promise<Measurement> {
  const prepared = await prepare(settings, createPrograms())
  const { steps } = prepared.scenario.settings
  const shared = { oracleCache: cacheFor(examples), onStep: (step: number) => progress(step / steps) }
  if (prepared.kind === 'gossip')
    throw new TypeError('an experiment of the papers gossips; expected peers or a server')
  return prepared.kind === 'server' ? onServer(prepared, shared) : amongPeers(prepared, shared)
}

interface Shared {
  readonly oracleCache: OracleCache
  onStep(step: number): void
}

/**
 * `accuracy`: of the parameters after the last step, `late`: the mean of the evaluations in the last quarter (a run
 * without momentum goes up and down). The series are accuracy and loss on the test set.
 */
async function onServer(prepared: PreparedServer, shared: Shared): Promise<Measurement> {
  const { steps, evaluateEvery = steps } = prepared.scenario.settings
  const run = await learnWithServer(prepared, shared)
  const points = [...run.series, ...(run.finite ? [{ step: steps, ...run.evaluation }] : [])]
  const accuracy: Point[] = points.map(point => [point.step, point.accuracy])
  const loss: Point[] = points.map(point => [point.step, point.loss])
  // Parameters that are no numbers classify by chance; their loss does not exist.
  for (let step = run.steps; !run.finite && step <= steps; step++)
    if (step % evaluateEvery === 0 || step === steps) {
      accuracy.push([step, 0.1])
      loss.push([step, null])
    }
  const late = accuracy.filter(([step]) => step > 0.75 * steps).map(([, value]) => value ?? 0)
  return {
    numbers: { accuracy: accuracy.at(-1)![1], late: late.reduce((a, b) => a + b, 0) / late.length },
    series: { accuracy, loss },
  }
}

/**
 * Over the honest peers: `accuracy` and the `worst`, how many got `stuck`, and how far they are `apart` over how far the
 * parameters are from where they began. The series are the loss on the batches, and the diameter of the parameters.
 */
async function amongPeers(prepared: PreparedPeers, { oracleCache, onStep }: Shared): Promise<Measurement> {
  const loss: Point[] = []
  const diameters: Point[] = []
  const { result, evaluations } = await learnAmongPeers(prepared, {
    oracleCache,
    onStep(at) {
      if (at.step % 5 === 0 || at.step === 1) {
        loss.push([at.step, at.loss])
        diameters.push([at.step, at.diameter!.parameters])
      }
      onStep(at.step)
    },
  })
  const { peers, data, partition, settings } = prepared.scenario
  const { model, seed } = settings
  const spec = { model, data, partition, seed, peer: 0, peers }
  const [first] = await createJaxOracles([spec], oracleCache)
  const accuracies = result.honest.map(peer => evaluations[peer]?.accuracy ?? 0)
  const ends = result.honest.flatMap(peer => result.parameters[peer] ?? [])
  const way = ends.reduce((sum, end) => sum + distance(end, first!.initial), 0) / ends.length
  return {
    numbers: {
      accuracy: accuracies.reduce((a, b) => a + b, 0) / accuracies.length,
      worst: Math.min(...accuracies),
      stuck: result.stuck.length,
      apart: ends.length > 1 && way > 0 ? diameter(ends) / way : null,
    },
    series: { loss, diameter: diameters },
  }
}

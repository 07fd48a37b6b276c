/**
 * The oracle over the array library, in the calling thread. Deterministic: the same spec and request give the same
 * bits, on every machine, independent of earlier requests.
 */
import type { Vector } from '../../agreement/vector.ts'
import { DataError, type DataSource, type Dataset, type ExampleForm, formOf } from '../data/dataset.ts'
import { initialParameters, modelDimension, type NamedShape } from '../models/model.ts'
import type { Evaluation, GradientReply, GradientRequest, Oracle } from '../oracle.ts'
import { randomStream } from '../random.ts'
import { checkBackdoor, stampOf, triggerRateOf } from './backdoor.ts'
import { type Alterations, drawBatch, gatherRows } from './batch.ts'
import { balancedWeights } from './class-weights.ts'
import { OracleError } from './error.ts'
import { allOf, evaluateOn } from './evaluate.ts'
import { loadJax } from './jax.ts'
import type { GradientShare, Machine, Uploaded } from './machine.ts'
import { createOracleCache, type OracleCache } from './oracle-cache.ts'
import type { OracleSpec } from './spec.ts'

/** An oracle that also knows its model's tensors and their initial values. */
export interface ModelOracle extends Oracle {
  /** The tensors that make up a flat vector, in order. */
  readonly parameters: readonly NamedShape[]
  /** θ₁: the same for all peers with one model, data shape and seed; behind it this peer's own statistics. */
  readonly initial: Vector
  /** How many coordinates behind the parameters are statistics, which the peers agree on first; absent: none. */
  readonly statistics?: number
  /** Training examples that this peer holds. */
  readonly examples: number
  /** What its examples are like; absent if a program of the user's reads them. */
  readonly form?: ExampleForm
  /** What was noticed about the files of the data, in lines for people; absent where others read them. */
  readonly notes?: readonly string[]
}

/** One gradient of several at the same parameters. */
export interface Asked {
  /** Its place among the group's specs. */
  readonly worker: number
  /** The step whose batch is wanted, if it is not the request's. */
  readonly step?: number
}

/** The oracles of several workers that all ask at one θ, that of a trusted server. */
export interface OracleGroup {
  readonly dimension: number
  readonly initial: Vector
  /** One for each spec, in order. */
  readonly oracles: readonly ModelOracle[]
  /**
   * The gradients of the workers named, or of all, at the parameters of one request. The bits are the same as one by
   * one, but the parameters go to the library only once.
   */
  gradients(request: GradientRequest, asked?: readonly Asked[]): Promise<GradientReply[]>
  evaluate(parameters: Vector): Promise<Evaluation>
}

/** @throws DataError, ModelError */
export async function createJaxOracle(spec: OracleSpec): Promise<ModelOracle> {
  const [oracle] = await createJaxOracles([spec])
  return oracle!
}

/**
 * Several peers' oracles in one thread (the simulator, experiments): data is opened once and a model compiled
 * once, however many peers use it.
 * @param oracleCache reuses the data, models and shares of earlier ones
 * @throws DataError, ModelError
 */
export async function createJaxOracles(
  specs: readonly OracleSpec[],
  oracleCache: OracleCache = createOracleCache(specs.length),
): Promise<ModelOracle[]> {
  return oraclesOf(await createWorkers(specs, oracleCache))
}

/**
 * @param oracleCache reuses the data, models and shares of earlier groups
 * @throws DataError, ModelError; RangeError if the specs differ in model, data, seed or dropout
 */
export async function createOracleGroup(
  specs: readonly OracleSpec[],
  oracleCache: OracleCache = createOracleCache(specs.length),
): Promise<OracleGroup> {
  const workers = await createWorkers(specs, oracleCache)
  const [first] = workers
  for (const { spec } of workers)
    for (const field of ['model', 'data', 'seed', 'dropout'] as const)
      if (spec[field] !== first!.spec[field])
        throw new RangeError(
          `a group's oracles share their ${field}: peer ${spec.peer} has ${spec[field]}, peer ${first!.spec.peer} ${first!.spec[field]}`,
        )
  if (!first) throw new RangeError('a group of no oracles: expected at least one')
  const oracles = oraclesOf(workers)
  const { dimension, initial, evaluate } = oracles[0]!
  const everyone = workers.map((_, worker) => ({ worker }))
  return {
    dimension,
    initial,
    oracles,
    async gradients(request, asked = everyone) {
      const at = uploaded(first, request.parameters)
      try {
        return asked.map(({ worker, step = request.step }) =>
          gradientAt(workers[worker]!, at, { ...request, step }),
        )
      } finally {
        at.release()
      }
    },
    evaluate,
  }
}

interface Worker {
  readonly spec: OracleSpec
  readonly machine: Machine
  readonly share: Dataset
  /** By class; null: every example counts the same. */
  readonly weights: Float32Array | null
  readonly test: DataSource['test']
  readonly notes: DataSource['notes']
  /** This peer's own. */
  readonly statistics: Vector
  /** The data as statistics have it: these own ones, or those that the cohort has agreed on. */
  normalise(dataset: Dataset, statistics: Vector): Dataset
}

async function createWorkers(specs: readonly OracleSpec[], oracleCache: OracleCache): Promise<Worker[]> {
  const jax = await loadJax()
  return Promise.all(
    specs.map(async spec => {
      const { data, own, classWeights } = spec
      const machine = await oracleCache.machine(jax, spec)
      // Without the cache nothing keeps the source alive: once every peer has its share, the rest can be freed.
      const source = await oracleCache.source(data, own)
      checkAugmentation(spec, source)
      checkBackdoor(spec, source)
      const { test, notes } = source
      const share = await oracleCache.share(spec)
      const weights = classWeights === 'balanced' ? balancedWeights(share.labels, share.classes) : null
      return { spec, machine, share, weights, test, notes, ...(await statisticsOf(own, share)) }
    }),
  )
}

async function statisticsOf(
  own: OracleSpec['own'],
  share: Dataset,
): Promise<Pick<Worker, 'statistics' | 'normalise'>> {
  if (own === undefined) return { statistics: new Float32Array(0), normalise: dataset => dataset }
  const { normalised, ownStatistics } = await import('../data/statistics.ts')
  return {
    statistics: ownStatistics(own.schema, share),
    normalise: (dataset, statistics) =>
      statistics.length === 0 ? dataset : normalised(dataset, own.schema, statistics),
  }
}

/** @throws DataError if the data has no left and right */
function checkAugmentation({ augment, data }: OracleSpec, { shape }: DataSource): void {
  if (augment === 'mirror' && shape.length < 2)
    throw new DataError(
      'DATA_MISMATCH',
      `${data}: examples of ${shape.join(' × ')} values cannot be mirrored; expected images, height × width`,
    )
}

/** Peers of one model and seed begin alike: the initial parameters are drawn once for all. */
function oraclesOf(workers: readonly Worker[]): ModelOracle[] {
  const known = new Map<Machine, Map<number, Vector>>()
  return workers.map(worker => {
    const { machine, spec } = worker
    const bySeed = known.get(machine) ?? new Map<number, Vector>()
    known.set(machine, bySeed)
    const initial = bySeed.get(spec.seed) ?? initialParameters(machine.model, spec.seed)
    bySeed.set(spec.seed, initial)
    return oracleOf(worker, initial)
  })
}

function oracleOf(worker: Worker, initial: Vector): ModelOracle {
  const { machine, share, test, notes, statistics } = worker
  let isClosed = false
  const upload = (parameters: Vector): Uploaded => {
    if (isClosed) throw new OracleError('ORACLE_CLOSED', 'the oracle is closed')
    return uploaded(worker, parameters)
  }
  return {
    dimension: initial.length + statistics.length,
    statistics: statistics.length,
    parameters: machine.model.parameters.map(({ name, shape }) => ({ name, shape })),
    initial: followedBy(initial, statistics),
    examples: share.labels.length,
    form: formOf(share),
    notes,
    async gradient(request: GradientRequest): Promise<GradientReply> {
      const at = upload(request.parameters)
      try {
        return gradientAt(worker, at, request)
      } finally {
        at.release()
      }
    },
    async evaluate(parameters: Vector): Promise<Evaluation> {
      const at = upload(parameters)
      try {
        const examples = normalisedFor(worker, test(), parameters)
        const evaluation = evaluateOn(machine, at, examples, allOf(examples))
        const { backdoor } = worker.spec
        if (backdoor === undefined) return evaluation
        return Object.assign(evaluation, { triggerRate: triggerRateOf(machine, at, examples, backdoor) })
      } finally {
        at.release()
      }
    },
    async close() {
      isClosed = true
    },
  }
}

/** A peer's vector as a model takes it: without the statistics behind it. */
function uploaded({ machine, statistics }: Worker, vector: Vector): Uploaded {
  return machine.upload(vector.subarray(0, vector.length - statistics.length))
}

/** The data as the statistics behind these parameters have it. */
function normalisedFor({ normalise, statistics }: Worker, dataset: Dataset, vector: Vector): Dataset {
  return normalise(dataset, vector.subarray(vector.length - statistics.length))
}

function gradientAt(
  worker: Worker,
  at: Uploaded,
  { step, batch, parameters }: GradientRequest,
): GradientReply {
  if (!(Number.isInteger(batch) && batch > 0))
    throw new RangeError(`batch ${batch}: expected a positive integer`)
  const { spec, machine, statistics } = worker
  const share = normalisedFor(worker, worker.share, parameters)
  const indices = drawBatch(spec.seed, spec.peer, step, batch, share.labels.length)
  const rows = machine.rowsFor(batch)
  const alterations = alterationsOf(worker, step, batch)
  const pieces: GradientShare[] = []
  for (let from = 0; from < batch; from += rows) {
    const size = machine.model.rowsTogether === undefined ? rows : Math.min(rows, batch - from)
    const matrices = gatherRows(share, indices, from, size, alterations)
    pieces.push(machine.gradientOf(at, matrices, drawMasks(worker, step, from, size), batch))
  }
  return sumOfShares(modelDimension(machine.model) + statistics.length, pieces)
}

function alterationsOf({ spec, share, weights }: Worker, step: number, batch: number): Alterations {
  const { classes } = share
  const coins = spec.augment === 'mirror' ? randomStream(spec.seed, 'mirror', spec.peer, step) : null
  const stamp = stampOf(spec, step, batch)
  const mirrored = coins && Uint8Array.from({ length: batch }, () => coins.integer(2))
  return {
    ...(spec.relabel === 'flip' && { relabel: (label: number) => classes - 1 - label }),
    ...(stamp && { stamp }),
    ...(mirrored && { mirrored: (place: number) => mirrored[place] === 1 }),
    ...(weights && { weight: (label: number) => weights[label]! }),
  }
}

/** Inverted dropout: the values that stay are scaled up, so that evaluation needs no masks. */
function drawMasks({ spec, machine }: Worker, step: number, from: number, rows: number): Float32Array[] {
  const { dropout = [] } = machine.model
  return dropout.map(({ size, rate }, layer) => {
    const random = randomStream(spec.seed, 'dropout', spec.peer, step, from, layer)
    return Float32Array.from({ length: rows * size }, () => (random.uniform() < rate ? 0 : 1 / (1 - rate)))
  })
}

/** Adds up the results of the pieces of a batch; nothing descends along statistics. */
function sumOfShares(dimension: number, pieces: readonly GradientShare[]): GradientReply {
  const gradient = new Float32Array(dimension)
  let loss = 0
  for (const [place, piece] of pieces.entries()) {
    loss += piece.loss
    let from = 0
    for (const part of piece.parts) {
      if (place === 0) gradient.set(part, from)
      else for (let i = 0; i < part.length; i++) gradient[from + i]! += part[i]!
      from += part.length
    }
  }
  return { gradient, loss }
}

function followedBy(first: Vector, second: Vector): Vector {
  const both = new Float32Array(first.length + second.length)
  both.set(first)
  both.set(second, first.length)
  return both
}

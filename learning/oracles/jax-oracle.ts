/**
 * The oracle over the array library, in the calling thread. Deterministic: the same spec and request give the
 * same bits, on every machine and whatever was asked before.
 */
import type { Vector } from '../../agreement/vector.ts'
import type { DataSource, Dataset } from '../data/dataset.ts'
import {
  initialParameters,
  type Jax,
  joinParameters,
  type Model,
  modelDimension,
  splitParameters,
  type Tensor,
} from '../models/model.ts'
import { modelNamed } from '../models/registry.ts'
import type { Evaluation, GradientReply, GradientRequest, Oracle } from '../oracle.ts'
import { drawBatch, gatherRows, type Matrices, paddedRows, ROWS_MAX } from './batch.ts'
import { loadJax } from './jax.ts'
import { type OracleSpec, openData, shareOf } from './spec.ts'

/** An oracle that also knows where its model starts. */
export interface ModelOracle extends Oracle {
  /** θ₁: the same for all peers with one model, data shape and seed. */
  readonly initial: Vector
  /** Training examples that this peer holds. */
  readonly examples: number
}

/** @throws DataError, ModelError */
export async function createJaxOracle(spec: OracleSpec): Promise<ModelOracle> {
  const [oracle] = await createJaxOracles([spec])
  return oracle!
}

/**
 * Several peers' oracles in one thread (the simulator, experiments): data is opened once and a model compiled
 * once, however many peers use it.
 * @throws DataError, ModelError
 */
export async function createJaxOracles(specs: readonly OracleSpec[]): Promise<ModelOracle[]> {
  const jax = await loadJax()
  const sources = new Map<string, Promise<DataSource>>()
  const machines = new Map<string, Machine>()
  return Promise.all(
    specs.map(async spec => {
      const opening = sources.get(spec.data) ?? openData(spec.data)
      sources.set(spec.data, opening)
      const source = await opening
      const machineKey = JSON.stringify([spec.model, spec.data])
      const machine = machines.get(machineKey) ?? compile(jax, modelNamed(spec.model, source))
      machines.set(machineKey, machine)
      return oracleOf(spec, source, machine)
    }),
  )
}

function oracleOf(
  spec: OracleSpec,
  source: DataSource,
  { model, gradientOf, scoresOf }: Machine,
): ModelOracle {
  // Nothing below holds on to `source`: once every peer has its share, the whole training set can be freed.
  const share = shareOf(spec, source)
  const { classes, test } = source
  const relabel = spec.relabel === 'flip' ? (label: number) => classes - 1 - label : undefined
  return {
    dimension: modelDimension(model),
    initial: initialParameters(model, spec.seed),
    examples: share.labels.length,
    async gradient({ step, parameters, batch }: GradientRequest): Promise<GradientReply> {
      if (!(Number.isInteger(batch) && batch > 0))
        throw new RangeError(`batch ${batch}: expected a positive integer`)
      const indices = drawBatch(spec.seed, spec.peer, step, batch, share.labels.length)
      const rows = paddedRows(batch)
      const parts = splitParameters(model, parameters)
      const pieces: GradientReply[] = []
      for (let from = 0; from < batch; from += rows)
        pieces.push(gradientOf(parts, gatherRows(share, indices, from, rows, relabel)))
      return meanOfSums(pieces, batch)
    },
    async evaluate(parameters: Vector): Promise<Evaluation> {
      return evaluateOn(test(), splitParameters(model, parameters), scoresOf)
    },
    async close() {},
  }
}

/** Adds up what the pieces of a batch gave and divides by its examples; writes into the first piece's gradient. */
function meanOfSums(pieces: readonly GradientReply[], batch: number): GradientReply {
  const [first, ...rest] = pieces
  const gradient = first!.gradient
  let loss = first!.loss
  for (const piece of rest) {
    loss += piece.loss
    for (let i = 0; i < gradient.length; i++) gradient[i]! += piece.gradient[i]!
  }
  for (let i = 0; i < gradient.length; i++) gradient[i]! /= batch
  return { gradient, loss: loss / batch }
}

/** A model ready to run. */
interface Machine {
  readonly model: Model
  /** Sums of losses and gradients over the rows. */
  readonly gradientOf: (parts: readonly Vector[], matrices: Matrices) => GradientReply
  readonly scoresOf: Scores
}

function compile(jax: Jax, model: Model): Machine {
  return { model, gradientOf: compileGradient(jax, model), scoresOf: compileScores(jax, model) }
}

type Scores = (parts: readonly Vector[], matrices: Matrices) => { loss: number; hits: number | null }

/** In pieces of one size, so that one compilation serves the whole set. */
function evaluateOn(test: Dataset, parts: readonly Vector[], scoresOf: Scores): Evaluation {
  const count = test.labels.length
  const all = Uint32Array.from({ length: count }, (_, index) => index)
  let loss = 0
  let hits: number | null = 0
  for (let from = 0; from < count; from += ROWS_MAX) {
    const scores = scoresOf(parts, gatherRows(test, all, from, ROWS_MAX))
    loss += scores.loss
    hits = scores.hits === null || hits === null ? null : hits + scores.hits
  }
  return { loss: loss / count, accuracy: hits === null ? null : hits / count }
}

function compileGradient(jax: Jax, model: Model) {
  const loss = (parameters: Tensor[], inputs: Tensor, targets: Tensor) =>
    model.lossSum(jax, model.outputs(jax, parameters, inputs), targets)
  const compiled = jax.jit((parameters: Tensor[], inputs: Tensor, targets: Tensor) =>
    jax.valueAndGrad(loss)(parameters, inputs, targets),
  )
  return (parts: readonly Vector[], matrices: Matrices): GradientReply => {
    const [value, gradients] = compiled(...upload(jax, model, parts, matrices))
    return {
      loss: value.dataSync()[0]!,
      gradient: joinParameters(
        model,
        gradients.map(gradient => gradient.dataSync()),
      ),
    }
  }
}

function compileScores(jax: Jax, model: Model): Scores {
  const compiled = jax.jit((parameters: Tensor[], inputs: Tensor, targets: Tensor) => {
    const outputs = model.outputs(jax, parameters, inputs)
    if (!model.hits) return [model.lossSum(jax, outputs, targets)]
    return [model.lossSum(jax, outputs.ref, targets.ref), model.hits(jax, outputs, targets)]
  })
  return (parts, matrices) => {
    const [loss, hits] = compiled(...upload(jax, model, parts, matrices))
    return { loss: loss!.dataSync()[0]!, hits: hits ? hits.dataSync()[0]! : null }
  }
}

function upload(
  jax: Jax,
  model: Model,
  parts: readonly Vector[],
  { rows, inputs, targets }: Matrices,
): [Tensor[], Tensor, Tensor] {
  // The library copies the values at once, so views of a shared vector are safe; its type asks for plain buffers.
  const tensor = (values: Vector, shape: readonly number[]) =>
    jax.numpy.array(values as Float32Array<ArrayBuffer>).reshape([...shape])
  return [
    model.parameters.map(({ shape }, index) => tensor(parts[index]!, shape)),
    tensor(inputs, [rows, inputs.length / rows]),
    tensor(targets, [rows, targets.length / rows]),
  ]
}

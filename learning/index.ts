/**
 * `concord/learning`: LEARN as a protocol on top of averaging agreement; oracles, models and data to feed it; attacks
 * to test it with.
 *
 * @module concord/learning
 */
export type { Attack, Sight } from './attacks/attack.ts'
export {
  type AdversaryView,
  type Byzantine,
  type ByzantineOptions,
  createByzantine,
} from './attacks/byzantine.ts'
export { AttackError, attackNamed, attackNames } from './attacks/registry.ts'
export { type BatchSchedule, type BatchSize, batchSize, parseBatchSchedule } from './batch-size.ts'
export { type Box, project } from './box.ts'
export { parseCifar } from './data/cifar.ts'
export {
  DataError,
  type DataErrorCode,
  type DataShape,
  type DataSource,
  type Dataset,
} from './data/dataset.ts'
export { digits } from './data/digits.ts'
export { loadDataset, parseIdxImages, parseIdxLabels } from './data/idx.ts'
export type { ImageSchema } from './data/image-schema.ts'
export { parseNpy } from './data/npy.ts'
export { openData } from './data/open.ts'
export { type Partition, parsePartition, partitionIndices } from './data/partition.ts'
export type { Schema, TableSchema } from './data/schema.ts'
export { parseCsv } from './data/table.ts'
export type { ClassMetrics, ClassRecall, Metrics, NumberMetrics } from './evaluation/metrics.ts'
export { createLearn } from './learn.ts'
export { type LearnBounds, type LearnProblem, learnBounds } from './learn-bounds.ts'
export {
  type Divergence,
  defaultWindow,
  type Learn,
  type LearnInput,
  type LearnOptions,
  type LearnOutput,
  type LearnState,
  type LearnStatus,
  type LearnWindow,
} from './learn-contract.ts'
export {
  initialParameters,
  type Model,
  ModelError,
  type ModelSettings,
  modelDimension,
  type NamedShape,
  type ParameterShape,
} from './models/model.ts'
export { modelNamed, modelNames } from './models/registry.ts'
export type { Evaluation, GradientReply, GradientRequest, Oracle } from './oracle.ts'
export { OracleError, type OracleErrorCode } from './oracles/error.ts'
export {
  createJaxOracle,
  createJaxOracles,
  createOracleGroup,
  type ModelOracle,
  type OracleGroup,
} from './oracles/jax-oracle.ts'
export type { OracleSpec } from './oracles/spec.ts'
export { createOracle } from './oracles/worker-oracle.ts'
export { drawNormal, type RandomStream, randomStream } from './random.ts'
export { createSchedule, type Schedule, type ScheduleOptions } from './schedule.ts'
export {
  type CostGradient,
  convexMinimiser,
  type QuadraticCost,
  quadraticMinimiser,
  RankError,
  squaresCost,
} from './server/costs.ts'
export { type Exhaustive, exhaustiveOver, type Minimise, redundancyOver } from './server/exhaustive.ts'
export { exhaustive, type LeastSquares, minimiser, redundancy } from './server/least-squares.ts'
export {
  createServer,
  type GradientSource,
  type Server,
  type ServerOptions,
  type ServerStep,
} from './server/server.ts'
export { parseStepSize, type StepSize, type StepSizeSchedule, stepSize } from './step-size.ts'
export { type CgeBounds, type CgeProblem, cgeBounds } from './theorems/cge.ts'
export { TheoremError } from './theorems/error.ts'
export {
  type ApproximateDescent,
  approximateDescent,
  type RegressionBounds,
  type RegressionProblem,
  regressionBounds,
} from './theorems/linear-regression.ts'
export {
  type RedundancyBound,
  type RedundancyBounds,
  type RedundancyProblem,
  redundancyBounds,
} from './theorems/redundancy.ts'
export { type ResamBounds, type ResamProblem, resamBounds } from './theorems/resam.ts'

/** The aggregation rules, vectors in and one vector out, and the pre-aggregations in front of them. */
export { BOX_SUBSETS_MAX, type BoxOptions, boxGeom, boxMean } from './box.ts'
export { type BucketingOptions, bucketing } from './bucketing.ts'
export { bulyan } from './bulyan.ts'
export { type CcOptions, cc } from './cc.ts'
export { cge, cgeSum } from './cge.ts'
export type { RuleOptions } from './check.ts'
export { arc, type ClipOptions, clip } from './clipping.ts'
export { caf, SMEA_SUBSETS_MAX, smea } from './covariance.ts'
export { cva } from './cva.ts'
export { cwmed, cwmedResilience } from './cwmed.ts'
export { cwtm, cwtmResilience } from './cwtm.ts'
export { RuleError, type RuleErrorCode } from './error.ts'
export { type GmOptions, type GmomOptions, gm, gmom, gmResilience, type Machines } from './gm.ts'
export {
  krum,
  krumOriginal,
  krumResilience,
  type MultiKrumOptions,
  multiKrum,
  multiKrumOriginal,
} from './krum.ts'
export { type MdaOptions, mda, mdaResilience } from './mda.ts'
export { meamed, meamedResilience } from './meamed.ts'
export { mean } from './mean.ts'
export { type MonnaOptions, monna } from './monna.ts'
export { nnm } from './nnm.ts'
export {
  type Aggregator,
  aggregator,
  type PreAggregationEntry,
  preAggregations,
  type RuleEntry,
  type RuleParameter,
  type RuleParameters,
  rules,
} from './registry.ts'
export { coordinateFactor, type Resilience } from './resilience.ts'
export { trimmedMiddle } from './trimmed-middle.ts'

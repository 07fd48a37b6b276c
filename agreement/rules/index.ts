/** The aggregation rules: vectors in, one vector out. */
export type { RuleOptions } from './check.ts'
export { cva } from './cva.ts'
export { cwtm } from './cwtm.ts'
export { RuleError, type RuleErrorCode } from './error.ts'
export { type MdaOptions, mda } from './mda.ts'
export { mean } from './mean.ts'
export { trimmedMiddle } from './trimmed-middle.ts'

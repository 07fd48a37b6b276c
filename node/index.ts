/**
 * `concord` and `concord/node`: running peers. `startPeer` is a whole one; beside it stand the ports and both their
 * families, cohorts and identities, and the peer that drives the protocols over them. `agree` and `simulate` are the
 * simulated world, also for rules, attacks and protocols of one's own.
 *
 * @module concord/node
 */

export type { IterationMeasure, Violation } from './checkers/index.ts'
export {
  type Cohort,
  type CohortDocument,
  canonicalCohort,
  cohortDocument,
  cohortId,
  cohortSchema,
  differingFields,
  type Member,
  type Membership,
} from './cohort/cohort.ts'
export {
  CohortError,
  type CohortErrorCode,
  checkCohort,
  formatCohort,
  parseCohort,
  readCohort,
} from './cohort/file.ts'
export {
  createIdentity,
  type Identity,
  IdentityError,
  type IdentityErrorCode,
  identityFromSeed,
  readIdentity,
  writeIdentity,
} from './cohort/identity.ts'
export { PeerError, type PeerErrorCode } from './daemon/errors.ts'
export type { Ending, FaultCount, PeerEvent, Traffic } from './daemon/events.ts'
export type { MetricsAddress } from './daemon/metrics.ts'
export type { OracleProgram, PeerListeners, StartPeerOptions } from './daemon/options.ts'
export { type Report, reportSchema } from './daemon/report.ts'
export { type RunningPeer, startPeer } from './daemon/start-peer.ts'
export type { OtherStatus, PeerStatus } from './daemon/status.ts'
export { type AttackDefinition, loadAttack } from './files/attack-file.ts'
export { digestOfModule, OwnFileError, type OwnFileErrorCode } from './files/own-module.ts'
export { loadProtocol, loadRuleProtocol, type ProtocolDefinition } from './files/protocol-file.ts'
export { loadRule, type RuleDefinition, type RuleFunction, type RuleSight } from './files/rule-file.ts'
export {
  createNetwork,
  type Log,
  NetworkError,
  type NetworkErrorCode,
  type NetworkOptions,
  type NetworkTransport,
  silentLog,
} from './network/index.ts'
export type {
  Clock,
  Frame,
  Storage,
  Timer,
  Transport,
  TransportEvents,
} from './ports.ts'
export type { AgreementSettings } from './runtime/agreement-peer.ts'
export { createPeer, type OraclePort, type Peer, type PeerHooks, type PeerOptions } from './runtime/peer.ts'
export { systemClock } from './runtime/system-clock.ts'
export {
  createSigner,
  createVerifier,
  type Ed25519,
  ed25519,
  type Signer,
  type Verifier,
  type VerifierOptions,
} from './signatures/index.ts'
export { type AgreeOptions, type AgreeResult, simulateAgreement } from './simulation/agree.ts'
export {
  type Conditions,
  calmConditions,
  type InjectedFault,
  type Moment,
  type Scheduler,
} from './simulation/conditions.ts'
export type { LatencyModel } from './simulation/latency.ts'
export {
  keySeed,
  type SimulateOptions,
  type SimulationResult,
  simulate,
} from './simulation/simulate.ts'
export type { StepProgress } from './simulation/step-meter.ts'
export type { TimelineEntry } from './simulation/timeline.ts'
export { type Agreed, type AgreeSetup, agree } from './simulation/try-agreement.ts'
export {
  type FileLog,
  memoryStorage,
  openFileLog,
  StorageError,
  type StorageErrorCode,
} from './storage/index.ts'
export {
  type Cell,
  type Settings as SweepSettings,
  type SweepDefinition,
  SweepError,
  type SweepErrorCode,
} from './sweep/definition.ts'
export { parseSweep, readSweep, sweepOf } from './sweep/read-sweep.ts'
export type { RunRow, RunStatus, Series as RunSeries, Setting } from './sweep/rows.ts'
export {
  runSweep,
  type SweepOptions,
  type SweepPlan,
  type SweepProgress,
  type SweepResult,
} from './sweep/run-sweep.ts'
export { type KernelThreads, startKernelThreads } from './threads/pool.ts'

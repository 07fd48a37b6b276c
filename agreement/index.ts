/**
 * `concord/agreement`: what the pure core exports. Aggregation rules on plain Float32Arrays; the averaging agreements,
 * reliable broadcast and witnesses as state machines to drive; bounds to choose from among them.
 *
 * @module concord/agreement
 */

export type {
  Averaging,
  AveragingInput,
  AveragingOptions,
  AveragingOutput,
  TimerKey,
  TimerPurpose,
} from './averaging/averaging.ts'
export { BoundError, createAveraging } from './averaging/create.ts'
export type { Aggregate, Family, Tally } from './averaging/family.ts'
export {
  averagingConstantOf,
  type Bounds,
  type BoundsQuery,
  bounds,
  contractionOf,
  iterationsFor,
  mostFaults,
  type ProtocolName,
  peersNeeded,
  protocolNames,
} from './bounds.ts'
export {
  type Broadcast,
  type BroadcastInput,
  type BroadcastOptions,
  type BroadcastOutput,
  createBroadcast,
} from './broadcast.ts'
export { CodedError } from './error.ts'
export { allocatePassing, allocateVector, hasKernels } from './kernels/index.ts'
export {
  type AveragedPhase,
  type Digest,
  type Exchange,
  type Message,
  type MessageKind,
  type Phase,
  type Sealed,
  type Seen,
  type SigningLedger,
  type Slot,
  slotKey,
} from './message.ts'
export { type Precision, precisions } from './precision.ts'
export {
  absorb,
  type Commitment,
  type Effects,
  type EffectsBuilder,
  type Envelope,
  type Evidence,
  type Fault,
  type FaultKind,
  type LinkSignal,
  newEffects,
  type PeerIndex,
  type Protocol,
  type Recipient,
} from './protocol.ts'
export type {
  AveragingProtocol,
  Counts,
  Guarantees,
  Parts,
  PeersPerFault,
} from './protocols/entry.ts'
export { addProtocol, ProtocolError, protocolNamed } from './protocols/registry.ts'
export { type Refusal, refusalOf } from './refusal.ts'
export * from './rules/index.ts'
export {
  echoThreshold,
  honestCount,
  quorum,
  readyAmplification,
  readyDelivery,
  type Synchrony,
  witnessThreshold,
} from './thresholds.ts'
export type { Traffic } from './traffic.ts'
export {
  coordinateWiseDiameter,
  diameter,
  distance,
  isFiniteVector,
  norm,
  squaredDistance,
  type Vector,
} from './vector.ts'
export {
  createWitnessedExchange,
  type WitnessedExchange,
  type WitnessedExchangeInput,
  type WitnessedExchangeOptions,
  type WitnessedExchangeOutput,
} from './witness.ts'

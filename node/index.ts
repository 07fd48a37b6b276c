/**
 * `concord` and `concord/node`: running peers. The ports and both their families, cohorts and identities, and the
 * peer that drives the protocols over them.
 */
export {
  type Cohort,
  canonicalCohort,
  cohortId,
  cohortSchema,
  differingFields,
  type Member,
  type Seat,
} from './cohort.ts'
export {
  createIdentity,
  type Identity,
  IdentityError,
  type IdentityErrorCode,
  identityFromSeed,
  readIdentity,
  writeIdentity,
} from './identity.ts'
export { createPeer, type OraclePort, type Peer, type PeerHooks, type PeerOptions } from './peer.ts'
export type {
  Clock,
  Frame,
  Random,
  Storage,
  Timer,
  Transport,
  TransportEvents,
} from './ports.ts'
export { systemClock } from './system-clock.ts'

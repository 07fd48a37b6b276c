/** What can go wrong between a peer and its oracle, in a thread or a process of its own. */
import { CodedError } from '../../agreement/error.ts'

/** Why an oracle gives no gradient. */
export type OracleErrorCode =
  /** Closed by us. */
  | 'ORACLE_CLOSED'
  /** The thread or process has died, and could not be restarted. */
  | 'ORACLE_DIED'
  /** It repeatedly did not answer in time. */
  | 'ORACLE_TIMEOUT'
  /** Its answer cannot be understood. */
  | 'ORACLE_PROTOCOL'
  /** It speaks another version of the protocol. */
  | 'ORACLE_VERSION'
  /** Its vectors have another length than it announced. */
  | 'ORACLE_DIMENSION'
  /** It answered that it cannot compute this. */
  | 'ORACLE_REFUSED'
  /** Its gradient has a coordinate that is not a number. */
  | 'ORACLE_NOT_FINITE'
  /** It starts from other parameters than the other peers' oracles. */
  | 'ORACLE_START'
  /** It cannot do what the attack of its peer needs. */
  | 'ORACLE_ATTACK'

/** An oracle that gives no gradient, with what to do in its message. */
export class OracleError extends CodedError<OracleErrorCode> {
  override readonly name = 'OracleError'
}

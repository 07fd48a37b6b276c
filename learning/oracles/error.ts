/** What can go wrong between a peer and its oracle, in a thread or a process of its own. */
import { CodedError } from '../../agreement/error.ts'

/** Why an oracle gives no gradient. */
export type OracleErrorCode =
  /** Closed by us. */
  | 'ORACLE_CLOSED'
  /** The thread or process is gone, and did not come back. */
  | 'ORACLE_DIED'
  /** It did not answer in time, again and again. */
  | 'ORACLE_TIMEOUT'
  /** What it says cannot be understood. */
  | 'ORACLE_PROTOCOL'
  /** It speaks another version of the protocol. */
  | 'ORACLE_VERSION'
  /** Vectors of another length than was said. */
  | 'ORACLE_DIMENSION'
  /** It answered that it cannot. */
  | 'ORACLE_REFUSED'
  /** Its gradient is no number somewhere. */
  | 'ORACLE_NOT_FINITE'

/** An oracle that gives no gradient, with what to do in its message. */
export class OracleError extends CodedError<OracleErrorCode> {
  override readonly name = 'OracleError'
}

/** The named error of graphs: a topology that cannot be, or that its peers and liars do not fit. */
import { CodedError } from '../../agreement/error.ts'

type GraphErrorCode =
  /** A text that names no topology. */
  | 'GRAPH_TOPOLOGY'
  /** A line of a file that is no edge. */
  | 'GRAPH_LINE'
  /** No such graph has so many peers. */
  | 'GRAPH_PEERS'
  /** Gossip on it guarantees nothing with these liars. */
  | 'GRAPH_CONDITION'

/** The message names the line, or the peer with its degree and its liars, and what would be right. */
export class GraphError extends CodedError<GraphErrorCode> {
  override readonly name = 'GraphError'
}

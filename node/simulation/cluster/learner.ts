/** The learning task of a cluster: its peers run LEARN, each with its own oracle. */
import type { PeerIndex } from '../../../agreement/protocol.ts'
import type { Vector } from '../../../agreement/vector.ts'
import type { LearnOutput } from '../../../learning/learn-contract.ts'
import type { GradientReply } from '../../../learning/oracle.ts'
import type { Cohort } from '../../cohort/cohort.ts'
import type { LinkLimits } from '../../link/limits.ts'
import { createPeer, type OraclePort, type Peer } from '../../runtime/peer.ts'
import type { PeerParts, Task } from '../cluster.ts'
import type { Onlooker } from '../onlooker.ts'
import { sharedDescents, sharedRules } from '../shared-rules.ts'

interface LearnerOptions {
  readonly cohort: Cohort
  /** θ₁, the same for all peers; behind it a peer's own statistics. */
  readonly initialOf: (self: PeerIndex) => Vector
  /** How many coordinates are statistics; absent: none. */
  readonly statistics?: number
  /** Makes the oracle of an incarnation. It answers only the incarnation that asked. */
  readonly oracle: (parts: Pick<PeerParts<LearnOutput>, 'self' | 'isAlive' | 'incarnation'>) => OraclePort
  readonly linkLimits?: LinkLimits
  /** The most that each keeps of past steps for others; absent: as a real peer. */
  readonly keepBytes?: number
  /** All `‖x_j − x_k‖²`, where some are known; absent: the peers remember their own. */
  readonly distances?: (vectors: readonly Vector[]) => Float64Array
  readonly onlooker?: Onlooker | null
  /** A peer has computed its gradient. */
  readonly gradient?: (self: PeerIndex, step: number, reply: GradientReply) => void
}

export function learnerTask({
  cohort,
  initialOf,
  statistics,
  oracle,
  linkLimits,
  keepBytes,
  distances,
  onlooker = null,
  gradient,
}: LearnerOptions): Task<Peer, LearnOutput> {
  const shared = sharedRules(distances)
  const aggregate = onlooker?.rule(shared, distances) ?? shared
  const descend = sharedDescents()
  return {
    peers: cohort.members.length,
    create: parts =>
      createPeer({
        ...parts,
        cohort,
        initial: initialOf(parts.self),
        ...(statistics !== undefined && { statistics }),
        aggregate,
        descend,
        oracle: oracle(parts),
        ...(linkLimits && { linkLimits }),
        ...(keepBytes !== undefined && { keepBytes }),
        hooks: {
          ...parts.hooks,
          finished() {},
          gradient: (step, reply) => gradient?.(parts.self, step, reply),
        },
      }),
    resultOf: output => (output.kind === 'finished' ? output.parameters : null),
  }
}

/** The agreement task of a cluster: its peers run one averaging agreement, each on its own input. */
import { aggregate } from '../../../agreement/averaging/aggregate.ts'
import type { AveragingOutput } from '../../../agreement/averaging/averaging.ts'
import type { Vector } from '../../../agreement/vector.ts'
import type { Checkers } from '../../checkers/index.ts'
import {
  type AgreementPeer,
  type AgreementSettings,
  createAgreementPeer,
} from '../../runtime/agreement-peer.ts'
import type { Task, Watch } from '../cluster.ts'
import type { Onlooker } from '../onlooker.ts'

/** @param inputs one row per peer */
export function agreementTask(
  settings: AgreementSettings,
  inputs: readonly Vector[],
  onlooker: Onlooker | null = null,
): Task<AgreementPeer, AveragingOutput> {
  return {
    peers: settings.peers,
    create: parts =>
      createAgreementPeer({
        ...parts,
        settings,
        input: inputs[parts.self]!,
        ...(onlooker && { aggregate: onlooker.rule(aggregate) }),
      }),
    resultOf: output => (output.kind === 'agreed' ? output.vector : null),
  }
}

/** Lets the checkers of an agreement look on. */
export function watchedBy(
  checkers: Checkers,
): Required<Pick<Watch<AveragingOutput>, 'began' | 'output' | 'received' | 'accused'>> {
  return {
    began(self, incarnation) {
      if (incarnation > 1) checkers.restarted(self)
    },
    output: checkers.output,
    received: checkers.received,
    accused: (self, { peer, kind, detail }) => checkers.accused(self, peer, kind, detail),
  }
}

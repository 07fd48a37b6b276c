/** Three real peers with data of their own that learn to the end. */
import type { ExecutionContext } from 'ava'
import { checkCohort } from '../../../node/cohort/file.ts'
import type { Ending, PeerEvent } from '../../../node/daemon/events.ts'
import type { StartPeerOptions } from '../../../node/daemon/options.ts'
import { startPeer } from '../../../node/daemon/start-peer.ts'
import { place } from '../cli/places.ts'

interface Learnt {
  /** By member. */
  readonly endings: readonly Ending[]
  readonly heard: readonly (readonly PeerEvent[])[]
}

/** @param ownOf where a member's data is, given a folder for it, and how it is read */
export async function learnFromOwn(
  t: ExecutionContext,
  settings: object,
  ownOf: (member: number, folder: string) => Promise<Pick<StartPeerOptions, 'data' | 'holdout'>>,
): Promise<Learnt> {
  const { folder, cohort, identities } = await place(t)
  const members = cohort.members.slice(0, 3)
  const agreed = checkCohort(
    { name: 'own', members, faults: 0, protocol: 'mda', model: 'softmax', seed: 3, ...settings },
    'test',
  )
  const heard: PeerEvent[][] = members.map(() => [])
  const peers = await Promise.all(
    members.map(async (_, member) => {
      const peer = await startPeer({
        cohort: agreed,
        identity: identities[member]!,
        ...(await ownOf(member, folder)),
        mdns: false,
        stateDirectory: null,
        evidenceFolder: folder,
        onEvent: event => heard[member]!.push(event),
      })
      t.teardown(() => peer.stop())
      return peer
    }),
  )
  return { endings: await Promise.all(peers.map(({ finished }) => finished)), heard }
}

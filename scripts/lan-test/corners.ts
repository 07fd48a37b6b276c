/** Networks that give their hosts no addresses: those that hosts give themselves, in IPv4 and in IPv6. */
import { makeCohort } from '../cohort/files.ts'
import { type PeerProcess, startPeer } from '../cohort/processes.ts'
import { type Check, causeIs, findings } from './doctor.ts'
import { createLan, type Host, type HostKind } from './network.ts'

const QUALITY = { megabitsPerSecond: 200, dropOneIn: 100, delayMs: 0 }
const DEADLINE_SECONDS = 30

/** Pairs of hosts, each on a switch of its own; their cohort files have no addresses. */
export async function examineCorners(prefix: string): Promise<readonly Check[]> {
  const checks = await Promise.all([
    pair(
      `${prefix}-a`,
      'self-assigned',
      '169.254 addresses alone: members find each other, one of them plugged in late',
    ),
    pair(`${prefix}-b`, 'ipv6', 'IPv6 alone, with link-local addresses: members find each other'),
  ])
  return checks.flat()
}

async function pair(prefix: string, kind: HostKind, what: string): Promise<readonly Check[]> {
  const lan = createLan(
    prefix,
    [0, 1].map(() => ({ ...QUALITY, kind })),
  )
  const [first, second] = lan.hosts as readonly [Host, Host]
  const files = await makeCohort(
    'lan-corner',
    2,
    { protocol: 'mean', faults: 0, model: 'softmax', rate: 0.5, batch: 8, seed: 1, steps: 100_000 },
    () => [],
  )
  const { promise: met, resolve } = Promise.withResolvers<boolean>()
  const deadline = setTimeout(() => resolve(false), 1000 * DEADLINE_SECONDS)
  const running: PeerProcess[] = []
  const isUp = new Set<number>()
  try {
    second.setAddressed(false)
    for (const [peer, host] of [first, second].entries()) {
      const child = startPeer({
        inside: host.inside,
        args: ['--cohort', files.cohortPath, '--identity', files.identityPaths[peer]!, '--state', 'none'],
        onEvent(event) {
          if (event.kind === 'listening' && host === second) second.setAddressed(true)
          if (event.kind === 'connection' && event.up) isUp.add(peer)
          if (isUp.size === 2) resolve(true)
        },
      })
      running.push(child)
      void child.ended.then(() => resolve(false))
    }
    const haveMet = await met
    // One of them makes room for the doctor, which asks with its key.
    running[1]!.kill('SIGKILL')
    await running[1]!.ended
    const seen = await findings(second, files.cohortPath, files.identityPaths[1]!, 'none')
    return [
      { what, holds: haveMet },
      causeIs(seen, 'mdns', 'ok', `hears mDNS there (${kind})`),
      causeIs(seen, 'peer peer-0', 'ok', `finds a member there that only mDNS knows (${kind})`),
    ]
  } finally {
    clearTimeout(deadline)
    for (const child of running) child.kill('SIGKILL')
    await Promise.all(running.map(child => child.ended))
    await files.remove()
    lan.remove()
  }
}

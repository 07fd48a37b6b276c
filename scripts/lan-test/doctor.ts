/** `concord doctor` on the local network: what it says of a member while all is well, and while firewalls drop packets. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import type { Finding } from '../../node/doctor/finding.ts'
import { makeCohort } from '../cohort/files.ts'
import { startPeer } from '../cohort/processes.ts'
import type { Host, Lan } from './network.ts'

export interface Check {
  readonly what: string
  readonly holds: boolean
}

const PORT = 4001
const MDNS_PORT = 5353
/** Seconds that a member has to answer. */
const TIMEOUT = '3'

/** Member 0 runs, member 1 asks the doctor, member 2 is down. */
export async function examineLan({ hosts }: Lan): Promise<readonly Check[]> {
  const [running, asking, down] = hosts as readonly [Host, Host, Host]
  const files = await makeCohort(
    'lan-doctor',
    3,
    { protocol: 'mean', faults: 0, model: 'softmax', rate: 0.5, batch: 8, seed: 1, steps: 1000 },
    peer => [`/ip4/${[running, asking, down][peer]!.address!.split('/')[0]}/tcp/${PORT}`],
  )
  const { cohortPath, identityPaths, folder } = files
  const { promise: listens, resolve, reject } = Promise.withResolvers<void>()
  const peer = startPeer({
    inside: running.inside,
    args: ['--cohort', cohortPath, '--identity', identityPaths[0]!, '--state', 'none'],
    onEvent: event => event.kind === 'listening' && resolve(),
  })
  void peer.ended.then(({ lastWords }) => reject(new Error(`the member to be examined ended: ${lastWords}`)))
  const ask = () => findings(asking, cohortPath, identityPaths[1]!, join(folder, 'state'))
  try {
    await listens
    const well = await ask()
    running.setFirewall([{ protocol: 'tcp', port: PORT }])
    asking.setFirewall([{ protocol: 'udp', port: MDNS_PORT }])
    const blocked = await ask()
    return [
      causeIs(well, 'peer peer-0', 'ok', 'finds nothing wrong with a member that runs'),
      causeIs(well, 'mdns', 'ok', 'hears mDNS where nothing blocks it'),
      causeIs(well, 'peer peer-2', 'peer-down', 'names a member that is down'),
      causeIs(blocked, 'peer peer-0', 'firewall', 'names a firewall that drops (nftables)'),
      causeIs(blocked, 'mdns', 'mdns-blocked', 'names mDNS that is blocked (nftables)'),
      causeIs(blocked, 'peer peer-2', 'peer-down', 'still tells a member that is down from a firewall'),
    ]
  } finally {
    for (const host of [running, asking]) host.setFirewall([])
    peer.kill('SIGKILL')
    await peer.ended
    await files.remove()
  }
}

export function causeIs(all: readonly Finding[], check: string, cause: string, what: string): Check {
  const found = all.find(finding => finding.check === check)
  const seen = found === undefined ? 'said nothing' : `${found.cause}: ${found.says}`
  return {
    what: `the doctor ${what}${found?.cause === cause ? '' : ` (${seen})`}`,
    holds: found?.cause === cause,
  }
}

/** Exit 1 is a diagnosis as well. */
export function findings(
  host: Host,
  cohort: string,
  identity: string,
  state: string,
): Promise<readonly Finding[]> {
  const main = join(import.meta.dirname, '../../node/cli/main.ts')
  const [command, ...rest] = host.inside
  const asked = ['doctor', cohort, '--identity', identity, '--state', state, '--timeout', TIMEOUT, '--json']
  return new Promise((resolve, reject) => {
    execFile(command!, [...rest, process.execPath, main, ...asked], (_, stdout, stderr) => {
      try {
        resolve(JSON.parse(stdout).findings)
      } catch {
        reject(new Error(`the doctor said: ${stdout}${stderr}`))
      }
    })
  })
}

/**
 * The peer under fire: `concord join` in a process of its own, as the last member of a cohort whose other members are
 * the fuzz.
 */
import { join as joinPaths } from 'node:path'
import { cohortId } from '../../../node/cohort/cohort.ts'
import type { Identity } from '../../../node/cohort/identity.ts'
import type { PeerEvent } from '../../../node/daemon/events.ts'
import { makeCohort } from '../../cohort/files.ts'
import { MEASURE, type Memory } from '../../cohort/measure.ts'
import { type PeerEnd, startPeer } from '../../cohort/processes.ts'
import { join, type Target, targetOf } from '../../hostile/raw/index.ts'

/**
 * Each member may connect a dozen times and then now and then, and one that does wrong fast is not read from for two
 * seconds at a time: enough of them keep the peer busy.
 */
const MEMBERS = 160
/** A word from a member that behaves takes milliseconds; on a busy machine, a second or two. */
const PROBE_TIMEOUT_MS = 20_000
/** A full collection takes less than a second. */
const MEASURE_TIMEOUT_MS = 20_000

export interface Victim {
  readonly target: Target
  readonly cohortId: string
  /** Of the attackers. */
  readonly identities: readonly Identity[]
  /** Connects as a member that is not an attacker, and sends a hello; rejects if it is not answered. */
  probe(): Promise<void>
  /** The memory that it holds; null if it does not report. */
  measure(): Promise<Memory | null>
  /** Null while it runs. */
  readonly end: PeerEnd | null
  stop(): Promise<void>
}

export async function startVictim(): Promise<Victim> {
  const settings = {
    protocol: 'rb-tm',
    faults: 1,
    steps: 10,
    model: 'softmax',
    rate: 0.1,
    batch: 16,
    seed: 1,
  } as const
  const files = await makeCohort('fuzz', MEMBERS, settings, () => [])
  const { promise: listening, resolve, reject } = Promise.withResolvers<string>()
  let end: PeerEnd | null = null
  let measured: ((memory: Memory) => void) | null = null
  const peer = startPeer({
    imported: new URL('../../cohort/measure.ts', import.meta.url),
    args: [
      ...['--cohort', files.cohortPath, '--identity', files.identityPaths.at(-1)!, '--no-mdns'],
      ...['--listen', '/ip4/127.0.0.1/tcp/0', '--state', joinPaths(files.folder, 'state')],
    ],
    onEvent(event: PeerEvent | Memory) {
      if (event.kind === 'listening') resolve(event.addresses[0]!)
      else if (event.kind === 'memory') measured?.(event)
    },
  })
  void peer.ended.then(ended => {
    end = ended
    reject(new Error(`the peer did not start: ${ended.lastWords}`))
  })
  const target = targetOf(await listening)
  const id = cohortId(files.cohort)
  const [prober, ...attackers] = files.identities.slice(0, -1)
  return {
    target,
    cohortId: id,
    identities: attackers,
    async probe() {
      const timeoutMs = PROBE_TIMEOUT_MS
      const talk = await join(target, { seed: prober!.seed, opens: true, hello: { cohortId: id }, timeoutMs })
      talk.close()
    },
    measure() {
      if (process.platform === 'win32' || end !== null) return Promise.resolve(null)
      const { promise, resolve: told } = Promise.withResolvers<Memory | null>()
      measured = told
      peer.kill(MEASURE)
      const timer = setTimeout(() => told(null), MEASURE_TIMEOUT_MS)
      return promise.finally(() => clearTimeout(timer))
    },
    get end() {
      return end
    },
    async stop() {
      peer.kill('SIGKILL')
      await peer.ended
      await files.remove()
    },
  }
}

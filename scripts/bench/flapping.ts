/**
 * `npm run bench -- flapping [STEPS] [PROTOCOL] [KEPT_MB]`: the memory that real peers hold while one member comes and
 * goes all the time, says that it has nothing, and acknowledges nothing. Vectors as long as those of softmax on digits,
 * over loopback, all in this one process, so that what is alive can be told from what the collector has not come to
 * yet. After each tenth of the run: bytes that all honest peers together hold after a collection, the most that the
 * process took until then, and what their links say that they keep. The result is good if it stays flat once the links
 * keep all that they may: KEPT_MB for each member, after some 2,000 steps by default, and after a hundred with 8.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { ProtocolName } from '../../agreement/bounds.ts'
import { encodeLinkFrame, resumeWithoutMemory } from '../../node/codec/index.ts'
import type { Cohort } from '../../node/cohort/cohort.ts'
import { defaultLinkLimits, type LinkLimits } from '../../node/link/limits.ts'
import { ignoredFrame } from '../../node/network/framing.ts'
import type { Peer } from '../../node/runtime/peer.ts'
import type { BenchRow, RunBench } from './bench.ts'
import { type BenchMember, benchCohort, openLearner, openNetwork, ownVector } from './members.ts'

/** How many members; the last one flaps. */
const SIZES: Partial<Record<ProtocolName, number>> = { 'rb-tm': 4, icwtm: 6, mda: 7 }
const STEPS = 20_000
const KEPT_MB = defaultLinkLimits.keptBytesMax / 2 ** 20
const TENTHS = 10
/** Each stay, and each absence after it. */
const STAY_MS = 250
const AWAY_MS = 1000
/** Of softmax on digits. */
const DIMENSION = 7850
const SAMPLE_MS = 250

/** All of a member but which one it is. */
interface Scene extends Omit<BenchMember, 'self'> {
  readonly linkLimits: LinkLimits
}

export const run: RunBench = async ({ args, note }) => {
  const [steps, protocol] = [Number(args[0] ?? STEPS), (args[1] ?? 'rb-tm') as ProtocolName]
  const keptMegabytes = Number(args[2] ?? KEPT_MB)
  const peers = SIZES[protocol]
  if (peers === undefined || !Number.isInteger(steps) || steps < TENTHS || !(keptMegabytes > 0)) {
    const names = Object.keys(SIZES).join(', ')
    throw new Error(`usage: flapping [STEPS] [PROTOCOL] [KEPT_MB]; at least ${TENTHS} steps, of ${names}`)
  }
  const { seeds, cohort: drawn } = await benchCohort(peers)
  const cohort: Cohort = {
    ...drawn,
    protocol,
    faults: 1,
    steps,
    graceMs: 0,
    momentum: 0,
    rate: 0.1,
  }
  const linkLimits = { ...defaultLinkLimits, keptBytesMax: keptMegabytes * 2 ** 20 }
  const scene: Scene = { seeds, cohort, dimension: DIMENSION, linkLimits }
  const over = new AbortController()
  const flapping = flap({ ...scene, self: peers - 1 }, over.signal)
  try {
    return await tenths(scene, note)
  } finally {
    over.abort()
    note(`the flapping member came ${await flapping} times`)
  }
}

async function tenths(scene: Scene, note: (line: string) => void): Promise<readonly BenchRow[]> {
  const { steps } = scene.cohort
  const rows: BenchRow[] = []
  const collect = collector()
  let [begunMs, mostBytes, next] = [performance.now(), 0, 1]
  const sampling = setInterval(() => {
    mostBytes = Math.max(mostBytes, process.memoryUsage.rss())
  }, SAMPLE_MS)
  const measure = () => {
    const ms = performance.now() - begunMs
    collect()
    const { heapUsed, external } = process.memoryUsage()
    const links = honest.flatMap(peer => peer.status().links.flatMap(link => link ?? []))
    const sum = (key: 'keptBytes' | 'keptMessages') => links.reduce((total, link) => total + link[key], 0)
    const megabytes = (bytes: number) => Math.round(bytes / 1e5) / 10
    rows.push({
      case: `${next}/${TENTHS}`,
      ours_ms: ms,
      baseline: null,
      ratio: null,
      others: {
        'external MB': megabytes(external),
        'heap MB': megabytes(heapUsed),
        'most RSS MB': megabytes(mostBytes),
        'kept MB': megabytes(sum('keptBytes')),
        'kept messages': sum('keptMessages'),
      },
    })
    note(`${JSON.stringify(rows.at(-1)!.others)} after ${next++}/${TENTHS}, ${Math.round(ms)} ms`)
    ;[begunMs, mostBytes] = [performance.now(), 0]
  }
  const ended = scene.seeds.slice(0, -1).map(() => Promise.withResolvers<void>())
  const honest = await Promise.all(
    ended.map(({ resolve }, self) =>
      seated(scene, self, resolve, step => {
        if (self === 0 && step >= (next * steps) / TENTHS) setImmediate(measure)
      }),
    ),
  )
  for (const peer of honest) peer.start()
  await Promise.all(ended.map(({ promise }) => promise))
  clearInterval(sampling)
  await Promise.all(honest.map(peer => new Promise<void>(resolve => peer.stop(resolve))))
  return rows
}

function collector(): () => void {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as () => void
}

function seated(
  { linkLimits, ...cast }: Scene,
  self: number,
  finished: () => void,
  stepped: (step: number) => void,
): Promise<Peer> {
  const member = { ...cast, self }
  const centre = ownVector(member)
  return openLearner(member, {
    linkLimits,
    oracle: {
      gradient: ({ parameters }, done) =>
        void setImmediate(done, { gradient: parameters.map((value, i) => value - centre[i]!), loss: 0 }),
    },
    hooks: {
      output(output) {
        if (output.kind === 'stepped') stepped(output.state.step - 1)
      },
      finished,
      fault() {},
      failed: error => {
        throw error
      },
    },
  })
}

/** Comes, says that it has nothing, reads what it is given, goes; how often. */
async function flap(member: BenchMember, over: AbortSignal): Promise<number> {
  let times = 0
  while (!over.aborted) {
    const transport = await openNetwork(member)
    const resume = resumeWithoutMemory(Date.now())
    transport.start({
      connected: peer => void transport.send(peer, encodeLinkFrame(resume)),
      frame: () => ignoredFrame,
      disconnected() {},
      drained() {},
      fault() {},
    })
    await pause(STAY_MS)
    await new Promise<void>(resolve => transport.stop(resolve))
    times++
    await pause(AWAY_MS)
  }
  return times
}

function pause(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms))
}

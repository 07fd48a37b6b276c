/** Peers that ask for everything again, over and over: they gain nothing, and a checker would notice otherwise. */
import test from 'ava'
import { createResendChecker } from '../../../node/checkers/resends.ts'
import { encodeLinkFrame, encodeMessage } from '../../../node/codec/index.ts'
import { defaultLinkLimits } from '../../../node/link/limits.ts'
import { insist } from '../../../node/simulation/swarm/attacks.ts'
import { runningCohort, smallCohort } from './small-cohort.ts'

const slot = { step: 1, phase: 'gradient', iteration: 0, sender: 0 } as const
const messages = [encodeMessage({ kind: 'ready', slot, digest: '00'.repeat(32) })]
const frame = () => encodeLinkFrame({ kind: 'data', sequence: 1 }, messages)
const bytes = messages.flat().reduce((sum, chunk) => sum + chunk.byteLength, 0)

test('resending beyond progress and budget is a violation, by member and by incarnation', t => {
  const found: string[] = []
  const limits = { resentBytesMin: 2 * bytes, resentWindows: 0, resentRefillMs: 1000, bundleBytes: bytes }
  const checker = createResendChecker({ ...defaultLinkLimits, ...limits }, detail => found.push(detail))
  checker.began(0, 0)
  // The first sending is free. Then come as many bytes again, twice the budget, and one frame beyond it.
  for (let i = 0; i < 1 + 1 + 4 + 1; i++) checker.sent(0, 1, frame(), 0)
  checker.sent(0, 2, frame(), 0)
  t.deepEqual(found, [])
  checker.sent(0, 1, frame(), 0)
  t.is(found.length, 1)
  t.regex(found[0]!, /^peer 0 sent \d+ bytes again to peer 1/)
  checker.sent(0, 1, frame(), 1000)
  t.is(found.length, 1, 'time allows some')
  checker.began(0, 1000)
  checker.sent(0, 1, frame(), 1000)
  t.is(found.length, 1, 'a new incarnation remembers nothing')
})

test('a member that asks for everything again all the time gains nothing, and the cohort learns on', t => {
  const [peers, maxFaulty] = [7, 1]
  const honest = [0, 1, 2, 3, 4, 5]
  const drawn = smallCohort({
    protocol: 'mda',
    peers,
    faults: maxFaulty,
    steps: 40,
    syncMs: 1,
    byzantine: { peers: [6], attack: insist() },
  })
  const scenario = { ...drawn, linkLimits: { ...defaultLinkLimits, resentBytesMin: 2048, bundleBytes: 1024 } }
  const { cluster, finish } = runningCohort(scenario, honest)
  t.deepEqual(finish(), [])
  t.deepEqual(
    honest.map(peer => cluster.peers[peer]!.status().links[6]?.resentBytes),
    honest.map(() => 0),
  )
})

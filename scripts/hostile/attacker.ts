/** The process of one attack: does as it is told until it is killed, or its parent is gone. */
import { once } from 'node:events'
import { getPriority, setPriority } from 'node:os'
import { attackNamed } from './attacks/list.ts'
import type { RawSocket } from './raw/index.ts'
import type { AttackerReport, AttackOrder, Counter } from './scene.ts'

/** Its machine would not be the honest peers' own: what it costs itself must count as little as may be. */
const NICENESS = 5
const TALLY_INTERVAL_MS = 500
/** No attack ever goes on for longer. */
const LIFE_MS = 15 * 60_000

process.once('disconnect', () => process.exit())
setTimeout(() => process.exit(), LIFE_MS)
setPriority(Math.min(19, getPriority() + NICENESS))
const say = (report: AttackerReport) => process.send!(report, undefined, undefined, () => {})
const [{ attack, scene }] = (await Promise.all([once(process, 'message'), say({ kind: 'ready' })]))[0] as [
  AttackOrder,
]
const counter = createCounter()
setInterval(() => say({ kind: 'tally', ...counter.tally() }), TALLY_INTERVAL_MS)
await attackNamed(attack).run(scene, counter)

function createCounter() {
  const open = new Set<RawSocket>()
  let sentBefore = 0
  let receivedBefore = 0
  const counter: Counter = {
    connections: 0,
    refused: 0,
    acts: 0,
    watch(socket) {
      open.add(socket)
      void socket.closed.then(() => {
        open.delete(socket)
        sentBefore += socket.sentBytes
        receivedBefore += socket.receivedBytes
      })
    },
  }
  const sum = (key: 'sentBytes' | 'receivedBytes') =>
    [...open].reduce((total, socket) => total + socket[key], 0)
  return Object.assign(counter, {
    tally: () => ({
      connections: counter.connections,
      refused: counter.refused,
      acts: counter.acts,
      sentBytes: sentBefore + sum('sentBytes'),
      receivedBytes: receivedBefore + sum('receivedBytes'),
    }),
  })
}

/** Every message arrives in order and once, whatever happens to connections, sockets and either side. */
import test from 'ava'
import fc from 'fast-check'
import { defaultLinkLimits, type LinkLimits } from '../../../node/link/limits.ts'
import { message, pair, upTo } from './pair.ts'

type Deed = 'send' | 'deliver' | 'break' | 'connect' | 'fill' | 'drain' | 'restart'

/** A list of deeds, each on either side. A deed's weight says how often it comes. */
function deeds(weights: Partial<Record<Deed, number>>) {
  const all = { send: 6, deliver: 8, break: 1, connect: 1, fill: 1, drain: 1, ...weights }
  const each = Object.entries(all).map(([deed, weight]) => ({
    weight,
    arbitrary: fc.record({ deed: fc.constant(deed as Deed), side: fc.nat(1) }),
  }))
  return fc.array(fc.oneof(...each), { maxLength: 120 })
}

/** Performs the deeds, mends what is broken, and lets the sides come to rest. Returns how much each has sent. */
function play(net: ReturnType<typeof pair>, list: readonly { deed: Deed; side: number }[]): number[] {
  const sent = [0, 0]
  let incarnation = 100
  const act: Record<Deed, (side: number) => void> = {
    send(side) {
      net.sides[side]!.link.enqueue(message(++sent[side]!))
      net.sides[side]!.link.pump()
    },
    deliver: net.deliver,
    break: net.disconnect,
    connect: net.connect,
    fill(side) {
      net.sides[side]!.full = true
    },
    drain: net.drain,
    restart(side) {
      net.disconnect()
      const { link } = net.restart(side, incarnation++)
      for (let step = 1; step <= sent[side]!; step++) link.enqueue(message(step))
    },
  }
  net.connect()
  for (const { deed, side } of list) act[deed](side)
  net.connect()
  for (const side of [0, 1]) net.drain(side)
  net.rest()
  return sent
}

const one = message(1).bytes

/** The default limits, and limits with which nearly all resending has to wait for its budget. */
const budgets: Readonly<Record<string, LinkLimits>> = {
  '': defaultLinkLimits,
  ', with next to no budget': {
    ...defaultLinkLimits,
    bundleBytes: 2 * one,
    resentBytesMin: 2 * one,
    resentWindows: 0,
  },
}

for (const [how, limits] of Object.entries(budgets)) {
  test(`every message arrives once and in order, whenever the connection breaks${how}`, t => {
    fc.assert(
      fc.property(deeds({}), list => {
        const net = pair(limits)
        const sent = play(net, list)
        for (const side of [0, 1]) {
          t.deepEqual(net.sides[1 - side]!.taken, upTo(sent[side]!))
          t.is(net.sides[side]!.link.status().unacknowledged, 0)
        }
      }),
      { numRuns: 1000 },
    )
  })

  test(`a restarted peer ends up with everything, in order, whatever happens to either side${how}`, t => {
    fc.assert(
      fc.property(deeds({ restart: 1 }), list => {
        const net = pair(limits)
        const sent = play(net, list)
        for (const [self, { taken, missed, faults }] of net.sides.entries()) {
          t.deepEqual(
            [...new Set(taken)],
            upTo(sent[1 - self]!),
            'again only what an earlier incarnation had sent',
          )
          t.deepEqual([missed, faults], [[], []])
        }
      }),
      { numRuns: 4000 },
    )
  })
}

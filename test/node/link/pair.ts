/** Two sides of a link and the wire between them, for the tests beside this file. */
import type { Message } from '../../../agreement/message.ts'
import type { FaultKind } from '../../../agreement/protocol.ts'
import { createTransfer, decodeLinkFrame, encodeMessage, type Transfer } from '../../../node/codec/index.ts'
import { defaultLinkLimits, type LinkLimits } from '../../../node/link/limits.ts'
import { createLink, type Link } from '../../../node/link/link.ts'
import type { Encoded } from '../../../node/link/outbox.ts'
import { type Frame, sizeOf } from '../../../node/ports.ts'

const limits = { peers: 4, dimension: 4, stepsMax: 1e6, iterationsMax: 1 }

const always = { stored: false, repeated: true, timeless: false, onlyInStep: true } as const

/** A numbered message: the step is the number. */
export function message(step: number): Encoded {
  const slot = { step, phase: 'gradient', iteration: 0, sender: 0 } as const
  const chunks = encodeMessage({ kind: 'ready', slot, digest: '00'.repeat(32) })
  return { ...always, step, chunks, bytes: sizeOf(chunks) }
}

/** One that is longer: a vector. */
export function longMessage(step: number): Encoded {
  const slot = { step, phase: 'gradient', iteration: 0, sender: 0 } as const
  const sealed = { vector: Float32Array.of(step, 2, 3, 4), digest: '', signature: new Uint8Array(64) }
  const chunks = encodeMessage({ kind: 'vector', slot, sealed })
  return { ...always, step, chunks, bytes: sizeOf(chunks) }
}

/** 1, 2, …, last. */
export const upTo = (last: number) => Array.from({ length: last }, (_, i) => i + 1)

/** How far ahead of its step either side takes messages, where a test says nothing else: as far as there are any. */
export const AHEAD = 1000

export interface Side {
  link: Link
  readonly taken: number[]
  /** Messages that came before this side could take them. */
  readonly early: number[]
  /** At which of its steps it was told that the other side cannot serve it. */
  readonly missed: number[]
  /** Each time that it was told that the other side is too far on, or no longer is. */
  readonly ahead: boolean[]
  /** What it blames the other side for. */
  readonly faults: FaultKind[]
  step: number
  /** Its socket takes no more frames. */
  full: boolean
  /** How many frames its socket takes until it is drained. */
  room: number
  /** It acknowledges nothing by itself. */
  lazy: boolean
  /** Incarnations of the other side that it has met. */
  met: number
}

interface Network {
  readonly limits: LinkLimits
  readonly ahead: number
  readonly wires: Frame[][]
  /** By sender: what its receiver has of the long message that comes in pieces. */
  readonly transfers: Transfer[]
  readonly later: { readonly atMs: number; readonly link: Link }[]
  up: boolean
  nowMs: number
}

function createSide(net: Network, self: number, incarnation: number): Side {
  const side: Side = {
    link: null as never,
    taken: [],
    early: [],
    missed: [],
    ahead: [],
    faults: [],
    step: 1,
    full: false,
    room: Number.POSITIVE_INFINITY,
    lazy: false,
    met: 0,
  }
  side.link = createLink({
    incarnation,
    limits: net.limits,
    ahead: net.ahead,
    step: () => side.step,
    nowMs: () => net.nowMs,
    hooks: {
      send: frame => net.up && !side.full && side.room-- > 0 && net.wires[self]!.push(frame) > 0,
      take(received) {
        const { slot } = ('message' in received ? received.message : null) as Message
        side.taken.push(slot.step)
        if (slot.step > side.step + net.ahead) side.early.push(slot.step)
      },
      waits() {},
      ackSoon() {
        if (!side.full && side.room > 0 && !side.lazy) side.link.acknowledge()
      },
      pumpIn(ms) {
        if (net.later.every(({ link }) => link !== side.link))
          net.later.push({ atMs: net.nowMs + ms, link: side.link })
      },
      restarted: () => side.met++,
      ahead: isAhead => side.ahead.push(isAhead),
      missed: () => side.missed.push(side.step),
      fault: kind => side.faults.push(kind),
    },
  })
  return side
}

function deliver({ wires, transfers }: Network, sides: readonly Side[], from: number): boolean {
  const frame = wires[from]!.shift()
  if (frame === undefined) return false
  const decoded = decodeLinkFrame(frame, limits, undefined, transfers[from])
  if ('fault' in decoded) throw new Error(decoded.detail)
  sides[1 - from]!.link.receive(decoded)
  return true
}

/** Two sides and the wire between them: frames in flight in both directions, lost when the connection breaks. */
export function pair(linkLimits: LinkLimits = defaultLinkLimits, ahead = AHEAD) {
  const net: Network = {
    limits: linkLimits,
    ahead,
    wires: [[], []],
    transfers: [],
    later: [],
    up: false,
    nowMs: 0,
  }
  const sides = [createSide(net, 0, 10), createSide(net, 1, 20)]
  return {
    sides,
    wires: net.wires,
    deliver: (from: number) => deliver(net, sides, from),
    /** @param full the side whose socket takes nothing at first */
    connect(full?: number) {
      if (net.up) return
      net.up = true
      for (const self of [0, 1]) net.transfers[self] = createTransfer(limits)
      for (const [self, side] of sides.entries()) {
        side.full = self === full
        side.link.connected()
      }
    },
    disconnect() {
      net.up = false
      for (const wire of net.wires) wire.length = 0
      for (const { link } of sides) link.disconnected()
    },
    /** The socket has taken all that it was given. */
    drain(self: number) {
      sides[self]!.full = false
      sides[self]!.room = Number.POSITIVE_INFINITY
      if (!net.up) return
      sides[self]!.link.pump()
      sides[self]!.link.acknowledge()
    },
    settle() {
      for (let i = 0; i < 10_000; i++)
        if (![deliver(net, sides, 0), deliver(net, sides, 1)].some(Boolean)) return
      throw new Error('the link does not come to rest')
    },
    /** Time passes until nothing waits for it any more. */
    rest() {
      this.settle()
      for (let next = net.later.shift(); next !== undefined; next = net.later.shift()) {
        net.nowMs = Math.max(net.nowMs, next.atMs)
        if (sides.some(({ link }) => link === next.link)) next.link.pump()
        this.settle()
      }
    },
    pass(ms: number) {
      net.nowMs += ms
    },
    restart(self: number, incarnation: number) {
      sides[self] = createSide(net, self, incarnation)
      return sides[self]!
    },
  }
}

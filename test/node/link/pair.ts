/** Two sides of a link and the wire between them, for the tests beside this file. */
import type { Message } from '../../../agreement/message.ts'
import type { FaultKind } from '../../../agreement/protocol.ts'
import { decodeLinkFrame, encodeMessage } from '../../../node/codec/index.ts'
import { defaultLinkLimits, type LinkLimits } from '../../../node/link/limits.ts'
import { createLink, type Link } from '../../../node/link/link.ts'
import type { Encoded } from '../../../node/link/outbox.ts'
import { type Frame, sizeOf } from '../../../node/ports.ts'

const limits = { peers: 4, dimension: 4, stepsMax: 1e6, iterationsMax: 1 }

/** A numbered message: the step is the number. */
export function message(step: number): Encoded {
  const slot = { step, phase: 'gradient', iteration: 0, sender: 0 } as const
  const chunks = encodeMessage({ kind: 'ready', slot, digest: '00'.repeat(32) })
  return { step, chunks, bytes: sizeOf(chunks), repeated: 'always', timeless: false }
}

/** 1, 2, …, last. */
export const upTo = (last: number) => Array.from({ length: last }, (_, i) => i + 1)

export interface Side {
  link: Link
  readonly taken: number[]
  readonly gaps: (number | null)[]
  /** What it blames the other side for. */
  readonly faults: FaultKind[]
  /** Takes messages up to this step; later ones wait. */
  ready: number
  held: boolean
  step: number
  /** Its socket takes no more frames. */
  full: boolean
  /** What the next message that is taken brings about, before those behind it are. */
  onTake: (() => void) | null
  /** It acknowledges nothing by itself. */
  lazy: boolean
  /** Lives of the other side that it has met. */
  met: number
}

/** Two sides and the wire between them: frames in flight in both directions, lost when the connection breaks. */
export function pair(linkLimits: LinkLimits = defaultLinkLimits) {
  const wires: Frame[][] = [[], []]
  const later: { readonly atMs: number; readonly link: Link }[] = []
  let up = false
  let nowMs = 0
  const side = (self: number, incarnation: number): Side => {
    const state: Side = {
      link: null as never,
      taken: [],
      gaps: [],
      faults: [],
      ready: Infinity,
      held: false,
      step: 1,
      full: false,
      met: 0,
      onTake: null,
      lazy: false,
    }
    state.link = createLink({
      incarnation,
      limits: linkLimits,
      step: () => state.step,
      nowMs: () => nowMs,
      hooks: {
        send: frame => up && !state.full && wires[self]!.push(frame) > 0,
        take(received) {
          const { slot } = ('message' in received ? received.message : null) as Message
          if (slot.step > state.ready) return 'later'
          state.taken.push(slot.step)
          const { onTake } = state
          state.onTake = null
          onTake?.()
          return 'taken'
        },
        hold: held => {
          state.held = held
        },
        ackSoon() {
          if (!state.full && !state.lazy) state.link.acknowledge()
        },
        pumpIn(ms) {
          if (later.every(({ link }) => link !== state.link))
            later.push({ atMs: nowMs + ms, link: state.link })
        },
        restarted: () => state.met++,
        gap: missing => state.gaps.push(missing),
        fault: kind => state.faults.push(kind),
      },
    })
    return state
  }
  const sides = [side(0, 10), side(1, 20)]
  const deliver = (from: number) => {
    const frame = wires[from]!.shift()
    if (frame === undefined) return false
    const decoded = decodeLinkFrame(frame, limits)
    if ('fault' in decoded) throw new Error(decoded.detail)
    sides[1 - from]!.link.receive(decoded)
    return true
  }
  return {
    sides,
    wires,
    deliver,
    connect() {
      if (up) return
      up = true
      for (const side of sides) {
        side.full = false
        side.link.connected()
      }
    },
    disconnect() {
      up = false
      for (const wire of wires) wire.length = 0
      for (const { link } of sides) link.disconnected()
    },
    /** The socket has taken all that it was given. */
    drain(self: number) {
      sides[self]!.full = false
      if (!up) return
      sides[self]!.link.pump()
      sides[self]!.link.acknowledge()
    },
    settle() {
      for (let i = 0; i < 10_000; i++) if (![deliver(0), deliver(1)].some(Boolean)) return
      throw new Error('the link does not come to rest')
    },
    /** Time passes until nothing waits for it any more. */
    rest() {
      this.settle()
      for (let next = later.shift(); next !== undefined; next = later.shift()) {
        nowMs = Math.max(nowMs, next.atMs)
        if (sides.some(({ link }) => link === next.link)) next.link.pump()
        this.settle()
      }
    },
    pass(ms: number) {
      nowMs += ms
    },
    restart(self: number, incarnation: number) {
      sides[self] = side(self, incarnation)
      return sides[self]!
    },
  }
}

/** What one peer does, as run events: the same for a real peer and for each peer of the simulated world. */
import type { AveragingOutput, TimerKey } from '../../agreement/averaging/averaging.ts'
import { type Message, type MessageKind, ownCommitment } from '../../agreement/message.ts'
import type { Evidence, Fault, PeerIndex } from '../../agreement/protocol.ts'
import type { Vector } from '../../agreement/vector.ts'
import type { LearnOutput } from '../../learning/learn-contract.ts'
import { markOf, type RunEvent } from './events.ts'
import { isShown, planeOf, type Seen } from './received.ts'
import { type MessageNow, phaseIndex, roundedMs } from './recorder.ts'
import { messageKinds } from './run.ts'

interface LaneOptions {
  readonly self: PeerIndex
  /** Milliseconds since the run began. */
  readonly nowMs: () => number
  readonly tell: (event: RunEvent) => void
  /** An averaging agreement alone, of which each iteration is shown. */
  readonly alone: boolean
  /** What the rule saw that gave this vector; null: nothing is known, or wanted. */
  readonly seen: (result: Vector) => Seen | null
}

export interface Lane {
  output(output: LearnOutput | AveragingOutput): void
  timer(timer: TimerKey, delayMs: number): void
  loss(step: number, loss: number): void
  connection(other: PeerIndex, up: boolean, reason: string): void
  fault(fault: Pick<Fault, 'kind' | 'detail' | 'evidence'> & { readonly peer: PeerIndex | null }): void
}

export function createLane(options: LaneOptions): Lane {
  const { self, tell } = options
  const nowMs = () => roundedMs(options.nowMs())
  const counts = new Map<string, number>()
  let step = 0
  let stood = 1
  return {
    output(output) {
      const ms = nowMs()
      if (output.kind === 'need-gradient') {
        step = output.step
        stood = step
      } else if (output.kind === 'caught-up' && output.completeFrom > stood) {
        tell({ kind: 'caught-up', ms, peer: self, step: output.completeFrom })
        stood = output.completeFrom
      }
      outputs(options, ms, output)
    },
    timer({ slot, purpose, times }, delayMs) {
      if (purpose === 'recovery' && times === undefined) return
      const ms = nowMs()
      const { phase, iteration } = slot
      const kind = purpose === 'grace' ? 'quorum' : purpose === 'beginnings' ? 'timeout' : purpose
      tell(
        markOf({ ms, peer: self, kind, step: slot.step, phase, iteration, untilMs: roundedMs(ms + delayMs) }),
      )
    },
    loss(at, loss) {
      const ms = nowMs()
      tell({ kind: 'loss', ms, peer: self, step: at, loss: Number.isFinite(loss) ? loss : null })
      tell(markOf({ ms, peer: self, kind: 'gradient', step: at }))
    },
    connection(other, connected, reason) {
      const ms = nowMs()
      tell({ kind: 'link', ms, from: self, to: other, connected, reason: connected ? null : reason })
      const kind = connected ? 'connected' : 'disconnected'
      tell(markOf({ ms, peer: self, kind, peers: [other], detail: connected ? null : reason }))
    },
    fault({ peer, kind, detail, evidence }) {
      const ms = nowMs()
      const count = (counts.get(`${peer} ${kind}`) ?? 0) + 1
      counts.set(`${peer} ${kind}`, count)
      // A flood of faults is one number, which grows.
      if (count > SINGLE_MAX && count % SINGLE_MAX !== 0) return
      tell({ kind: 'fault', fault: { ms, step, observer: self, peer, kind, count, detail: detail ?? null } })
      if (evidence === undefined) return
      tell(evidenceEvent(ms, self, evidence))
      tell(markOf({ ms, peer: self, kind: 'convicted', step, peers: [evidence.slot.sender] }))
    },
  }
}

const SINGLE_MAX = 100

function evidenceEvent(ms: number, observer: PeerIndex, { slot, first, second }: Evidence): RunEvent {
  const { step, phase, iteration, sender } = slot
  const digests = [first.digest, second.digest] as const
  return {
    kind: 'evidence',
    evidence: { ms, observer, peer: sender, step, phase, iteration, digests, path: null, before: false },
  }
}

function outputs(
  { self, tell, alone, seen }: LaneOptions,
  ms: number,
  output: LearnOutput | AveragingOutput,
): void {
  const place = { kind: 'place', ms, peer: self } as const
  const mark = { ms, peer: self }
  switch (output.kind) {
    case 'need-gradient':
      if ((output.local ?? 0) === 0)
        tell({ ...place, status: 'running', step: output.step, phase: 'computing', iteration: null })
      break
    case 'sealed': {
      const { step, phase, iteration } = output.slot
      tell({ ...place, status: 'running', step, phase, iteration })
      tell(markOf({ ...mark, kind: 'exchange', step, phase, iteration, detail: output.digest.slice(0, 16) }))
      break
    }
    case 'iterated': {
      const { exchange, used, vector } = output
      tell(markOf({ ...mark, kind: 'iterated', ...exchange, peers: used }))
      const what = isShown(exchange, alone) ? seen(vector) : null
      if (what !== null && what.points.length === used.length)
        tell({ kind: 'plane', ms, observer: self, plane: planeOf(exchange, used, what) })
      break
    }
    case 'averaged':
      tell(markOf({ ...mark, kind: 'averaged', step: output.step, phase: output.phase }))
      break
    case 'agreed':
      tell({ ...place, status: 'finished', phase: 'finished' })
      tell(markOf({ ...mark, kind: 'finished' }))
      break
    case 'finished':
      tell({ ...place, status: 'finished', phase: 'finished' })
      tell(markOf({ ...mark, kind: 'finished' }))
      break
    case 'diverged':
      tell({ ...place, status: 'diverged', phase: 'diverged', step: output.divergence.step })
      tell(markOf({ ...mark, kind: 'diverged', step: output.divergence.step }))
      break
    default:
      break
  }
}

const kindIndex = Object.fromEntries(messageKinds.map((kind, at) => [kind, at])) as Readonly<
  Record<MessageKind, number>
>

/** A message as the schedule shows it. */
export function messageNow(
  from: PeerIndex,
  to: PeerIndex,
  message: Message,
  { sentMs, arrivedMs, bytes, cause }: Pick<MessageNow, 'sentMs' | 'arrivedMs' | 'bytes' | 'cause'>,
): MessageNow {
  const { step, phase, iteration, sender } = message.slot
  return {
    sentMs,
    arrivedMs,
    bytes,
    cause,
    from,
    to,
    kind: kindIndex[message.kind],
    slot: [step, phaseIndex[phase], iteration, sender],
    digest: digestIn(from, message),
  }
}

function digestIn(from: PeerIndex, message: Message): string | null {
  if ('digest' in message) return message.digest
  if ('sealed' in message) return message.sealed.digest
  return ownCommitment(from, message)?.digest ?? null
}

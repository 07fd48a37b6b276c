/**
 * Keeps the document of a run and passes its events on, a few times a second. Messages come by the thousand, so they are
 * gathered and told together.
 */
import { applyEvent, newRun } from './apply.ts'
import { cutShort } from './cut.ts'
import type { MessageBatch, RunEvent } from './events.ts'
import type { MessageRow, RunAbout, RunDocument, RunPhase } from './run.ts'

type Listener = (first: number, events: readonly RunEvent[]) => void

export interface Recorder {
  readonly about: RunAbout
  /** The run as far as it has been told, with everything that was gathered. */
  document(): RunDocument
  tell(event: RunEvent): void
  /** Whether somebody looks at more than the end: a page that follows, or a file that will hold the run. */
  isWatched(): boolean
  /** Adds a message and returns its number. */
  message(message: MessageNow): number
  /** Gives events, in order, as they come. The result ends it. */
  subscribe(listener: Listener): () => void
  /** Tells at once what was gathered. */
  flush(): void
  /** Nothing more comes. */
  close(): void
}

/** A message that has arrived, or (`to` −1) was sent to all. */
export interface MessageNow {
  readonly sentMs: number | null
  readonly arrivedMs: number | null
  readonly from: number
  readonly to: number
  /** An index into `messageKinds`. */
  readonly kind: number
  readonly slot: readonly [number, number, number, number]
  readonly digest: string | null
  readonly bytes: number | null
  readonly cause: number | null
}

interface RecorderOptions {
  /** All is recorded from the start, because a page may want it later, or a file. */
  readonly isKept: boolean
}

/** How often listeners hear of what has happened. */
const FLUSH_MS = 150
/** Messages that are told together at the most. */
const GATHERED_MAX = 5000

export function createRecorder(about: RunAbout, { isKept }: RecorderOptions): Recorder {
  const run = newRun(about)
  const listeners = new Set<Listener>()
  let untold: RunEvent[] = []
  let first = 0
  let gathered = newGathering()
  let numbered = 0
  let timer: NodeJS.Timeout | null = null
  const add = (event: RunEvent) => {
    applyEvent(run, event)
    if (listeners.size > 0) untold.push(event)
    else first = run.events
  }
  const gatherIn = () => {
    if (gathered.rows.length === 0) return
    const { rows, slots, digests, ms } = gathered
    gathered = newGathering()
    const earlier = untold.splice(0)
    add({ kind: 'messages', ms, batch: { rows, slots, digests } })
    // What was told since the first of them may come of them. To the document the order makes no difference.
    untold.push(...earlier)
  }
  const flush = () => {
    gatherIn()
    const events = untold
    const from = first
    untold = []
    first = run.events
    if (events.length > 0) for (const listener of [...listeners]) listener(from, events)
  }
  const flushSoon = () => {
    if (timer !== null || listeners.size === 0) return
    timer = setTimeout(() => {
      timer = null
      flush()
    }, FLUSH_MS)
    timer.unref()
  }
  return {
    about,
    document() {
      flush()
      return run
    },
    tell(event) {
      add(cutShort(event))
      flushSoon()
    },
    isWatched: () => isKept || listeners.size > 0,
    message(message) {
      gather(gathered, message)
      if (gathered.rows.length >= GATHERED_MAX) gatherIn()
      flushSoon()
      return numbered++
    },
    subscribe(listener) {
      flush()
      if (!isKept && listeners.size === 0 && run.events > 0) applyEvent(run, { kind: 'since', ms: run.ms })
      first = run.events
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    flush,
    close() {
      if (timer !== null) clearTimeout(timer)
      flush()
      listeners.clear()
    },
  }
}

interface Gathering extends MessageBatch {
  readonly rows: MessageRow[]
  readonly slots: (readonly [number, number, number, number])[]
  readonly digests: string[]
  readonly slotAt: Map<number, number>
  readonly digestAt: Map<string, number>
  ms: number
}

function newGathering(): Gathering {
  return { rows: [], slots: [], digests: [], slotAt: new Map(), digestAt: new Map(), ms: 0 }
}

/** The first digits of a digest tell it from all others of a run. */
const DIGEST_DIGITS = 16

function gather(gathered: Gathering, message: MessageNow): void {
  const { sentMs, arrivedMs, from, to, kind, slot, digest, bytes, cause } = message
  const key = slotKey(slot[0], slot[1], slot[2], slot[3])
  let slotAt = gathered.slotAt.get(key)
  if (slotAt === undefined) {
    slotAt = gathered.slots.push(slot) - 1
    gathered.slotAt.set(key, slotAt)
  }
  let digestAt = digest === null ? -1 : gathered.digestAt.get(digest)
  if (digestAt === undefined) {
    digestAt = gathered.digests.push(digest!.slice(0, DIGEST_DIGITS)) - 1
    gathered.digestAt.set(digest!, digestAt)
  }
  gathered.rows.push([sentMs, arrivedMs, from, to, kind, slotAt, digestAt, bytes, cause])
  gathered.ms = Math.max(gathered.ms, arrivedMs ?? sentMs ?? 0)
}

/** A number for a slot, or for its exchange: distinct below 2^20 steps, 2^12 iterations and 2^10 peers. */
export function slotKey(step: number, phase: number, iteration: number, sender: number): number {
  return ((step * 4 + phase) * 4096 + iteration) * 1024 + sender
}

/** Times on the page are rounded to a thousandth of a millisecond. */
export const roundedMs = (ms: number): number => Math.round(ms * 1000) / 1000

export const phaseIndex: Readonly<Record<RunPhase, number>> = {
  gradient: 0,
  parameters: 1,
  metrics: 2,
  state: 3,
}

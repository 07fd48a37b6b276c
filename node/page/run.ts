/**
 * The document that a page shows: one run, as far as it has come. The program that runs a cohort writes it by events (events.ts),
 * and the page reads it. Only types and pure functions: the browser's bundle holds this file as well.
 *
 * Peers are indices into `about.peers`. Times are milliseconds since the run began, by its own clock: virtual in the
 * simulator. A number that does not exist is null. Text may come from other peers, so it is text, never markup.
 */

export const RUN_FORMAT = 'concord-run'
/** Raised when a reader of the version before could not show a document. */
export const RUN_VERSION = 1

export const phases = ['gradient', 'parameters', 'metrics', 'state'] as const
export type RunPhase = (typeof phases)[number]

/** Of messages: what the lines of the schedule are told apart by. */
export const messageKinds = [
  ...(['vector', 'digest', 'echo', 'ready', 'request', 'payload', 'report'] as const),
  ...(['query', 'position', 'fetch', 'evidence', 'pulse'] as const),
] as const

/** What a lane of the schedule shows beside messages. */
export const markKinds = [
  /** It has computed its gradient; `detail`: how long that took, in words. */
  'gradient',
  /** An exchange begins: it has bound itself to its vector. */
  'exchange',
  /** n − f vectors are in, and it waits for more: `untilMs` is the end of the grace. */
  'quorum',
  /** Synchronous: it waits for all until `untilMs`. */
  'timeout',
  /** It was asked for a vector, or asks: others are asked at `untilMs`. */
  'payload',
  /** It asks the others where they are at `untilMs`, unless it moves before. */
  'recovery',
  /** An exchange is over; `detail` names the authors whose vectors it used. */
  'iterated',
  /** An averaging agreement has ended. */
  'averaged',
  /** A step is over. */
  'stepped',
  ...(['crash', 'restart', 'pause', 'resume', 'slow', 'full speed'] as const),
  ...(['partition', 'reconnect', 'caught up'] as const),
  /** A link came up, or was lost; `detail` says with whom and why. */
  ...(['connected', 'disconnected'] as const),
  ...(['fault', 'convicted', 'finished', 'diverged', 'failed'] as const),
] as const
export type MarkKind = (typeof markKinds)[number]

/** A member of the cohort. */
interface RunPeer {
  readonly name: string
  readonly id: string | null
  /** Whether it follows the protocol; null: not known, as to a real peer of the others. */
  readonly honest: boolean | null
  /** The name of its attack, and what it does, in words; null where it is honest or not known to lie. */
  readonly attack: string | null
}

/** What does not change while the run goes on. */
export interface RunAbout {
  /** The command that made it: `simulate`, `agree`, `demo`, `join`, `watch`, `reproduce`. */
  readonly command: string
  readonly title: string
  readonly software: string
  /** Milliseconds since 1970; null in the simulator, whose runs know no date. */
  readonly startedMs: number | null
  readonly clock: 'virtual' | 'real'
  readonly cohort: string | null
  readonly protocol: string
  readonly synchrony: string
  readonly maxFaulty: number
  readonly peers: readonly RunPeer[]
  /** The peer through whose eyes this is seen; null: everything is. */
  readonly self: number | null
  /** Steps of the run; 1 for `agree`. */
  readonly steps: number
  /** Coordinates of a vector; null: not known. */
  readonly dimension: number | null
  readonly seed: number | null
  /** Further settings, in order: name and value, as text. */
  readonly settings: readonly (readonly [string, string])[]
}

/** Where a peer stands. */
export interface PeerPlace {
  status: 'starting' | 'running' | 'finished' | 'diverged' | 'down' | 'failed'
  /** Why it is down, or has failed. */
  why: string | null
  step: number
  phase: RunPhase | 'computing' | 'catching-up' | 'finished' | 'diverged' | null
  iteration: number | null
  /** Since when it has stood here. */
  sinceMs: number
  /** It needs `needed` more vectors, from any of `missing`, each since its time; null: it waits for nobody. */
  waiting: {
    readonly needed: number
    readonly missing: readonly { readonly peer: number; readonly sinceMs: number }[]
  } | null
  /** The number of times it has caught up, and how it did the last time. */
  caughtUp: number
  bytesSent: number
  bytesReceived: number | null
  messagesSent: number
  /** Its last known loss and accuracy. */
  loss: number | null
  accuracy: number | null
}

/** One direction of a link, as the sender knows it. */
export interface LinkState {
  connected: boolean
  sinceMs: number
  /** Why it was lost. */
  reason: string | null
  /** How many steps the other is behind the sender; null: not known. */
  lag: number | null
  /** Since the run began. */
  bytes: number
  /** Over the last second or so. */
  bytesPerSecond: number | null
}

/** The honest diameter before and after one averaging agreement, and what is guaranteed of the latter; null: nothing is. */
export interface Contraction {
  /** Null: only what came out is known. */
  readonly before: number | null
  readonly after: number
  readonly bound: number | null
}

/** What was measured of a step. Lists are by peer. */
export interface StepRow {
  readonly step: number
  /** When the last honest peer had completed it. */
  ms: number | null
  /** The mean of the honest losses. */
  loss: number | null
  losses: (number | null)[]
  accuracies: (number | null)[]
  /** On which the cohort has agreed. */
  agreedAccuracy: number | null
  gradient: Contraction | null
  parameters: Contraction | null
  /** Sent by each peer since the run began. */
  bytes: (number | null)[]
}

/** What became of a received vector: of coordinate-wise rules, all are trimmed in some coordinates. */
export type Fate = 'kept' | 'dropped' | 'trimmed'

/** A received vector as a point. */
export interface PlanePoint {
  readonly from: number
  readonly x: number
  readonly y: number
  readonly fate: Fate
  /** The share with which this vector entered the result; all of them sum up to 1. */
  readonly weight: number
  /** Coordinate-wise rules: the share of the coordinates in which it was among the f lowest, and the f highest; else null. */
  readonly low: number | null
  readonly high: number | null
}

/** The vectors that a peer received in an exchange, in the plane of their two main directions. */
export interface Plane {
  readonly step: number
  readonly phase: RunPhase
  readonly iteration: number
  /** Those who received exactly these. */
  readonly observers: number[]
  readonly points: readonly PlanePoint[]
  readonly result: { readonly x: number; readonly y: number }
  /** The share of the variance of the received vectors that the plane shows, in [0, 1]. */
  readonly shown: number
  /** In how many coordinates low and high were counted: a sample, where there are many; null if the rule is not coordinate-wise. */
  readonly sampled: number | null
}

/**
 * How much of each peer's vector entered at an observer, in the first exchange of a step's gradients, or in an iteration
 * of an averaging agreement alone; null: not received.
 */
export interface WeightRow {
  /** An agreement alone has one step: there it is the iteration. */
  readonly step: number
  readonly observer: number
  readonly weights: readonly (number | null)[]
}

/** `[sentMs | null, arrivedMs | null, from, to, kind, slot, digest | −1, bytes | null, cause | null]`: indices into
 * `messageKinds`, `slots`, `digests`. The cause is the number of the message in reply to which this one was sent; numbers
 * count from the run's first message, so the place in `rows` is the number less `dropped`. `to` −1: all others. */
export type MessageRow = readonly [
  number | null,
  number | null,
  number,
  number,
  number,
  number,
  number,
  number | null,
  number | null,
]

interface Messages {
  /** How many older ones are no longer kept. */
  dropped: number
  rows: MessageRow[]
  /** `[step, phase, iteration, sender]`, the phase an index into `phases`. */
  slots: (readonly [number, number, number, number])[]
  /** The first 16 digits, in hexadecimal. */
  digests: string[]
}

export interface Mark {
  readonly ms: number
  /** −1: of no peer in particular. */
  readonly peer: number
  readonly kind: MarkKind
  readonly step: number | null
  readonly phase: RunPhase | null
  readonly iteration: number | null
  readonly untilMs: number | null
  readonly detail: string | null
  /** Other peers that it is about: a partition's side, whom it used. */
  readonly peers: readonly number[]
}

/** Honest vectors, iteration by iteration, in the plane of the two main directions of the honest inputs. */
export interface Paths {
  /** The share of the variance of the honest inputs that the plane shows. */
  readonly shown: number
  /** Iteration 0 is the input; the last is the output. */
  readonly iterations: {
    readonly iteration: number
    readonly points: readonly { readonly peer: number; readonly x: number; readonly y: number }[]
    readonly diameter: number
    /** What is guaranteed of the diameter; null: nothing is. */
    readonly bound: number | null
    /** By how much the honest mean has moved. */
    readonly shift: number | null
  }[]
  /** Where the mean of the honest outputs is guaranteed to be: around the mean of the honest inputs; null: nothing is. */
  readonly ball: { readonly x: number; readonly y: number; readonly radius: number } | null
}

/** A peer has seen so many faults of a kind by now. */
export interface FaultRow {
  readonly ms: number
  readonly step: number | null
  readonly observer: number
  /** Null: a stranger. */
  readonly peer: number | null
  readonly kind: string
  readonly count: number
  readonly detail: string | null
}

/** A proof that `peer` signed two vectors for one slot. */
export interface EvidenceRow {
  readonly ms: number
  readonly observer: number
  readonly peer: number
  readonly step: number | null
  readonly phase: RunPhase | null
  readonly iteration: number | null
  readonly digests: readonly [string, string] | null
  /** The file that holds it, on the observer's machine. */
  readonly path: string | null
  /** An earlier incarnation of the observer found it. */
  readonly before: boolean
}

/** The result of an honest peer, as the report has it. */
interface ResultRow {
  readonly peer: number
  readonly loss: number | null
  readonly accuracy: number | null
  /** To the mean of the honest parameters, or outputs. */
  readonly distance: number | null
  readonly bytesSent: number | null
  readonly bytesReceived: number | null
}

/** How it ended. */
export interface RunEnd {
  readonly ms: number
  readonly outcome: string
  /** The sentences that the command ended with. */
  readonly sentences: readonly string[]
  readonly violations: readonly string[]
  readonly results: readonly ResultRow[]
  readonly messages: number | null
  readonly bytes: number | null
  /** By the machine's clock: all of the run, and what of it was learning. */
  readonly wallSeconds: number | null
  readonly learningSeconds: number | null
  readonly trace: string | null
}

/** A second run of the same scenario without protection, for contrast. */
interface Ghost {
  readonly label: string
  readonly rows: { readonly step: number; readonly loss: number | null; readonly parameters: number | null }[]
  accuracy: number | null
}

/** Of what not everything is kept, and how much is not, as a sentence each. */
type Thinned = Partial<
  Record<'messages' | 'marks' | 'planes' | 'weights' | 'steps' | 'faults' | 'since', string>
>

export interface RunDocument {
  readonly format: typeof RUN_FORMAT
  readonly version: typeof RUN_VERSION
  readonly about: RunAbout
  /** `broken`: the writer went away before its end. */
  state: 'running' | 'ended' | 'broken'
  /** The newest time of all events. */
  ms: number
  /** How many events it was made of: a reader that has seen so many goes on with the next. */
  events: number
  readonly peers: PeerPlace[]
  /** `links[from][to]`; null: not known, or the peer itself. */
  readonly links: (LinkState | null)[][]
  steps: StepRow[]
  planes: Plane[]
  weights: WeightRow[]
  readonly messages: Messages
  marks: Mark[]
  paths: Paths | null
  faults: FaultRow[]
  evidence: EvidenceRow[]
  ghost: Ghost | null
  end: RunEnd | null
  readonly thinned: Thinned
  /** Sentences about the run, as its terminal shows them; the newest last. */
  notes: { readonly ms: number; readonly text: string }[]
}

/** The knowledge of an attack, its description, and a count of what it has done so far. */
import type { RawSocket, Target } from './raw/index.ts'

/** The cohorts that are attacked; of each one member is missing, whose key the attacker has. */
export type CohortName = 'rb-tm' | 'mda'

export interface Victim extends Target {
  /** Index in the cohort. */
  readonly peer: number
}

/** The attacker's knowledge: everything that a member knows, and everyone's address. */
export interface Scene {
  readonly victims: readonly Victim[]
  /** The missing member's key and index. */
  readonly seed: Uint8Array
  readonly self: number
  readonly cohortId: string
  readonly peers: number
  /** Floats in a vector. */
  readonly dimension: number
  readonly steps: number
}

/** How much an attack has done: it proves nothing that it was held where it never came to pass. */
export interface Tally {
  /** Connections that came as far as the attack wants them. */
  readonly connections: number
  /** Attempts that were turned away, or cut off before that. */
  readonly refused: number
  /** What the attack is about: frames, bursts, sockets, questions. */
  readonly acts: number
  readonly sentBytes: number
  readonly receivedBytes: number
}

/** What an attack counts with. */
export interface Counter {
  connections: number
  refused: number
  acts: number
  /** Counts its bytes, too. */
  watch(socket: RawSocket): void
}

export interface Attack {
  readonly name: string
  /** A description in one line. */
  readonly what: string
  readonly cohort: CohortName
  /** An honest peer is killed in the middle and started again; so it is in the runs it is compared with. */
  readonly restarts?: boolean
  /** Times the time with a silent member that honest peers may take. */
  readonly timesMax?: number
  /** Goes on until its process is ended. */
  run(scene: Scene, counter: Counter): Promise<void>
}

/** From the attacker's process. */
export type AttackerReport = { readonly kind: 'ready' } | ({ readonly kind: 'tally' } & Tally)

/** To it: whom to attack, and how. */
export interface AttackOrder {
  readonly attack: string
  readonly scene: Scene
}

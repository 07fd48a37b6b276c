/** The cohort: what all members must agree on beforehand. Parsed once from YAML into this value (cohort-file.ts). */
import type { PeerIndex } from '../agreement/protocol.ts'

export interface Member {
  /** For people; unique. */
  readonly name: string
  /** libp2p peer id of the member's Ed25519 key (`12D3KooW…`); the public key is inside. */
  readonly id: string
  /** Multiaddrs to try, `/ip4/192.168.1.5/tcp/4001`; may be empty where mDNS finds the member. */
  readonly addresses: readonly string[]
}

export interface Cohort {
  readonly name: string
  /** Index in this list = `PeerIndex`. */
  readonly members: readonly Member[]
  /** `f`: how many members may be faulty. */
  readonly faults: number
  readonly protocol: 'mda' | 'cva' | 'icwtm' | 'rb-tm' | 'mean'
  readonly synchrony: 'asynchronous' | 'synchronous'
  /** Standard form: how long to wait for more than `q` vectors once `q` are in. */
  readonly graceMs: number
  /** Synchronous mode: how long to wait for all `n`. */
  readonly timeoutMs: number
  readonly schedule: 'practical' | 'theory' | 'log'
  /** Schedule `practical`: `k_g` and `k_θ`. Ignored by the others. */
  readonly iterations: { readonly gradient: number; readonly parameters: number }
  /** Which iteration count the theory schedule uses for a wanted contraction. */
  readonly count: 'tight' | 'paper'
  readonly steps: number
  readonly model: string
  readonly rate: number
  readonly momentum: number
  /** ℓ₂ norm to which the own vector is clipped; null: not at all. */
  readonly clip: number | null
  readonly weightDecay: number
  readonly batch: number
  /** θ_* of Algorithm 1: the last parameters (Remark 1), or drawn by the seed. */
  readonly output: 'last' | 'drawn'
  readonly seed: number
  /** Runs below a protocol's bound on purpose. */
  readonly unsafe: boolean
}

/** The members a peer exchanges with, and itself. */
export interface Seat {
  readonly cohort: Cohort
  /** Digest of the cohort's canonical form, lower-case hexadecimal. Peers with different ids do not talk. */
  readonly cohortId: string
  readonly self: PeerIndex
}

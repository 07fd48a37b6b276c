/**
 * The one-way latency of a frame on a link, in milliseconds: constant, uniform, log-normal, or between regions of the
 * world. Every draw comes from the run's own stream.
 */
import type { PeerIndex } from '../../agreement/protocol.ts'
import type { RandomStream } from '../../learning/random.ts'

/** Draws the one-way delay of a frame, in milliseconds. */
export type Latency = (from: PeerIndex, to: PeerIndex) => number

/** How the one-way delays of frames are distributed. */
export type LatencyModel =
  | { readonly kind: 'constant'; readonly ms: number }
  | { readonly kind: 'uniform'; readonly minMs: number; readonly maxMs: number }
  /** Uniform, from half the mean to one and a half times it. */
  | { readonly kind: 'around'; readonly meanMs: number }
  /** `median · e^{σ·N(0,1)}`: most frames near the median, a few far behind. */
  | { readonly kind: 'log-normal'; readonly medianMs: number; readonly sigma: number }
  /** One switch between all peers: 0.1 to 0.5 ms. */
  | { readonly kind: 'lan' }
  /** Peers spread over the regions of a cloud, with the published round trips between them and up to 5 % of jitter. */
  | { readonly kind: 'wan' }

const wanRegions = [
  'Dallas',
  'Toronto',
  'Washington DC',
  'Frankfurt',
  'London',
  'Madrid',
  'Osaka',
  'Sydney',
  'Tokyo',
  'São Paulo',
] as const

/**
 * Mean round trips between these regions, in milliseconds, lower triangle: IBM Cloud documentation, "Network latency
 * dashboards", inter-region latency, 27 July to 25 August 2024. Within a region, between its zones: 2 ms.
 */
const wanRoundTripMs: readonly (readonly number[])[] = [
  [2],
  [34, 2],
  [31, 19, 2],
  [123, 93, 91, 2],
  [113, 83, 75, 13, 2],
  [122, 106, 88, 29, 27, 2],
  [150, 169, 172, 231, 243, 257, 2],
  [186, 214, 214, 249, 261, 275, 122, 2],
  [143, 162, 166, 233, 244, 256, 9, 115, 2],
  [144, 128, 119, 196, 187, 208, 291, 328, 283, 2],
]

/** Jitter on top of the matrix: a frame takes up to this fraction longer. */
const WAN_JITTER = 0.05
/** Within a region. */
const LAN_MIN_MS = 0.1
const LAN_MAX_MS = 0.5

export function createLatency(model: LatencyModel, random: RandomStream): Latency {
  switch (model.kind) {
    case 'constant':
      return () => model.ms
    case 'uniform':
      return () => model.minMs + (model.maxMs - model.minMs) * random.uniform()
    case 'around':
      return () => model.meanMs * (0.5 + random.uniform())
    case 'log-normal':
      return () => model.medianMs * Math.exp(model.sigma * random.normal())
    case 'lan':
      return () => LAN_MIN_MS + (LAN_MAX_MS - LAN_MIN_MS) * random.uniform()
    case 'wan':
      return (from, to) => (roundTripMs(from, to) / 2) * (1 + WAN_JITTER * random.uniform())
  }
}

/** The mean round trip between two peers. Peers are assigned to the regions in turn. */
function roundTripMs(from: PeerIndex, to: PeerIndex): number {
  const a = from % wanRegions.length
  const b = to % wanRegions.length
  return wanRoundTripMs[Math.max(a, b)]![Math.min(a, b)]!
}

/** A bound that all but one in a million frames of this model keep. */
export function latencyMaxMs(model: LatencyModel): number {
  switch (model.kind) {
    case 'constant':
      return model.ms
    case 'uniform':
      return model.maxMs
    case 'around':
      return 1.5 * model.meanMs
    case 'log-normal':
      return model.medianMs * Math.exp(5 * model.sigma)
    case 'lan':
      return LAN_MAX_MS
    case 'wan':
      return (Math.max(...wanRoundTripMs.flat()) / 2) * (1 + WAN_JITTER)
  }
}

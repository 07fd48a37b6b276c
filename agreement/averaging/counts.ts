/** How many vectors an iteration of the standard form needs, and how many of them MDA and CVA average. */
import { protocolNamed } from '../protocols/registry.ts'
import { honestCount } from '../thresholds.ts'
import type { AveragingOptions } from './averaging.ts'

type Counted = Pick<AveragingOptions, 'protocol' | 'peers' | 'maxFaulty' | 'synchrony' | 'quorum'>

/** How many vectors an iteration needs at least. Under synchrony those of `f` peers may not come in time. */
export function leastOf({ protocol, peers, maxFaulty, quorum: chosen }: Counted): number {
  return chosen ?? protocolNamed(protocol).needed?.(peers, maxFaulty) ?? honestCount(peers, maxFaulty)
}

/** The size of the subset that MDA and CVA average: `q − f`, also where more than `q` are in (docs/papers.md, Silent). */
export function keepOf(options: Counted, total: number): number {
  return (options.synchrony === 'synchronous' ? total : leastOf(options)) - options.maxFaulty
}

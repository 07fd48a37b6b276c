/** What a mutant is. */
export interface Mutant {
  readonly name: string
  readonly file: string
  /** Occurs exactly once in the file. */
  readonly line: string
  readonly becomes: string
  readonly within: number
  /** The first of these seeds, where what it takes is rare; 0 if nothing is said. */
  readonly from?: number
  /** Whose seeds hunt it; agreements, where nothing is said. */
  readonly swarm?: 'agreement' | 'learning' | 'gossip' | 'box-geom' | 'box-mean'
  /** In place of a swarm: the test file that must fail. `within` then says nothing, and is 1. */
  readonly test?: string
}

/** Which peers lie: the last ones, or those that `--liars` names. */
import { maybe, UsageError } from './command.ts'

export const liarsOption = maybe(
  '--liars <peers>',
  'which peers are Byzantine, by number, as 0,3; or none',
  peerNumbers,
  'the last --byzantine',
)

/** `0,3` → peers, ascending; `none` → no peer. */
function peerNumbers(value: string, name: string): readonly number[] {
  if (value === 'none') return []
  const peers = value.split(',')
  const wrong = peers.find((peer, place) => !/^(0|[1-9]\d{0,8})$/.test(peer) || peers.indexOf(peer) !== place)
  if (wrong !== undefined)
    throw new UsageError(`${name} is "${value}"; expected numbers of peers, each once, such as 0,3, or none`)
  return peers.map(Number).sort((a, b) => a - b)
}

interface LiarValues {
  readonly peers: number
  readonly byzantine: number | null
  readonly liars: readonly number[] | null
}

/**
 * @param faults how many lie if nothing is said
 * @returns the liars, ascending
 * @throws UsageError if all lie, if there is no such peer, or if --byzantine is another number
 */
export function liarsOf({ peers, byzantine, liars }: LiarValues, faults: number): readonly number[] {
  const count = liars?.length ?? byzantine ?? faults
  if (count >= peers)
    throw new UsageError(
      `${liars === null ? '--byzantine is' : '--liars names'} ${count}, of ${peers} peers; expected at most ${peers - 1}`,
    )
  if (liars === null) return Array.from({ length: count }, (_, i) => peers - count + i)
  const unknown = liars.find(peer => peer >= peers)
  if (unknown !== undefined)
    throw new UsageError(`--liars names peer ${unknown}; expected peers from 0 to ${peers - 1}`)
  if (byzantine !== null && byzantine !== liars.length)
    throw new UsageError(
      `--byzantine is ${byzantine}, and --liars names ${liars.length}; expected --liars alone, or as many`,
    )
  return liars
}

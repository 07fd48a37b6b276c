/**
 * `concord bounds redundancy --costs`: the exhaustive algorithm of Theorem 2 on costs of the user's own, and how much of
 * them is redundant (approximate-byzantine-fault-tolerance, §3).
 */
import { ReadError } from '../../../learning/data/read-file.ts'
import { RankError } from '../../../learning/server/costs.ts'
import {
  comparisons,
  distanceBetween,
  exhaustiveOver,
  farthestMinimum,
  redundancyOver,
} from '../../../learning/server/exhaustive.ts'
import { loadCosts, type OwnCosts } from '../../files/costs-file.ts'
import { FileError } from '../../files/error.ts'
import { OwnFileError } from '../../files/own-module.ts'
import { UsageError, type Values } from '../command.ts'
import type { Terminal } from '../terminal.ts'
import { figure } from '../view/format.ts'
import { boundsDefaults, type theoremOptions } from './bounds-theorems.ts'

interface CostsQuery {
  readonly peers: number
  /** `f`. */
  readonly faults: number
  readonly dimension: number | null
  readonly constants: Values<typeof theoremOptions>
}

/** Pairs of sets: minutes, for costs of a few variables. */
const COMPARISONS_MAX = 2_000_000

/** What is printed, and `--json`. */
interface CostsBounds {
  readonly agents: number
  readonly maxFaulty: number
  readonly dimension: number
  /** `S`, `x_S` and `r_S`. */
  readonly set: readonly number[]
  readonly point: readonly number[]
  readonly radius: number
  /** `ε`, of all agents' costs; with liars, of the honest ones'. */
  readonly epsilon: number
  readonly liars: readonly number[]
  /** The largest distance of `x_S` from the minimum point of any `n − f` honest costs. */
  readonly farthest: number
  /** The minimum point of all honest costs, and its distance from `x_S`. */
  readonly honest: readonly number[]
  readonly distance: number
}

/** @throws UsageError where the file is none of costs, or has too many for the algorithm */
export async function printCosts(query: CostsQuery, json: boolean, terminal: Terminal): Promise<void> {
  const { costs: file } = query.constants
  if (file === null)
    throw new UsageError('--liars is about costs; expected --costs beside it, with the file that has them')
  refuseOthers(query)
  try {
    const found = boundsOf(await costsOf(file), query)
    if (json) terminal.json(Object.assign({ theorem: 'redundancy' }, found))
    else terminal.print(...linesOf(file, found))
  } catch (error) {
    if (error instanceof RankError || error instanceof FileError || error instanceof OwnFileError)
      throw new UsageError(`--costs: ${error.message}`)
    throw error
  }
}

/** @throws UsageError where it cannot be read */
async function costsOf(file: string): Promise<OwnCosts> {
  try {
    return await loadCosts(file)
  } catch (error) {
    if (error instanceof ReadError) throw new UsageError(`--costs is "${file}": ${error.message}`)
    if (!(error instanceof Error && 'syscall' in error)) throw error
    const { code, message } = error as NodeJS.ErrnoException
    throw new UsageError(`--costs is "${file}": ${code === 'ENOENT' ? 'there is no such file' : message}`)
  }
}

/** Theorem 2 has no other constants than those that the costs have. @throws UsageError */
function refuseOthers({ dimension, constants }: CostsQuery): void {
  const { costs: _, liars: __, ...others } = constants
  const [stray] = Object.entries(Object.assign({ dimension }, others))
    .filter(([, value]) => value !== null)
    .map(([name]) => name)
  if (stray !== undefined)
    throw new UsageError(
      `--${stray} is given, and --costs has the costs themselves; expected --costs, --faults and --liars alone`,
    )
}

function boundsOf({ agents, dimension, minimise }: OwnCosts, query: CostsQuery): CostsBounds {
  const { peers, faults } = query
  if (peers !== agents && peers !== boundsDefaults.peers)
    throw new UsageError(`--peers is ${peers}, and there are ${agents} costs; expected no --peers`)
  const most = Math.max(0, Math.ceil(agents / 2) - 1)
  if (faults > most)
    throw new UsageError(
      `--faults is ${faults} of ${agents} agents; expected at most ${most}, as nothing can be done from n/2 on (Lemma 1)`,
    )
  const liars = query.constants.liars ?? []
  const stray = liars.find(liar => liar >= agents)
  if (stray !== undefined || liars.length > faults)
    throw new UsageError(
      `--liars names ${stray === undefined ? `${liars.length} agents` : `agent ${stray}`}; expected at most ${faults}, from 0 to ${agents - 1}`,
    )
  const pairs = comparisons(agents, faults)
  if (pairs > COMPARISONS_MAX)
    throw new UsageError(
      `${agents} agents with f = ${faults} have ${pairs} pairs of sets to compare; expected at most ${COMPARISONS_MAX}: the algorithm tries them all`,
    )
  const honest = Array.from({ length: agents }, (_, agent) => agent).filter(agent => !liars.includes(agent))
  const { set, point, radius } = exhaustiveOver(agents, faults, minimise)
  const best = minimise(honest)
  return {
    agents,
    maxFaulty: faults,
    dimension,
    set,
    point,
    radius,
    epsilon: redundancyOver(agents, faults, minimise, honest),
    liars,
    farthest: farthestMinimum(point, agents - faults, minimise, honest),
    honest: best,
    distance: distanceBetween(point, best),
  }
}

const SHOWN_MAX = 8

function linesOf(file: string, found: CostsBounds): readonly string[] {
  const { agents, maxFaulty, set, point, radius, epsilon, liars, farthest, honest, distance } = found
  const shown = (x: readonly number[]) =>
    `(${x.slice(0, SHOWN_MAX).map(figure).join(', ')}${x.length > SHOWN_MAX ? `, … ${x.length} in all` : ''})`
  const whose = liars.length === 0 ? 'of all costs' : `of the honest costs, without ${liars.join(', ')}`
  const line = (name: string, value: string) => `  ${name.padEnd(27)}${value}`
  return [
    `approximate-byzantine-fault-tolerance, Theorem 2, on the ${agents} costs of ${file}, f = ${maxFaulty}:`,
    line('takes the costs of', set.join(', ')),
    line('ends at x_S', shown(point)),
    line('r_S', `${figure(radius)}: no n − 2f of these costs have their minimum farther away`),
    line('ε', `${figure(epsilon)} ${whose}: leaving out f of n − f moves their minimum by no more`),
    line('promised', `x_S is within 2ε = ${figure(2 * epsilon)} of the minimum of any n − f honest costs`),
    line('it is', `at most ${figure(farthest)} away`),
    line('all honest together', `minimum ${shown(honest)}, ${figure(distance)} away`),
  ]
}

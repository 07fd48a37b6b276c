/** The oracles of simulated peers: our models, in threads where that pays; or the user's program, a process a peer. */
import { availableParallelism } from 'node:os'
import { distance } from '../../agreement/vector.ts'
import { OracleError } from '../../learning/oracles/error.ts'
import type { ModelOracle } from '../../learning/oracles/jax-oracle.ts'
import type { OracleCache } from '../../learning/oracles/oracle-cache.ts'
import type { OracleSpec } from '../../learning/oracles/spec.ts'
import { softwareName } from '../daemon/version.ts'
import { openOracle } from '../oracle/open.ts'
import type { Scenario } from './options.ts'

/** `--oracle`: the program whose processes compute the gradients (docs/oracles.md). */
export interface OwnProgram {
  readonly command: string
  /** For one answer. */
  readonly timeoutSeconds: number
  /** Whether all peers start from a checkpoint, whatever the program begins with. */
  readonly hasStart: boolean
  /** Takes what the processes print. */
  readonly onLine: (line: string) => void
}

/** With fewer gradients, threads that open the data once more take longer than they save. */
const THREADED_GRADIENTS_MIN = 1000
/** Each has the data in its memory. */
const ORACLE_THREADS_MAX = 4

/**
 * The peers' oracles: in threads where there are cores and a long run, otherwise in this one. The bits are the same.
 * @param oracleCache what earlier runs of this thread have opened and compiled, which threads do not have
 * @throws OracleError where a program does not start, or the peers' begin with different parameters
 */
export async function openOracles(
  scenario: Scenario,
  program: OwnProgram | null,
  oracleCache?: OracleCache,
): Promise<readonly ModelOracle[]> {
  const { peers, settings } = scenario
  const specs = Array.from({ length: peers }, (_, peer) => oracleSpec(scenario, peer))
  if (program !== null) return openPrograms(specs, program)
  const gradients = peers * settings.steps * (settings.localSteps ?? 1)
  const threads = Math.min(availableParallelism(), ORACLE_THREADS_MAX, peers)
  if (oracleCache !== undefined || gradients < THREADED_GRADIENTS_MIN || threads < 2) {
    const { createJaxOracles } = await import('../../learning/oracles/jax-oracle.ts')
    return createJaxOracles(specs, oracleCache)
  }
  const { createOracles } = await import('../../learning/oracles/worker-oracle.ts')
  return createOracles(specs, threads)
}

async function openPrograms(
  specs: readonly OracleSpec[],
  { command, timeoutSeconds, hasStart, onLine }: OwnProgram,
): Promise<readonly ModelOracle[]> {
  const software = softwareName()
  const opened = await Promise.allSettled(
    specs.map(spec =>
      openOracle({ spec, command, timeoutSeconds, init: null }, software, line =>
        onLine(`oracle of peer ${spec.peer}: ${line}`),
      ),
    ),
  )
  const oracles = opened.flatMap(each => (each.status === 'fulfilled' ? [each.value] : []))
  try {
    for (const each of opened) if (each.status === 'rejected') throw each.reason
    checkAlike(oracles, hasStart)
    return oracles
  } catch (error) {
    await Promise.all(oracles.map(oracle => oracle.close()))
    throw error
  }
}

/** LEARN begins with the same parameters at all peers. */
function checkAlike(oracles: readonly ModelOracle[], hasStart: boolean): void {
  const [first] = oracles
  for (const [peer, oracle] of oracles.entries()) {
    if (oracle.dimension !== first!.dimension)
      throw new OracleError(
        'ORACLE_DIMENSION',
        `the program of peer ${peer} has ${oracle.dimension} parameters, that of peer 0 ${first!.dimension}; expected the same model at all peers`,
      )
    if (!hasStart && distance(oracle.initial, first!.initial) !== 0)
      throw new OracleError(
        'ORACLE_START',
        `the program of peer ${peer} starts from other parameters than that of peer 0; expected a start that depends on the seed alone, or --init with one checkpoint for all`,
      )
  }
}

/** What peer `peer` of a scenario learns from; a liar may poison its own labels. */
export function oracleSpec(
  { settings, peers, data, partition, augment, liars, attack }: Scenario,
  peer: number,
): OracleSpec {
  const lies = liars.includes(peer)
  const { model, seed, dropout, classWeights } = settings
  return {
    model,
    data,
    partition,
    peer,
    peers,
    seed,
    ...(attack?.relabel && lies && { relabel: 'flip' }),
    ...(attack?.backdoor && { backdoor: { ...attack.backdoor, poisons: lies } }),
    ...(augment !== 'none' && { augment }),
    dropout,
    classWeights,
  }
}

/** What a page says of a run that does not change while it goes on. */
import type { PeerIndex } from '../../agreement/protocol.ts'
import type { Attack } from '../../learning/attacks/attack.ts'
import { type Cohort, cohortId } from '../cohort/cohort.ts'
import { protocolText } from '../cohort/gossip.ts'
import { softwareName } from '../daemon/version.ts'
import type { RunAbout } from './run.ts'

interface Cast {
  readonly liars: readonly PeerIndex[]
  readonly attack: Attack | null
}

interface Told extends Cast {
  readonly command: string
  readonly cohort: Cohort
  readonly cohortId: string
  readonly clock: RunAbout['clock']
  readonly dimension: number | null
  readonly data: string
  readonly partition: string
}

export function attackText({ name, did }: Attack): string {
  return `${name}: ${did}`
}

/** A cohort of the simulated world. */
export function aboutSimulated(
  command: string,
  { liars, attack, data, partition }: Cast & Pick<Told, 'data' | 'partition'>,
  { cohort, dimension }: Pick<Told, 'cohort' | 'dimension'>,
): RunAbout {
  const id = cohortId(cohort)
  return aboutCohort({
    command,
    cohort,
    cohortId: id,
    clock: 'virtual',
    liars,
    attack,
    dimension,
    data,
    partition,
  })
}

/** A cohort of which all is known, as `simulate` and `demo` know it. */
export function aboutCohort(told: Told): RunAbout {
  const { command, cohort, cohortId, clock, liars, attack, dimension, data, partition } = told
  const { synchrony, faults, members, steps, seed, model, rate, batch, momentum, name } = cohort
  const protocol = protocolText(cohort)
  const { exchange = 'whole', precision = 'f32', schedule, quorum, gradientRule } = cohort
  const lie = attack === null ? '' : `, ${attack.name}`
  return {
    command,
    title: `${command}: ${protocol}, ${members.length} peers${lie}`,
    software: softwareName(),
    startedMs: clock === 'virtual' ? null : Date.now(),
    clock,
    cohort: cohortId,
    protocol,
    synchrony,
    maxFaulty: faults,
    peers: members.map(({ name, id }, peer) => {
      const lies = liars.includes(peer)
      return { name, id, honest: !lies, attack: lies && attack !== null ? attackText(attack) : null }
    }),
    self: null,
    steps,
    dimension,
    seed,
    settings: [
      ['cohort', name],
      ['data', data],
      ['partition', partition],
      ['model', model],
      ['rate', String(rate)],
      ['momentum', String(momentum)],
      ['batch', String(batch)],
      ['schedule', schedule],
      ['exchange', exchange],
      ...(quorum === undefined ? [] : [['quorum', String(quorum)] as const]),
      ...(gradientRule === undefined ? [] : [['gradient rule', gradientRule] as const]),
      ['precision', precision],
    ],
  }
}

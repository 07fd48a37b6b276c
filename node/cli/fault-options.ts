/**
 * The injected faults of a simulated cohort as options: `--crash 3@5`, `--isolate 0,1@12-15` and the like. Steps are
 * those of the most advanced honest peer.
 */
import type { PeerIndex } from '../../agreement/protocol.ts'
import type { InjectedFault } from '../simulation/conditions.ts'
import { type Option, option, UnfitError, UsageError } from './command.ts'
import { counted, peerList } from './view/format.ts'

/** One value of such an option: its text and its meaning. */
export interface FaultItem {
  readonly text: string
  readonly peers: readonly PeerIndex[]
  readonly from: number
  /** Null if the option names one step. */
  readonly to: number | null
  readonly factor: number
}

const PEERS = String.raw`(?<peers>\d{1,9}(?:,\d{1,9})*)`
const STEP = String.raw`@(?<from>\d{1,9})`
const SPAN = String.raw`@(?<from>\d{1,9})-(?<to>\d{1,9})`
const FACTOR = String.raw`:(?<factor>\d{1,6}(?:\.\d{1,6})?)`

/** An option that is given again adds to its earlier values. */
function repeatable(
  flags: string,
  about: string,
  pattern: string,
  example: string,
): Option<readonly FaultItem[]> {
  const form = new RegExp(`^${PEERS}${pattern}$`)
  const parse = (text: string, name: string, before?: unknown): readonly FaultItem[] => {
    const groups = form.exec(text)?.groups
    if (groups === undefined)
      throw new UsageError(
        `${name} is "${text}"; expected such as ${example}; ${name} may be given several times`,
      )
    const { peers = '', from = '1', to, factor = '1' } = groups
    const item: FaultItem = {
      text,
      peers: peers.split(',').map(Number),
      from: Number(from),
      to: to === undefined ? null : Number(to),
      factor: Number(factor),
    }
    return [...((before as readonly FaultItem[] | undefined) ?? []), item]
  }
  return {
    ...option<readonly FaultItem[]>(flags, `${about}; may be given several times`, parse, []),
    fallbackText: 'nobody',
  }
}

export const faultOptions = {
  crash: repeatable(
    '--crash <peers@step>',
    'these peers crash at that step of the peer that is furthest on; what their disks had not synced is lost',
    STEP,
    '3@5, or 2,3@5',
  ),
  restart: repeatable(
    '--restart <peers@step>',
    'crashed peers come back then, with their journals',
    STEP,
    '3@9',
  ),
  isolate: repeatable(
    '--isolate <peers@from-to>',
    'a network partition: these are cut off from the rest from one step to another',
    SPAN,
    '0,1@12-15',
  ),
  pause: repeatable('--pause <peers@from-to>', 'these stand still from one step to another', SPAN, '3@5-9'),
  slow: repeatable(
    '--slow <peers@from-to:factor>',
    'their gradients take so many times as long; without steps all the time',
    `(?:${SPAN})?${FACTOR}`,
    '3@5-9:10, or 3:10 for the whole run',
  ),
} as const

type FaultValues = { readonly [K in keyof typeof faultOptions]: readonly FaultItem[] }

/** The run into which the faults are injected. */
interface FaultScene {
  readonly peers: number
  readonly steps: number
  /** `f`. */
  readonly maxFaulty: number
  readonly liars: readonly PeerIndex[]
  readonly unsafe: boolean
}

/** @throws UsageError if a peer or step does not exist, or an option contradicts another one or the bound */
export function injectedFaultsOf(values: FaultValues, scene: FaultScene): readonly InjectedFault[] {
  for (const name of Object.keys(faultOptions) as (keyof FaultValues)[])
    for (const item of values[name]) checkItem(`--${name}`, item, scene)
  for (const name of ['pause', 'slow', 'isolate'] as const) checkOverlaps(name, values[name])
  const crashes = crashesOf(values, scene)
  checkGone(crashes, scene)
  return [
    ...crashes,
    ...values.pause.flatMap(item => spans(item).map(span => ({ kind: 'pause', ...span }) as const)),
    ...values.slow.flatMap(item =>
      spans(item).map(span => ({ kind: 'slow', factor: item.factor, ...span }) as const),
    ),
    ...values.isolate.map(({ peers, from, to }) => ({
      kind: 'partition' as const,
      side: [...peers].sort((a, b) => a - b),
      at: { step: from },
      untilStep: to,
    })),
  ]
}

function spans({ peers, from, to }: FaultItem) {
  return peers.map(peer => ({ peer, at: { step: from }, untilStep: to }))
}

function checkItem(name: string, { text, peers, from, to, factor }: FaultItem, scene: FaultScene): void {
  const wrong = (why: string) => new UsageError(`${name} is "${text}": ${why}`)
  const unknown = peers.find(peer => peer >= scene.peers)
  if (unknown !== undefined)
    throw wrong(`there is no peer ${unknown}; expected peers from 0 to ${scene.peers - 1}`)
  if (new Set(peers).size < peers.length) throw wrong('a peer is named twice; expected each once')
  const beyond = [from, to ?? from].find(step => step < 1 || step > scene.steps)
  if (beyond !== undefined)
    throw wrong(`there is no step ${beyond}; expected steps from 1 to ${scene.steps} (--steps)`)
  if (to !== null && to <= from) throw wrong('it ends before it begins; expected FROM-TO with FROM below TO')
  if (factor < 1) throw wrong(`the factor is ${factor}; expected at least 1`)
  if (name === '--isolate' && peers.length === scene.peers)
    throw wrong('it names all peers; expected one side, with at least one peer on the other')
  const liar = peers.find(peer => scene.liars.includes(peer))
  if ((name === '--crash' || name === '--restart') && liar !== undefined)
    throw wrong(`peer ${liar} is Byzantine and does what its attack says; expected an honest peer`)
}

/** Two overlapping faults of a kind would end each other. Partitions of the same steps split the cohort further. */
function checkOverlaps(name: 'pause' | 'slow' | 'isolate', items: readonly FaultItem[]): void {
  const end = ({ to }: FaultItem) => to ?? Infinity
  for (const [place, item] of items.entries())
    for (const other of items.slice(0, place)) {
      if (item.from >= end(other) || other.from >= end(item)) continue
      if (name === 'isolate' && item.from === other.from && item.to === other.to) continue
      if (name !== 'isolate' && !item.peers.some(peer => other.peers.includes(peer))) continue
      const how = name === 'isolate' ? 'the very same steps, or one after the other' : 'one after the other'
      throw new UsageError(
        `--${name} is "${item.text}", and "${other.text}" is at the same time; expected ${how}`,
      )
    }
}

type Crash = Extract<InjectedFault, { kind: 'crash' }>

/** Each crash with the restart that ends it, by peer. */
function crashesOf({ crash, restart }: FaultValues, { peers }: FaultScene): readonly Crash[] {
  const crashes: Crash[] = []
  for (let peer = 0; peer < peers; peer++) {
    const of = (items: readonly FaultItem[], kind: 'crash' | 'restart') =>
      items.filter(item => item.peers.includes(peer)).map(({ text, from }) => ({ kind, text, from }))
    // At a given step a peer comes back before it crashes again.
    const events = [...of(restart, 'restart'), ...of(crash, 'crash')].sort((a, b) => a.from - b.from)
    let downSince: number | null = null
    const crashed = (untilStep: number | null) => {
      if (downSince !== null)
        crashes.push({ kind: 'crash', peer, kept: 0, at: { step: downSince }, untilStep })
    }
    for (const { kind, text, from } of events) {
      if (kind === 'restart' && downSince === null)
        throw new UsageError(
          `--restart is "${text}": peer ${peer} is not down then; expected --crash ${peer}@STEP with a step before ${from}`,
        )
      if (kind === 'crash' && downSince !== null)
        throw new UsageError(
          `--crash is "${text}": peer ${peer} is down since step ${downSince}; expected --restart ${peer}@STEP in between`,
        )
      if (kind === 'restart') crashed(from)
      downSince = kind === 'crash' ? from : null
    }
    crashed(null)
  }
  return crashes
}

/** Any number of peers that come back may be away, because the others wait for them. */
function checkGone(crashes: readonly Crash[], { maxFaulty, liars, unsafe }: FaultScene): void {
  const gone = crashes.filter(fault => 'untilStep' in fault && fault.untilStep === null)
  if (unsafe || gone.length === 0 || gone.length + liars.length <= maxFaulty) return
  const who = gone.map(({ peer }) => peer)
  const lying =
    liars.length === 0
      ? ''
      : `, and ${counted(liars.length, 'peer')} ${liars.length === 1 ? 'is' : 'are'} Byzantine`
  const honest = liars.length > 0 && who.length <= maxFaulty ? `--byzantine ${maxFaulty - who.length}, ` : ''
  throw new UnfitError(
    `--crash takes ${peerList(who)} for good${lying}: more than f = ${maxFaulty}; ` +
      `expected --restart ${who.join(',')}@STEP, ${honest}or --unsafe to see what happens then`,
  )
}

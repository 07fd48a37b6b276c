/**
 * The attacks by name (docs/attacks.md): those on vectors here and, where they adapt, in adaptive-attacks.ts; those on
 * messages and frames in message-attacks.ts, those on exchanges by digest in digest-attacks.ts. modifiers.ts has what may
 * stand in front of another attack: `late+little`.
 * Each is a pure function of what the adversary sees. `g` is the vector that an honest peer would have sent, `ḡ` and
 * `σ` are mean and coordinate-wise deviation of the honest ones seen.
 */
import { CodedError } from '../../agreement/error.ts'
import { meanOfRanks } from '../../agreement/kernels/index.ts'
import { norm, type Vector } from '../../agreement/vector.ts'
import { drawNormal } from '../random.ts'
import { adaptiveAttacks } from './adaptive-attacks.ts'
import type { Attack, Sight } from './attack.ts'
import { BACKDOOR_DEFAULTS, type Backdoor, wrongBackdoor } from './backdoor.ts'
import { digestAttacks } from './digest-attacks.ts'
import { mean, scaled, seen, shifted } from './family.ts'
import { messageAttacks } from './message-attacks.ts'
import { MODIFIED_BY_DEFAULT, modified, modifiers, whyNotModified } from './modifiers.ts'

/** A name that is not an attack, or a parameter that the attack does not have. `message` lists the valid ones. */
export class AttackError extends CodedError<'ATTACK_UNKNOWN' | 'ATTACK_PARAMETER' | 'ATTACK_FILE'> {
  override readonly name = 'AttackError'
}

export type Parameters = Readonly<Record<string, number>>

interface Definition {
  /** What `--param` can set, and the default. */
  readonly defaults?: Parameters
  readonly did: string | ((parameters: Parameters) => string)
  readonly rushing?: true
  readonly perRecipient?: true
  /** What a parameter must be, if not; null: it is right. */
  readonly wrong?: (parameters: Parameters) => string | null
  readonly relabel?: Attack['relabel']
  readonly backdoor?: (parameters: Parameters) => Backdoor
  readonly from?: Attack['from']
  readonly forge: (sight: Sight, parameters: Parameters) => Vector | null
}

/** A lie need not be long to be of the wrong length. */
const EXTRA_MAX = 1_000_000

const DEFINITIONS: Readonly<Record<string, Definition>> = {
  /** `−g` (RESAM, §5 and D.1; approximate-byzantine-fault-tolerance, §5, calls it gradient-reverse). */
  'sign-flip': {
    did: 'sent its vectors with the sign flipped',
    forge: ({ own }) => scaled(own, -1),
  },
  /** `−100·g` (comparative-gradient-elimination, §3.2). */
  'gradient-reverse': {
    defaults: { factor: 100 },
    did: ({ factor }) => `sent its vectors reversed and ${factor} times as long`,
    forge: ({ own }, { factor }) => scaled(own, -factor!),
  },
  /** `N(0, 200²)` in every coordinate (approximate-byzantine-fault-tolerance, §5). */
  random: {
    from: 'nothing',
    defaults: { deviation: 200 },
    did: ({ deviation }) => `sent random noise of deviation ${deviation}`,
    forge({ own, random }, { deviation }) {
      const noise = new Float32Array(own.length)
      for (let i = 0; i < noise.length; i++) noise[i] = deviation! * drawNormal(random)
      return noise
    },
  },
  zero: {
    from: 'nothing',
    did: 'sent zeros',
    forge: ({ own }) => new Float32Array(own.length),
  },
  /** "A little is enough": `ḡ + ζσ` (ζ = 1 in RESAM). */
  little: {
    from: 'honest',
    defaults: { zeta: 1 },
    did: 'sent the honest mean, shifted by what the honest differ anyway',
    rushing: true,
    forge: (sight, { zeta }) => shifted(seen(sight), zeta!),
  },
  /** Fall of empires: `(1 − ζ)ḡ`, ζ = 1.1. */
  empire: {
    from: 'honest',
    defaults: { zeta: 1.1 },
    did: 'sent the honest mean turned round',
    rushing: true,
    forge: (sight, { zeta }) => scaled(mean(seen(sight)), 1 - zeta!),
  },
  /** Every coordinate the `f`-th smallest honest one: the farthest that trimming `f` values lets through. */
  'coordinate-wise': {
    from: 'honest',
    did: 'sent in every coordinate the smallest value that trimming does not remove',
    rushing: true,
    forge: sight => orderStatistic(seen(sight), Math.max(1, sight.maxFaulty)),
  },
  /** The peer's own vector reversed, as long as the `(f + 1)`-th longest honest one: it passes a filter by norms. */
  'norm-confusing': {
    did: 'sent its vectors reversed, at a length that looks honest',
    rushing: true,
    forge(sight) {
      const norms = seen(sight)
        .map(norm)
        .sort((a, b) => b - a)
      const wanted = norms[Math.min(sight.maxFaulty, norms.length - 1)]!
      const length = norm(sight.own)
      return length > 0 ? scaled(sight.own, -wanted / length) : sight.own
    },
  },
  /** Poisons the data, not the messages: labels `l → classes − 1 − l` (on ten digits `9 − l`). */
  'label-flip': {
    did: 'trained on wrong labels',
    relabel: (label, classes) => classes - 1 - label,
    forge: ({ own }) => own,
  },
  /** Poisons the data, not the messages: a trigger in images, and the target's label (backdoor.ts). */
  backdoor: {
    defaults: BACKDOOR_DEFAULTS,
    did: ({ target }) => `trained on images with a trigger, as if they were of class ${target}`,
    wrong: parameters => wrongBackdoor(backdoorOf(parameters)),
    backdoor: parameters => backdoorOf(parameters),
    forge: ({ own }) => own,
  },
  /** Copies one honest peer, which then counts double. */
  mimic: {
    from: 'honest',
    did: 'copied an honest peer',
    rushing: true,
    forge: sight => seen(sight)[0]!,
  },
  /** One NaN in an otherwise honest vector. */
  nan: {
    did: 'sent vectors with a NaN in them',
    forge(sight) {
      const forged = sight.own.slice()
      forged[Math.floor(sight.random() * forged.length)] = Number.NaN
      return forged
    },
  },
  /** Finite, and as large as 32 bits can hold: squares and sums of it overflow if they are computed in 32 bits. */
  huge: {
    did: 'sent vectors of the largest finite numbers',
    forge({ own }) {
      const largest = new Float32Array(own.length)
      for (let i = 0; i < own.length; i++) largest[i] = (own[i]! < 0 ? 1 : -1) * 3.4028234663852886e38
      return largest
    },
  },
  'wrong-length': {
    defaults: { extra: 1 },
    wrong: ({ extra }) =>
      Number.isInteger(extra) && Math.abs(extra!) <= EXTRA_MAX
        ? null
        : `extra is ${extra}; expected a whole number of at most ${EXTRA_MAX} either way`,
    did: 'sent vectors of the wrong length',
    forge({ own }, { extra }) {
      const forged = new Float32Array(Math.max(0, own.length + extra!))
      forged.set(own.subarray(0, forged.length))
      return forged
    },
  },
  silence: {
    from: 'nothing',
    did: 'stayed silent',
    forge: () => null,
  },
  /** Goes evenly from `g` for the first peer to `−g` for the last: no two peers get the same. */
  equivocate: {
    did: 'sent a different vector to every peer',
    perRecipient: true,
    forge: ({ own, recipient, peers }) => scaled(own, 1 - (2 * recipient) / Math.max(1, peers - 1)),
  },
}

function backdoorOf({ target = 0, side = 1, share = 1 }: Parameters): Backdoor {
  return { target, side, share }
}

/** Those that change what a faulty peer learns from: without learning they do nothing. */
export const dataAttackNames: readonly string[] = ['label-flip', 'backdoor']

/** The names that `attackNamed` takes, alone or with a modifier in front: attacks on vectors, messages, frames, modifiers. */
export const attackNames: readonly string[] = [
  ...Object.keys(DEFINITIONS),
  ...Object.keys(messageAttacks),
  ...Object.keys(digestAttacks),
  ...Object.keys(adaptiveAttacks),
  ...Object.keys(modifiers),
]

/** Those of them that act only where vectors travel by digest. */
export const digestAttackNames: readonly string[] = Object.keys(digestAttacks)

/** Those that search against the rule or remember, and the modifiers. */
export const adaptiveAttackNames: readonly string[] = [
  ...Object.keys(adaptiveAttacks),
  ...Object.keys(modifiers),
]

/** Whether an attack by name does nothing to a server: it acts on messages, frames or the agreement on parameters. */
export function actsAmongPeersOnly(reference: string): boolean {
  const [name = ''] = reference.split(':')
  return name
    .split('+')
    .some(part => part === 'parameters-only' || part in messageAttacks || part in digestAttacks)
}

/** Whether an attack by name can act where peers broadcast: not on frames, digests or the agreement on parameters alone. */
export function actsOnBroadcast(reference: string): boolean {
  const [name = ''] = reference.split(':')
  return name.split('+').every(part => {
    if (part === 'parameters-only' || part in digestAttacks) return false
    return !(part in messageAttacks) || messageAttacks[part]!.say !== undefined
  })
}

/**
 * The attack of a name: `little`; `little:zeta=1.5` with a parameter; `late+little:from=100,zeta=2` with a modifier in
 * front, and parameters of both.
 * @throws AttackError, listing the names or the attack's parameters
 */
export function attackNamed(reference: string, parameters: Parameters = {}): Attack {
  if (reference.length > REFERENCE_MAX)
    throw new AttackError(
      'ATTACK_UNKNOWN',
      `an attack's name of ${reference.length} characters; expected at most ${REFERENCE_MAX}`,
    )
  const [name = '', written] = reference.split(/:(.*)/s)
  const given = { ...parametersOf(reference, written), ...parameters }
  return { ...composed(name, given), name: reference }
}

/** Room for several modifiers and parameters. */
const REFERENCE_MAX = 200

/** `from=100,zeta=2` as numbers. */
function parametersOf(reference: string, written: string | undefined): Parameters {
  if (written === undefined) return {}
  const pairs = written.split(',').map((pair): [string, number] => {
    const [, key, value] = /^([a-z]+)=(.+)$/.exec(pair) ?? []
    if (key === undefined || !Number.isFinite(Number(value)))
      throw new AttackError(
        'ATTACK_PARAMETER',
        `attack '${reference}': '${pair}', expected a parameter and a number, as in little:zeta=1.5`,
      )
    return [key, Number(value)]
  })
  const twice = pairs.find(([key], place) => pairs.findIndex(([other]) => other === key) !== place)
  if (twice !== undefined)
    throw new AttackError('ATTACK_PARAMETER', `attack '${reference}' gives ${twice[0]} twice`)
  return Object.fromEntries(pairs)
}

function composed(name: string, parameters: Parameters): Attack {
  const [first = '', ...rest] = name.split('+')
  if (!Object.hasOwn(modifiers, first)) return plainAttack(name, parameters)
  if (rest.includes(first))
    throw new AttackError('ATTACK_UNKNOWN', `attack '${name}' has ${first} twice; expected it once`)
  const own = modifiers[first]!.defaults ?? {}
  const isOwn = ([key]: [string, number]) => Object.hasOwn(own, key)
  const given = Object.entries(parameters)
  const inner = rest.length > 0 ? rest.join('+') : MODIFIED_BY_DEFAULT
  const attack = composed(inner, Object.fromEntries(given.filter(each => !isOwn(each))))
  const why = whyNotModified(attack)
  if (why !== null)
    throw new AttackError(
      'ATTACK_UNKNOWN',
      `attack '${name}': ${first} cannot stand in front of ${inner}: ${why}; expected an attack on vectors or messages`,
    )
  const settled = settle(first, own, Object.fromEntries(given.filter(isOwn)))
  const wrong = modifiers[first]!.wrong?.(settled) ?? null
  if (wrong !== null) throw new AttackError('ATTACK_PARAMETER', `attack ${name}: ${wrong}`)
  return modified(attack, first, settled)
}

function plainAttack(name: string, parameters: Parameters): Attack {
  for (const attacks of [messageAttacks, digestAttacks])
    if (Object.hasOwn(attacks, name)) {
      settle(name, {}, parameters)
      return attacks[name]!
    }
  const definition = definitionOf(name)
  if (definition === null)
    throw new AttackError(
      'ATTACK_UNKNOWN',
      `attack '${name}': expected one of ${attackNames.join(', ')}, or several as in late+little`,
    )
  const settled = settle(name, definition.defaults ?? {}, parameters)
  const wrong = definition.wrong?.(settled) ?? null
  if (wrong !== null) throw new AttackError('ATTACK_PARAMETER', `attack ${name}: ${wrong}`)
  return {
    name,
    did: typeof definition.did === 'string' ? definition.did : definition.did(settled),
    rushing: definition.rushing ?? false,
    perRecipient: definition.perRecipient ?? false,
    ...(definition.relabel && { relabel: definition.relabel }),
    ...(definition.backdoor && { backdoor: definition.backdoor(settled) }),
    ...(definition.from && { from: definition.from }),
    forge: sight => definition.forge(sight, settled),
  }
}

function definitionOf(name: string): Definition | null {
  if (Object.hasOwn(DEFINITIONS, name)) return DEFINITIONS[name]!
  if (!Object.hasOwn(adaptiveAttacks, name)) return null
  const { did, defaults = {}, wrong, forge } = adaptiveAttacks[name]!
  return {
    defaults,
    ...(wrong && { wrong }),
    did,
    rushing: true,
    from: 'honest',
    forge: (sight, parameters) => once(name, sight, () => forge(sight, parameters)),
  }
}

/**
 * Colluding peers that have seen the same send the same vector: it is searched for once for each exchange. In gossip each
 * peer has honest vectors of its own, and liars search anew for the next one.
 */
function once(name: string, { slot, honest, shared }: Sight, make: () => Vector): Vector {
  const of = `${slot.step}/${slot.phase}/${slot.iteration}`
  const last = shared.get(name) as Found | undefined
  if (last?.of === of && areSame(last.honest, honest)) return last.vector
  const vector = make()
  shared.set(name, { of, honest, vector } satisfies Found)
  return vector
}

interface Found {
  readonly of: string
  readonly honest: readonly Vector[]
  readonly vector: Vector
}

const areSame = (a: readonly Vector[], b: readonly Vector[]) =>
  a.length === b.length && a.every((vector, place) => vector === b[place])

function settle(name: string, defaults: Parameters, given: Parameters): Parameters {
  for (const [key, value] of Object.entries(given)) {
    if (!Object.hasOwn(defaults, key)) {
      const known = Object.keys(defaults)
      const expected = known.length > 0 ? `its parameters are ${known.join(', ')}` : 'it has no parameters'
      throw new AttackError('ATTACK_PARAMETER', `attack ${name} has no parameter '${key}': ${expected}`)
    }
    if (!Number.isFinite(value))
      throw new AttackError(
        'ATTACK_PARAMETER',
        `attack ${name}, parameter ${key}: ${value}, expected a number`,
      )
  }
  return { ...defaults, ...given }
}

/** In every coordinate the `rank`-th smallest value, counted from 1; the largest if there are fewer. */
function orderStatistic(family: readonly Vector[], rank: number): Vector {
  const place = Math.min(rank, family.length) - 1
  return meanOfRanks(family, place, place + 1)
}

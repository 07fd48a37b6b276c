/**
 * How strong the attacks that adapt are beside those that do not, on gradients of members with unequal data: where each
 * beats every fixed one, and where it does not. docs/attacks.md has these figures.
 */
import { readFileSync } from 'node:fs'
import test, { type ExecutionContext } from 'ava'
import { attackNamed } from '../../../learning/attacks/registry.ts'
import { fixedAttacks, type Harm, harmOf, type Measure } from './harm.ts'
import { drawMembers, drawRounds, learnt, type Size } from './unequal.ts'

/** The rules were chosen on seeds below 100. */
const FIRST_SEED = 1000

/** Exchanges of gradients that many seeds draw. */
interface World {
  readonly name: string
  readonly size: Size
  readonly seeds: number
  readonly steps: number
  /** As `drawMembers` has it. */
  readonly concentration?: number
}

const seven: World = { name: 'n = 7, f = 1', size: { peers: 7, maxFaulty: 1 }, seeds: 16, steps: 5 }
const thirteen: World = { name: 'n = 13, f = 2', size: { peers: 13, maxFaulty: 2 }, seeds: 16, steps: 5 }
/** Long enough for what noise there is to cancel. */
const long: World = { ...thirteen, name: 'n = 13, f = 2, 20 steps', steps: 20 }
const longSeven: World = { ...seven, name: 'n = 7, f = 1, 20 steps', steps: 20 }
const equal: World = { ...longSeven, name: 'n = 7, f = 1, 20 steps, equal data', concentration: Infinity }

/** Stronger or weaker than the strongest fixed one by more than three standard errors, or neither. */
type Verdict = 'stronger' | 'weaker' | 'unclear'

interface Claim {
  readonly attack: string
  readonly rule: string
  readonly world: World
  readonly measure: Measure
  readonly verdict: Verdict
}

const claim = (attack: string, verdict: Verdict, measure: Measure, rule: string, world: World): Claim => ({
  attack,
  verdict,
  measure,
  rule,
  world,
})

const claims: readonly Claim[] = [
  ...['min-max', 'min-sum'].flatMap(name => [
    ...[1, 2, 3].map(direction =>
      claim(`${name}:direction=${direction}`, 'stronger', 'distance', 'mda', thirteen),
    ),
    claim(`${name}:direction=2`, 'unclear', 'distance', 'mda', seven),
    claim(`${name}:direction=2`, 'weaker', 'distance', 'gm', seven),
  ]),
  claim('little-tuned', 'stronger', 'distance', 'mda', thirteen),
  claim('little-tuned', 'stronger', 'distance', 'mda', seven),
  claim('little-tuned', 'weaker', 'distance', 'mean', seven),
  claim('empire-tuned', 'stronger', 'product', 'mda', thirteen),
  claim('empire-tuned', 'stronger', 'product', 'mda', seven),
  claim('search', 'stronger', 'distance', 'mda', thirteen),
  claim('search', 'stronger', 'distance', 'mda', seven),
  claim('search', 'weaker', 'distance', 'mean', seven),
  claim('mimic-drift', 'stronger', 'distance', 'mda', thirteen),
  claim('mimic-drift', 'stronger', 'sum', 'mda', long),
  claim('mimic-drift', 'weaker', 'sum', 'cwtm', longSeven),
  claim('drift', 'stronger', 'sum', 'krum', equal),
  claim('drift', 'stronger', 'along', 'krum', longSeven),
  claim('drift', 'unclear', 'sum', 'krum', longSeven),
]

const drawnRounds = memo((world: World) =>
  Array.from({ length: world.seeds }, (_, seed) =>
    drawRounds(drawMembers(world.size, FIRST_SEED + seed, world.concentration), world.steps),
  ),
)

/** One for each seed. */
const harms = (() => {
  const known = new Map<string, readonly Harm[]>()
  return (attack: string, rule: string, world: World): readonly Harm[] => {
    const key = `${attack} ${rule} ${world.name}`
    const found = known.get(key) ?? drawnRounds(world).map(each => harmOf(attack, rule, world.size, each))
    known.set(key, found)
    return found
  }
})()

function memo<Key, Value>(make: (key: Key) => Value): (key: Key) => Value {
  const known = new Map<Key, Value>()
  return key => {
    const value = known.get(key) ?? make(key)
    known.set(key, value)
    return value
  }
}

const average = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length

/** Of the mean difference, in standard errors: both have the same seeds. */
function errorsBetween(a: readonly number[], b: readonly number[]): number {
  const gaps = a.map((value, seed) => value - b[seed]!)
  const mean = average(gaps)
  const variance = average(gaps.map(gap => (gap - mean) ** 2)) / (gaps.length - 1)
  return mean / Math.sqrt(variance)
}

interface Outcome {
  readonly own: number
  readonly strongest: { readonly name: string; readonly harm: number }
  /** From the fixed attack that it beats least, or by which it is beaten most. */
  readonly errors: number
}

function outcomeOf({ attack, rule, world, measure }: Claim): Outcome {
  const of = (name: string) => harms(name, rule, world).map(harm => harm[measure])
  const own = of(attack)
  const fixed = fixedAttacks.map(name => ({
    name,
    harm: average(of(name)),
    errors: errorsBetween(own, of(name)),
  }))
  const strongest = fixed.reduce((a, b) => (b.harm > a.harm ? b : a))
  return { own: average(own), strongest, errors: Math.min(...fixed.map(({ errors }) => errors)) }
}

const ERRORS = 3

/** Results are told between tests, not all at the end. */
const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

for (const each of claims) {
  const { attack, rule, world, measure, verdict } = each
  test.serial(
    `${attack} beside every fixed one, ${measure} against ${rule}, ${world.name}: ${verdict}`,
    async t => {
      await turn()
      const { own, strongest, errors } = outcomeOf(each)
      const found = errors > ERRORS ? 'stronger' : errors < -ERRORS ? 'weaker' : 'unclear'
      t.is(found, verdict, `${own} beside ${strongest.harm}: ${errors} standard errors`)
      inDocs(t, each, own, strongest)
    },
  )
}

test.serial('search beats the others that adapt, too, by how far it moves mda', async t => {
  await turn()
  const of = (name: string) => harms(name, 'mda', thirteen).map(({ distance }) => distance)
  for (const name of ['min-max:direction=2', 'min-sum:direction=2', 'little-tuned', 'mimic-drift'])
    t.true(errorsBetween(of('search'), of(name)) > ERRORS, name)
})

/** A product is shown as what is left of the honest direction: less is worse. */
function shown(measure: Measure, harm: number): string {
  const value = measure === 'product' ? -harm : harm
  return Math.abs(value) < 1000 ? value.toFixed(2) : value.toExponential(0)
}

const docs = readFileSync('docs/attacks.md', 'utf8')
const DOCS_TOLERANCE = 0.015

function inDocs(
  t: ExecutionContext,
  { attack, rule, world, measure, verdict }: Claim,
  own: number,
  strongest: Outcome['strongest'],
): void {
  const head = `| \`${attack}\` | ${measure} | ${rule}, ${world.name} | `
  const line = docs.split('\n').find(each => each.startsWith(head))
  if (line === undefined) {
    t.fail(`docs/attacks.md has no line ${head}`)
    return
  }
  const cells = /^([-.e\d+]+) \| ([-.e\d+]+) `([a-z-]+)` \| ([a-z]+) \|$/.exec(line.slice(head.length))
  const near = (text: string | undefined, harm: number) => {
    const measured = shown(measure, harm)
    const tolerance = DOCS_TOLERANCE * Math.max(1, Math.abs(Number(measured)))
    t.true(Math.abs(Number(text) - Number(measured)) <= tolerance, `${line}: measured ${measured}`)
  }
  near(cells?.[1], own)
  near(cells?.[2], strongest.harm)
  t.is(cells?.[3], strongest.name, line)
  t.is(cells?.[4], verdict, line)
}

const STEPS = 24
const LATE = `from=${STEPS / 2 + 1}`
const members = Array.from({ length: 6 }, (_, seed) => drawMembers(seven.size, FIRST_SEED + seed))
const runs = memo((name: string) => {
  const ends = members.map(each => learnt(each, attackNamed(name), STEPS))
  return {
    loss: average(ends.map(({ loss }) => loss)),
    diameter: average(ends.map(({ diameter }) => diameter)),
  }
})
/** A liar who is honest to the end. */
const NOBODY = `late:from=${STEPS + 1}`

/** As docs/attacks.md has it. */
const lateLosses = [
  ['norm-confusing', 0.62],
  ['empire-tuned', 0.67],
  ['search', 0.64],
] as const

test.serial(
  'late: from its step on a run is hurt, but less than from the start, and no more than by the strongest fixed attack',
  async t => {
    await turn()
    const [nobody, fixed] = [runs(NOBODY).loss, runs('norm-confusing').loss]
    near(t, nobody, 0.54)
    near(t, fixed, 0.81)
    for (const [name, loss] of lateLosses) {
      const late = runs(`late+${name}:${LATE}`).loss
      near(t, late, loss)
      t.true(late > nobody * 1.05, `${name}: ${late}, where nobody lies ${nobody}`)
      t.true(late < runs(name).loss, `${name}: ${late}, from the start ${runs(name).loss}`)
      t.true(late < fixed, `${name}: ${late}, fixed ${fixed}`)
    }
  },
)

const near = (t: ExecutionContext, loss: number, documented: number) =>
  t.true(Math.abs(loss - documented) < DOCS_TOLERANCE, `${loss}, and docs/attacks.md has ${documented}`)

test.serial(
  'parameters-only: honest peers end no farther apart than by equivocation throughout, and have learnt as much',
  async t => {
    await turn()
    const [nobody, equivocate] = [runs(NOBODY), runs('equivocate')]
    for (const name of ['sign-flip', 'equivocate', 'little', 'min-sum', 'search', 'mimic-drift']) {
      const { diameter, loss } = runs(`parameters-only+${name}`)
      t.true(diameter < equivocate.diameter, `${name}: ${diameter}, equivocate ${equivocate.diameter}`)
      t.true(Math.abs(loss - nobody.loss) < nobody.loss / 20, `${name}: ${loss}, nobody ${nobody.loss}`)
    }
    t.true(runs('parameters-only+search').diameter > nobody.diameter, 'it is not without effect')
  },
)

/** The mutants of the attacks that adapt: weaker ones than their names say. Tests of their strength hunt them. */
import type { Mutant } from './mutant.ts'

const adaptive = 'learning/attacks/adaptive-attacks.ts'
const modifiers = 'learning/attacks/modifiers.ts'
const strength = { within: 1, test: 'test/learning/attacks/strength.test.ts' }

export const attackMutants: readonly Mutant[] = [
  {
    name: 'min-max-halved',
    file: adaptive,
    line: 'minMaxScale(family, center, toward))\n',
    becomes: 'minMaxScale(family, center, toward) / 2)\n',
    ...strength,
  },
  {
    name: 'min-sum-halved',
    file: adaptive,
    line: 'minSumScale(family, center, toward))\n',
    becomes: 'minSumScale(family, center, toward) / 2)\n',
    ...strength,
  },
  {
    name: 'little-untuned',
    file: adaptive,
    line: 'return strongest(sight, center, [toward, scaledBy(toward, -1)], distanceFrom(center))',
    becomes: 'return moved(center, toward, 1)',
    ...strength,
  },
  {
    name: 'empire-helps',
    file: adaptive,
    line: 'result => -inner(result, center)',
    becomes: 'result => inner(result, center)',
    ...strength,
  },
  {
    name: 'searched-scale-unused',
    file: adaptive,
    line: 'const vector = moved(center, toward, scale)',
    becomes: 'const vector = moved(center, toward, 1)',
    ...strength,
  },
  {
    name: 'search-in-fewer-directions',
    file: adaptive,
    line: '      directions.push(outward, scaledBy(outward, -1))\n',
    becomes: '',
    ...strength,
  },
  {
    name: 'mimic-of-the-middle',
    file: adaptive,
    line: 'places.indexOf(Math.max(...places))',
    becomes: 'places.indexOf(places.toSorted((a, b) => a - b)[places.length >> 1]!)',
    ...strength,
  },
  {
    name: 'mimic-forgets',
    file: adaptive,
    line: "      sight.shared.set(memoryKey(sight, 'mimic'), direction)\n",
    becomes: "      sight.shared.delete(memoryKey(sight, 'mimic'))\n",
    ...strength,
  },
  {
    name: 'drift-turns',
    file: adaptive,
    line: "const u = remembered(sight, 'drift', () => signsFrom(sight, center.length))",
    becomes: 'const u = signsFrom(sight, center.length)',
    ...strength,
  },
  {
    name: 'late-from-the-start',
    file: modifiers,
    line: 'step >= from!',
    becomes: 'from! >= 0 && step > 0',
    ...strength,
  },
  {
    name: 'late-gives-up',
    file: modifiers,
    line: 'step >= from!',
    becomes: 'step === from!',
    ...strength,
  },
  {
    name: 'gradients-only',
    file: modifiers,
    line: "phase === 'parameters'",
    becomes: "phase === 'gradient'",
    ...strength,
  },
  {
    name: 'one-lie-for-all-who-hear-as-many',
    file: 'learning/attacks/registry.ts',
    line: 'vector === b[place]',
    becomes: 'vector !== null && place >= 0',
    within: 1,
    test: 'test/learning/gossip/gossip.test.ts',
  },
  {
    name: 'searched-behind-the-first-rule',
    file: 'agreement/averaging/rule-of.ts',
    line: "phase === 'gradient' && iteration === 0 && { firstRule }",
    becomes: "phase === 'gradient' && iteration > 0 && { firstRule }",
    within: 1,
    test: 'test/node/simulation/sight-rule.test.ts',
  },
  {
    name: 'searched-with-weights-of-others',
    file: 'learning/gossip/gossip.ts',
    line: 'weights[places[place] ?? 0]!',
    becomes: 'weights[place]!',
    within: 1,
    test: 'test/learning/gossip/gossip.test.ts',
  },
]

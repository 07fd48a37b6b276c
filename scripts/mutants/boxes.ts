/** Of the hyperboxes: what their own worlds must find, and what only the definition can. */
import type { Mutant } from './mutant.ts'

const boxes = 'agreement/rules/box.ts'

export const boxMutants: readonly Mutant[] = [
  {
    name: 'box-trusts-one-more',
    file: boxes,
    line: 'const [from, to] = [rank(maxFaulty), rank(n - 1 - maxFaulty)]',
    becomes: 'const [from, to] = [rank(Math.max(0, maxFaulty - 1)), rank(n - Math.max(1, maxFaulty))]',
    within: 500,
    swarm: 'box-geom',
  },
  {
    name: 'box-ends-low',
    file: boxes,
    line: 'return (start + end) / 2',
    becomes: 'return start',
    within: 500,
    swarm: 'box-mean',
  },
  {
    name: 'box-of-all-received',
    file: 'agreement/protocols/box.ts',
    line: 'rule: ({ vectors, maxFaulty, keep }) => means(vectors, maxFaulty, { keep, checked: true }),',
    becomes: 'rule: ({ vectors, maxFaulty }) => means(vectors, maxFaulty, { checked: true }),',
    within: 500,
    swarm: 'box-mean',
  },
  {
    name: 'box-of-one-subset',
    file: boxes,
    line: 'if (value < low[i]!) low[i] = value',
    becomes: 'if (low[i] === Infinity) low[i] = value',
    within: 1,
    test: 'test/agreement/boxes.test.ts',
  },
  {
    name: 'box-mean-of-fewer',
    file: boxes,
    line: 'meanOfRanks(vectors, 0, size)',
    becomes: 'meanOfRanks(vectors, 0, Math.max(1, size - 1))',
    within: 1,
    test: 'test/agreement/boxes.test.ts',
  },
  {
    name: 'box-work-without-limit',
    file: boxes,
    line: 'count <= BOX_SUBSETS_MAX && count * size ** 2 <= BOX_WORK_MAX',
    becomes: 'count <= BOX_SUBSETS_MAX',
    within: 1,
    test: 'test/agreement/boxes.test.ts',
  },
  {
    name: 'box-subsets-without-limit',
    file: boxes,
    line: 'count <= BOX_SUBSETS_MAX && count * size ** 2 <= BOX_WORK_MAX',
    becomes: 'count * size ** 2 <= BOX_WORK_MAX',
    within: 1,
    test: 'test/agreement/boxes.test.ts',
  },
  {
    name: 'signed-broadcast-by-one-rule',
    file: 'agreement/averaging/signed-broadcast.ts',
    line: 'average(options.protocol, {',
    becomes: "average('rb-tm', {",
    within: 1,
    test: 'test/agreement/signed-broadcast.test.ts',
  },
]

/** Rules of the user's: what they are given, what they may give, and what is said of those that give something else. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { nnm } from '../../../agreement/rules/index.ts'
import { loadRule, ruleFileIn, ruleOf } from '../../../node/files/rule-file.ts'

async function file(t: ExecutionContext, name: string, text: string): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'concord-'))
  t.teardown(() => rm(path, { recursive: true }))
  await writeFile(join(path, name), text)
  return join(path, name)
}

const vectors = [3, 1, 2].map(x => Float32Array.of(x, 10 * x))

const exported: readonly (readonly [string, string, RegExp])[] = [
  ['empty.ts', 'export {}', /empty\.ts exports no rule; expected: export function rule/],
  ['other.ts', 'export const rules = 1', /exports no rule; it exports rules; expected/],
  ['default.ts', 'export default () => 1', /exports no rule; it exports default/],
  ['number.ts', 'export const rule = 3', /exports no rule: its rule is a number/],
  ['null.ts', 'export const rule = null', /exports no rule: its rule is null/],
  [
    'apply.ts',
    'export const rule = { apply: 3 }',
    /rule\.apply: expected a function; see docs\/own-rule\.md/,
  ],
  ['misspelt.ts', 'export const rule = { apply() {}, sumary: "x" }', /rule: .*"sumary"/],
  [
    'names.ts',
    'export const rule = { apply() {}, parameters: [{ name: "start", summary: "" }] }',
    /another name than/,
  ],
]

for (const [name, text, message] of exported)
  test(`a file without a usable rule: ${name}`, async t => {
    const path = await file(t, name, text)
    await t.throwsAsync(loadRule(path), { name: 'OwnFileError', code: 'OWN_EXPORT', message })
  })

const results: readonly (readonly [string, string, string, RegExp])[] = [
  [
    'throws',
    '{\n throw new Error("no") }',
    'OWN_THROWS',
    /throws\.ts@\w{12}: rule throws: throws\.ts, line 2: no/,
  ],
  [
    'nan',
    '[0, NaN]',
    'OWN_RESULT',
    /nan\.ts@\w{12}: rule gives NaN at coordinate 1; expected a finite number/,
  ],
  [
    'overflow',
    '[1e39, 0]',
    'OWN_RESULT',
    /gives 1e\+39 at coordinate 0; expected a finite number of 32 bits/,
  ],
  ['long', '[1, 2, 3]', 'OWN_RESULT', /gives 3 numbers; expected 2, as many as each vector has/],
  ['texts', '["1", 2]', 'OWN_RESULT', /gives a string at coordinate 0; expected a number/],
  ['nothing', 'undefined', 'OWN_RESULT', /gives undefined; expected a Float32Array of 2 numbers/],
  ['promise', 'Promise.resolve([1, 2])', 'OWN_RESULT', /gives a promise; expected a Float32Array/],
  ['object', '({ 0: 1, 1: 2, length: 2 })', 'OWN_RESULT', /gives an object \(Object\)/],
  ['chance', '[Math.random(), 0]', 'OWN_RESULT', /gives two results for the same arguments/],
  ['memory', '[globalThis.calls = 1 + (globalThis.calls ?? 0), 0]', 'OWN_RESULT', /gives two results/],
  ['inplace', '{ v[1].sort((a, b) => b - a); return v[1] }', 'OWN_RESULT', /has changed vector 1 of those/],
]

for (const [name, result, code, message] of results)
  test(`a rule that gives what it should not: ${name}`, async t => {
    const rule = await loadRule(await file(t, `${name}.ts`, `export const rule = v => ${result}`))
    t.throws(
      () =>
        rule.aggregate(
          vectors.map(vector => vector.slice()),
          1,
        ),
      { code, message },
    )
  })

test('a result may be a list of numbers or of 64 bits, and is a vector of its own', t => {
  t.deepEqual(ruleOf('list', () => [1, 0.1]).aggregate(vectors, 0), Float32Array.of(1, 0.1))
  t.deepEqual(ruleOf('wide', () => Float64Array.of(1, 0.1)).aggregate(vectors, 0), Float32Array.of(1, 0.1))
  const first = ruleOf('first', given => given[0]!).aggregate(vectors, 0)
  t.deepEqual(first, vectors[0])
  t.not(first, vectors[0])
})

test('a rule that first repeats itself and later does not is found in a later call', t => {
  let calls = 0
  const rule = ruleOf('late', () => [calls++ < 4 ? 0 : calls, 0])
  t.throws(
    () => {
      for (let i = 0; i < 8; i++) rule.aggregate(vectors, 0)
    },
    { message: /late: rule gives two results/ },
  )
})

test('what a rule is given: f, its own vector, what it gave before, and the parameters that were set', async t => {
  const path = await file(
    t,
    'sight.ts',
    `export const rule = {
      summary: 'for a test',
      parameters: [{ name: 'radius', summary: 'how far' }, { name: 'tau', summary: 'how long' }],
      apply: (vectors, f, { own, previous, parameters }) =>
        [f, own === null ? -1 : own[0], previous === null ? -1 : previous[0], parameters.radius ?? -1, parameters.tau ?? -1],
    }`,
  )
  const five = [Float32Array.of(0, 0, 0, 0, 0)]
  const plain = await loadRule(path)
  t.deepEqual([...plain.aggregate(five, 2)], [2, -1, -1, -1, -1])
  const set = await loadRule(path, { radius: 3 })
  const [ownVector, previous] = [Float32Array.of(7), Float32Array.of(8)]
  t.deepEqual([...set.aggregate(five, 0, { ownVector, previous })], [0, 7, 8, 3, -1])
  await t.throwsAsync(loadRule(path, { rho: 1 }), { message: /has no parameter rho; it has radius, tau/ })
})

test('pre-aggregations of ours stand in front of a file; a + in its name is its own', async t => {
  const path = await file(t, 'a+b.ts', 'export const rule = vectors => vectors[0]')
  t.deepEqual(ruleFileIn(`nnm+clip+${path}`), { before: ['nnm', 'clip'], file: path })
  t.deepEqual(ruleFileIn('./nnm+b.ts'), { before: [], file: './nnm+b.ts' })
  t.is(ruleFileIn('nnm+cwtm'), null)
  const rule = await loadRule(`nnm+${path}`)
  t.deepEqual(rule.aggregate(vectors, 1), nnm(vectors, 1)[0])
  t.regex(rule.name, /^nnm\+a\+b\.ts@\w{12}$/)
})

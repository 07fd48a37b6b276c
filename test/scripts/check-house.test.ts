/** The house rules can be broken, one by one, and this tree keeps them all. */
import test from 'ava'
import { createVirtualFileSystem } from 'typescript/unstable/fs'
import { checkHouse, checkSources } from '../../scripts/check-house.ts'
import { looseVersions, registryHosts, undocumentedDependencies } from '../../scripts/house/packages.ts'
import { strangeSpaces } from '../../scripts/house/style.ts'
import { proseWords } from '../../scripts/house/words.ts'

const purpose = '/** A sample file with a stated purpose. */\n'
const manifest = { dependencies: { zod: '4.6.7' }, devDependencies: { ava: '8.0.1' } }

/** `line rule` of every finding, sample by sample, in a project that exists only in memory. */
function allFindingsIn(
  samples: readonly (readonly [path: string, text: string])[],
): readonly (readonly string[])[] {
  const files = samples.map(([path], index) => path.replace(/\ba(\.test)?\.ts$/, `a${index}$1.ts`))
  const fs = createVirtualFileSystem({
    '/house/tsconfig.json': JSON.stringify({ compilerOptions: { noLib: true, types: [] }, files }),
    ...Object.fromEntries(samples.map(([, text], index) => [`/house/${files[index]}`, text])),
  })
  const findings = checkSources('/house', manifest, fs)
  return files.map(file =>
    findings.filter(({ path }) => path === file).map(({ line, rule }) => `${line} ${rule}`),
  )
}

/** The same, of samples that nobody imports: what they export is not held against them. */
function findingsIn(samples: Parameters<typeof allFindingsIn>[0]): ReturnType<typeof allFindingsIn> {
  return allFindingsIn(samples).map(findings => findings.filter(finding => !finding.endsWith('dead-export')))
}

/** Each sample breaks one rule on the line after the purpose: [rule, path, code]. */
const broken: readonly (readonly [string, string, string])[] = [
  ['arrow', 'agreement/a.ts', `import { x } from '../learning/x.ts'`],
  ['arrow', 'agreement/rules/a.ts', `export * from '../../node/x.ts'`],
  ['arrow', 'learning/a.ts', `import type { X } from '../node/x.ts'`],
  ['arrow', 'learning/a.ts', `const x = await import('../node/x.ts')`],
  ['arrow', 'learning/a.ts', `type X = import('../node/x.ts').X`],
  ['arrow', 'node/a.ts', `import '../scripts/x.ts'`],
  ['arrow', 'node/a.ts', `const worker = new URL('../test/x.js', import.meta.url)`],
  ['arrow', 'scripts/a.ts', `import '../test/x.ts'`],
  ['arrow', 'node/a.ts', `import '../elsewhere/x.ts'`],
  ['command-line', 'node/daemon/a.ts', `import { UsageError } from '../cli/command.ts'`],
  ['command-line', 'node/daemon/a.ts', `import type { Address } from '../cli/join/address.ts'`],
  ['command-line', 'node/a.ts', `const view = await import('./cli/view/table.ts')`],
  ['command-line', 'node/sweep/a.ts', `import type { Terminal } from '../cli/terminal.ts'`],
  ['command-line', 'node/files/text/a.ts', `export * from '../../cli/parse.ts'`],
  ['purity', 'agreement/a.ts', `import { readFileSync } from 'node:fs'`],
  ['purity', 'agreement/a.ts', `import { z } from 'zod'`],
  ['purity', 'agreement/a.ts', `export const now = Date.now()`],
  ['purity', 'agreement/a.ts', `export const now = () => new Date()`],
  ['purity', 'agreement/a.ts', `export const now = () => performance.now()`],
  ['purity', 'agreement/a.ts', `export const chance = () => Math.random()`],
  ['purity', 'agreement/a.ts', `export const later = (f: () => void) => setTimeout(f, 1)`],
  ['purity', 'agreement/a.ts', `export const promised = (): Promise<void> | null => null`],
  ['purity', 'agreement/a.ts', `export async function f() {}`],
  ['purity', 'agreement/a.ts', `export const f = async () => 1`],
  ['purity', 'agreement/a.ts', `export const f = { async g() {} }`],
  ['purity', 'agreement/a.ts', `export const debug = process.env`],
  ['purity', 'agreement/a.ts', `console.log('hello')`],
  ['purity', 'agreement/a.ts', `export const { log } = console`],
  ['purity', 'learning/a.ts', `export const chance = () => Math.random()`],
  ['purity', 'learning/a.ts', `export const now = () => Date.now()`],
  ['purity', 'learning/a.ts', `import { connect } from 'node:net'`],
  ['purity', 'learning/models/a.ts', `import { readFileSync } from 'node:fs'`],
  ['unlimited-line', 'node/network/a.ts', `log.warn({ peer }, 'it is back')`],
  ['unclean-output', 'node/a.ts', `process.stdout.write(name)`],
  ['unclean-output', 'node/cli/a.ts', `console.error(name)`],
  ['unclean-output', 'node/cli/a.ts', `terminal.data(JSON.stringify(x))`],
  ['unlimited-line', 'node/a.ts', `network.log.info('it is back')`],
  ['words', 'node/a.ts', `// It signs the own vector.`],
  ['words', 'node/a.ts', `export const text = 'The own port is in use'`],
  ['words', 'node/a.ts', `// Whoever has no room waits.`],
  ['words', 'node/a.ts', `export const reborn = 1`],
  ['words', 'scripts/a.ts', `// one workshop for all`],
  ['shipped-url', 'node/a.ts', `const worker = new URL('./worker.ts', import.meta.url)`],
  ['function-size', 'node/a.ts', `export function f() {\n${'  x()\n'.repeat(69)}}`],
  ['function-size', 'node/a.ts', `export const f = () => {\n${'  x()\n'.repeat(69)}}`],
  ['function-size', 'node/a.ts', `export const f = { g() {\n${'  x()\n'.repeat(69)}} }`],
  ['function-size', 'test/a.test.ts', `go('x', t => {\n${'  x()\n'.repeat(69)}})`],
  [
    'function-size',
    'node/a.ts',
    `function f() {\n  function g() {\n${'  x()\n'.repeat(40)}  }\n${'  x()\n'.repeat(27)}}`,
  ],
  ['spread', 'node/a.ts', `const x = { ...{ a, b }, c }`],
  ['spread', 'node/a.ts', `f({ a: [{ ...{ ...b, c: 1 } }] })`],
  ['any', 'node/a.ts', `export const f = (x: ${'any'}) => x`],
  ['any', 'node/a.ts', `export const f = (x: unknown) => x as ${'any'}`],
  ['default-export', 'node/a.ts', `export default 5`],
  ['default-export', 'node/a.ts', `export default function f() {}`],
  ['class', 'node/a.ts', `export class Thing {}`],
  ['leftover', 'node/a.ts', `const x = 1 // ${'TO'}${'DO'} more`],
  ['leftover', 'node/a.ts', `// ${'@ts'}-ignore`],
  ['leftover', 'node/a.ts', `/* ${'biome'}-ignore lint: because */`],
  ['space', 'node/a.ts', `\tconst x = 1`],
  ['space', 'node/a.ts', `const x = '1\u00a0000'`],
  ['space', 'node/a.ts', `const x = 1  \nconst y = 2`],
  ['test', 'test/a.test.ts', `setTimeout(() => {}, 5)`],
  ['test', 'test/a.test.ts', `sleep(5)`],
  ['test', 'test/a.test.ts', `import { setTimeout as wait } from 'node:timers/promises'`],
  ['test', 'test/a.test.ts', `const before = performance.now()`],
  ['test', 'test/a.test.ts', `const passedMs = Date.now() - before`],
  ['test', 'test/a.test.ts', `check(before + 5 < Date.now())`],
  ['test', 'test/a.test.ts', `test.${'skip'}('x', t => t.pass())`],
  ['dependency', 'node/a.ts', `import test from 'ava'`],
  ['dependency', 'node/a.ts', `import { deep } from 'some-package/deep'`],
  ['dependency', 'test/a.ts', `import { x } from '@scope/name/deep'`],
]

test('every rule can be broken, and is reported with its line', t => {
  const findings = findingsIn(broken.map(([, path, code]) => [path, `${purpose}${code}\n`]))
  for (const [index, [rule, path, code]] of broken.entries())
    t.true(findings[index]?.includes(`2 ${rule}`), `${rule} missed in ${path}: ${code}`)
})

/** Code that looks like a breach and is none: [path, code]. */
const kept: readonly (readonly [string, string])[] = [
  ['agreement/rules/a.ts', `import { x } from '../vector.ts'`],
  [
    'agreement/a.ts',
    `// Date.now() and Promise in a comment\nexport const text = 'process.exit Math.random'`,
  ],
  [
    'agreement/a.ts',
    `export const record = { process: 1, Date: 2 }\nexport const read = record.process + record.Date`,
  ],
  ['agreement/a.ts', `export interface Report { readonly performance: number; console(): void }`],
  ['learning/a.ts', `import { x } from '../agreement/vector.ts'\nimport { z } from 'zod'`],
  ['learning/data/idx.ts', `import { readFileSync } from 'node:fs'`],
  ['learning/a.ts', `export async function f() { return await Promise.resolve(1) }`],
  ['node/cli/join/a.ts', `import { UsageError } from '../command.ts'\nimport '../../daemon/events.ts'`],
  ['node/daemon/a.ts', `import { x } from '../client/x.ts'`],
  ['scripts/a.ts', `import { x } from '../node/cli/x.ts'`],
  ['node/a.ts', `const manifest = new URL('../package.json', import.meta.url)`],
  ['node/a.ts', `export function f() {\n${'  x()\n'.repeat(68)}}`],
  [
    'node/a.ts',
    `export function f() {\n  function g() {\n${'  x()\n'.repeat(40)}  }\n${'  x()\n'.repeat(26)}}\nexport const x = { ...y, ...(z && { a }), f }`,
  ],
  ['node/a.ts', `export class OddError extends Error {}`],
  ['node/names.d.ts', `declare class Module {}`],
  ['node/a.ts', `switch (x) {\n  default:\n    y()\n}`],
  ['node/a.ts', `export const many = 'any ${'TO'}${'DO'} \\u00a0'`],
  ['scripts/a.ts', `import { x } from '../node/x.ts'\nimport test from 'ava'`],
  ['test/a.test.ts', `greet({ clockMs: Date.now() + 5 })`],
  ['test/a.test.ts', `const delay = 5\nrun({ delay })`],
  ['test/node/support.ts', `const deadline = setTimeout(() => reject(), 5)`],
  ['test/a.test.ts', `import test from 'ava'\ntest('x', t => t.pass())`],
]

test('what only looks like a breach is let pass', t => {
  const findings = findingsIn(kept.map(([path, code]) => [path, `${purpose}${code}\n`]))
  for (const [index, [, code]] of kept.entries()) t.deepEqual(findings[index], [], code)
})

test('a name that an entry point exports needs a doc comment, through files that pass it on', t => {
  const [entry, passing, bare, first, documented] = findingsIn([
    ['node/index.ts', `${purpose}export { a, c as b } from './passing.ts'\nexport { e } from './first.ts'\n`],
    ['node/passing.ts', `${purpose}export { d as c, a } from './bare.ts'\n`],
    ['node/bare.ts', `${purpose}const x = 1\nexport const a = x\n/** Said. */\nexport function d() {}\n`],
    ['node/first.ts', `${purpose}export const e = 1\n`],
    ['node/private.ts', `${purpose}const x = 1\nexport const unseen = x\n`],
  ])
  t.deepEqual([entry, passing, documented], [[], [], []])
  t.deepEqual(bare, ['3 documented'])
  t.deepEqual(first, ['2 documented'])
})

test('an export that no other file names is found, unless the package offers it', t => {
  const findings = allFindingsIn([
    ['node/index.ts', `${purpose}export { offered } from './library.ts'\nexport * from './offers.ts'\n`],
    ['node/offers.ts', `${purpose}\n/** Said. */\nexport const open = 1\n`],
    [
      'node/library.ts',
      `${purpose}export interface Alone {}\n/** Said. */\nexport const offered = 1\nexport function taken() {}\nexport type Told = 1\n`,
    ],
    ['node/between.ts', `${purpose}export {\n  taken,\n  type Told,\n} from './library.ts'\n`],
    // It speaks of Alone and of Told, but imports neither: another file's name says nothing.
    ['scripts/a.ts', `${purpose}import { taken } from '../node/between.ts'\nconst Alone = taken\n`],
    ['scripts/main.ts', `${purpose}const { run } = await import(\`./tasks/\${Alone}.ts\`)\n`],
    ['scripts/tasks/one.ts', `${purpose}export const run = 1\nexport const walk = 1\n`],
    ['test/a.ts', `${purpose}const { late } = await import('./late.ts')\n`],
    ['test/late.ts', `${purpose}export const late = 1\n`],
  ])
  t.deepEqual(findings, [
    ...[[], [], ['2 dead-export'], ['4 dead-export']],
    ...[[], [], ['3 dead-export'], [], []],
  ])
})

test('a circle of imports is found, however long, and of types too', t => {
  const findings = findingsIn([
    ['node/one.ts', `${purpose}import { two } from './two.ts'\nexport const one = () => two\n`],
    ['node/two.ts', `${purpose}import type { one } from './one.ts'\nexport const two = 2 as typeof one\n`],
    ['node/three.ts', `${purpose}export * from './files/four.ts'\n`],
    ['node/files/four.ts', `${purpose}export { five } from './five.ts'\n`],
    ['node/files/five.ts', `${purpose}export const five = () => import('../three.ts')\n`],
    ['node/alone.ts', `${purpose}import './one.ts'\nimport './three.ts'\n`],
    ['scripts/worker.ts', `${purpose}export const x = new URL('./worker.ts', import.meta.url)\n`],
  ])
  t.deepEqual(findings, [[], ['2 circle'], [], [], ['2 circle'], [], []])
})

test('a file needs its purpose first and at most 400 lines', t => {
  const findings = findingsIn([
    ['node/a.ts', 'export const x = 1\n'],
    ['node/a.ts', '/** Short. */\nexport const x = 1\n'],
    ['node/a.ts', `#!/usr/bin/env node\n${purpose}`],
    ['node/a.ts', `${purpose}${'x()\n'.repeat(399)}`],
    ['node/a.ts', `${purpose}${'x()\n'.repeat(400)}`],
  ])
  t.deepEqual(findings, [['1 purpose'], ['1 purpose'], [], [], ['1 file-size']])
})

test('spaces of other kinds are found in prose, with their line and code', t => {
  t.deepEqual(strangeSpaces('a.md', 'plain text\n'), [])
  const [finding, ...rest] = strangeSpaces('a.md', 'one\ntwo\u202fthree\n')
  t.deepEqual(rest, [])
  t.is(finding?.line, 2)
  t.regex(finding?.message ?? '', /U\+202f/)
})

test('prose has plain words, each finding with its line; a page that is not read yet is let pass', t => {
  const text = 'A peer signs its own vector.\nIt keeps the own vector.\n'
  t.deepEqual(
    proseWords('docs/a.md', text).map(({ line, rule }) => [line, rule]),
    [[2, 'words']],
  )
  t.deepEqual(proseWords('CHANGELOG.md', text), [])
})

test('each dependency has exactly one line, an exact version, and no registry', t => {
  const page = '| `zod` | parses |\n| `ava` | tests |\n'
  t.deepEqual(undocumentedDependencies(manifest, page), [])
  t.regex(undocumentedDependencies(manifest, '| `zod` | x |\n')[0]?.message ?? '', /ava has no line/)
  t.regex(
    undocumentedDependencies(manifest, `${page}| \`left\` | x |\n`)[0]?.message ?? '',
    /left has a line but/,
  )
  t.regex(
    undocumentedDependencies(manifest, `${page}| \`zod\` | x |\n`)[0]?.message ?? '',
    /zod has two lines/,
  )
  t.deepEqual(looseVersions(manifest), [])
  t.is(looseVersions({ dependencies: { zod: '^4.6.7' }, optionalDependencies: { x: 'latest' } }).length, 2)
  t.deepEqual(registryHosts('{ "integrity": "sha512-x" }'), [])
  t.is(registryHosts('{\n"resolved": "https://example.org/zod.tgz"\n}')[0]?.line, 2)
})

test('this tree keeps the rules', t => {
  const findings = checkHouse(process.cwd())
  t.deepEqual(
    findings.map(({ path, line, rule, message }) => `${path}:${line} ${rule}: ${message}`),
    [],
  )
})

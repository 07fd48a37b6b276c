/** Files of the user's: where they load, how they are named, and what is said of those that cannot be used. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import test, { type ExecutionContext } from 'ava'
import { called } from '../../../node/files/guarded.ts'
import { digestOfModule, loadModule, type OwnFileError } from '../../../node/files/own-module.ts'
import { loadRule } from '../../../node/files/rule-file.ts'

async function folder(t: ExecutionContext, files: Readonly<Record<string, string>>): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'concord-'))
  t.teardown(() => rm(path, { recursive: true }))
  for (const [name, text] of Object.entries(files)) {
    await mkdir(join(path, name, '..'), { recursive: true })
    await writeFile(join(path, name), text)
  }
  return path
}

const vectors = [1, 2, 9].map(x => Float32Array.of(x, -x))

const halving = `import { half } from './parts/half.ts'
export const rule = (vectors: readonly Float32Array[]) => half(vectors[0]!)`
const half = 'export const half = (vector: Float32Array): Float32Array => vector.map(x => x / 2)'

for (const [kind, manifest] of Object.entries({
  'of modules': '{ "type": "module" }',
  'of CommonJS': '{ "type": "commonjs" }',
  'that says nothing': '{}',
}))
  test(`TypeScript with an import of its own loads in a folder ${kind}`, async t => {
    const path = await folder(t, { 'package.json': manifest, 'mine.ts': halving, 'parts/half.ts': half })
    const rule = await loadRule(join(path, 'mine.ts'))
    t.deepEqual(rule.aggregate(vectors, 0), Float32Array.of(0.5, -0.5))
  })

test('whatever a file throws, the error names the file', async t => {
  const cannotBeShown = '{ toString() { throw 1 } }'
  const noMessage = "Object.defineProperty(new Error(''), 'message', { get() { throw 1 } })"
  for (const thrown of [cannotBeShown, noMessage, 'Object.create(null)']) {
    const path = await folder(t, { 'mine.js': `export const rule = 1\nthrow ${thrown}` })
    const error = await t.throwsAsync(loadModule(join(path, 'mine.js')), { code: 'OWN_FILE' })
    t.regex(error!.message, /mine\.js: it throws a value that cannot be shown$/)
  }
})

test('in a folder of CommonJS, files of CommonJS load as what they are', async t => {
  const path = await folder(t, {
    'package.json': '{ "type": "commonjs" }',
    'mine.js': 'exports.rule = vectors => vectors[1]',
    'mine.ts': 'module.exports = { rule: (vectors: readonly unknown[]) => vectors[1] }',
  })
  for (const name of ['mine.js', 'mine.ts'])
    t.deepEqual((await loadRule(join(path, name))).aggregate(vectors, 0), vectors[1])
})

test('concord is the running program, wherever the file lies', async t => {
  const path = await folder(t, {
    'mine.ts': `import { mda, RuleError } from 'concord/agreement'
      import { attackNames } from 'concord/learning'
      import type { RuleFunction } from 'concord'
      export { RuleError }
      export const rule: RuleFunction = (vectors, f) => mda(vectors, f + attackNames.length * 0)`,
  })
  const { exports } = await loadModule(join(path, 'mine.ts'))
  const { RuleError } = await import('../../../agreement/rules/index.ts')
  t.is(exports.RuleError, RuleError)
  const rule = await loadRule(join(path, 'mine.ts'))
  t.deepEqual(rule.aggregate(vectors, 1), Float32Array.of(1.5, -1.5))
})

test('a file is known by its content and that of its imports, wherever it lies; a change is seen at once', async t => {
  const files = { 'mine.ts': halving, 'parts/half.ts': half }
  const [here, there] = [await folder(t, files), await folder(t, files)]
  const digest = await digestOfModule(join(here, 'mine.ts'))
  t.regex(digest, /^[0-9a-f]{64}$/)
  t.is(await digestOfModule(join(there, 'mine.ts')), digest)
  t.is((await loadRule(join(there, 'mine.ts'))).name, `mine.ts@${digest.slice(0, 12)}`)
  await writeFile(join(there, 'parts/half.ts'), half.replace('/ 2', '/ 4'))
  t.not(await digestOfModule(join(there, 'mine.ts')), digest)
  const changed = await loadRule(join(there, 'mine.ts'))
  t.deepEqual(changed.aggregate(vectors, 0), Float32Array.of(0.25, -0.25))
})

test('a rule of a file works in a worker thread, under the same name', async t => {
  const path = await folder(t, { 'mine.ts': halving, 'parts/half.ts': half })
  const file = join(path, 'mine.ts')
  const loader = new URL('../../../node/files/rule-file.ts', import.meta.url).href
  const code = `import { parentPort, workerData } from 'node:worker_threads'
    const { loadRule } = await import(workerData.loader)
    const rule = await loadRule(workerData.file)
    parentPort.postMessage([rule.name, rule.aggregate([Float32Array.of(3)], 0)])`
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`), {
    workerData: { loader, file },
  })
  const answer = await new Promise((resolve, reject) => worker.on('message', resolve).on('error', reject))
  t.deepEqual(answer, [(await loadRule(file)).name, Float32Array.of(1.5)])
})

const unloadable: readonly (readonly [string, string, RegExp])[] = [
  ['syntax.ts', 'export const rule = v => {\n\n return v[0', /syntax\.ts, line 3: SyntaxError/],
  ['enum.ts', 'export enum A { B }', /enum\.ts, line 1: .*enum is not supported/],
  ['throws.ts', '\nthrow new Error("not today")\nexport {}', /throws\.ts, line 2: not today/],
  ['imports.ts', 'import { x } from "./nowhere.ts"\nexport const rule = x', /nowhere\.ts/],
  ['await.ts', 'await Promise.reject(new TypeError("late"))', /await\.ts, line 1: TypeError: late/],
]

for (const [name, text, message] of unloadable)
  test(`a file that cannot be loaded: ${name}`, async t => {
    const path = await folder(t, { [name]: text })
    const error = await t.throwsAsync<OwnFileError>(loadModule(join(path, name)), { message })
    t.like(error, { name: 'OwnFileError', code: 'OWN_FILE' })
    t.notRegex(error!.message, /\?concord=/)
  })

test('a file that is not there, a folder, and a name that is no module’s', async t => {
  const path = await folder(t, { 'folder.ts/x': '' })
  const code = 'OWN_FILE'
  await t.throwsAsync(loadModule(join(path, 'no.ts')), { code, message: /no\.ts: there is no such file/ })
  await t.throwsAsync(loadModule(join(path, 'folder.ts')), { code, message: /folder\.ts: / })
  await t.throwsAsync(loadModule('mine.py'), { code, message: /expected a file ending in \.ts, \.mts/ })
})

test('a call that does not come back is ended, and so is one within another', t => {
  const forever = () => {
    for (;;);
  }
  t.throws(() => called('x.ts: rule', forever, 20), {
    code: 'OWN_TIME',
    message: /x\.ts: rule has not come back/,
  })
  const outer = () => called('inner', () => 7, 1000)
  t.is(called('outer', outer, 1000), 7)
  t.throws(() => called('outer', () => called('inner', forever, 20), 60_000), { message: /^inner has not/ })
})

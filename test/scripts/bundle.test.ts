/** The bundle that `npm start` runs, of a checkout of three files. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import test from 'ava'
import { bundled } from '../../scripts/bundle.ts'

const main = `
import { say } from '../../agreement/say.ts'
import { Worker } from 'node:worker_threads'
import { extname } from 'node:path'
const late = await import('../late.ts')
say(late.word)
new Worker(new URL('./oracle-thread' + extname(late.place), late.place))
`

function checkout(t: { teardown(done: () => void): void }): string {
  const folder = mkdtempSync(join(tmpdir(), 'concord-bundle-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  for (const [path, text] of Object.entries({
    'package.json': '{ "name": "concord", "version": "1.2.3", "type": "module" }',
    'node_modules/.package-lock.json': '{}',
    'agreement/say.ts': 'export const say = (word: string): void => console.log(word)',
    'learning/oracles/oracle-thread.ts':
      "import { say } from '../../agreement/say.ts'\nsay('thread' as string)",
    'node/late.ts': "export const word: string = 'late'\nexport const place = import.meta.url",
    'node/cli/main.ts': main,
  })) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  return folder
}

const output = (file: string) => execFileSync(process.execPath, [file], { encoding: 'utf8' })

test('a bundle runs: what it loads late, and a thread that it starts by a path', async t => {
  const main = await bundled(checkout(t))
  t.regex(main, /node_modules.\.cache.concord-[0-9a-f]{16}.node.main\.js$/)
  t.is(output(main), 'late\nthread\n')
})

test('a state of the sources has one bundle, which is made once', async t => {
  const folder = checkout(t)
  const [first, second] = await Promise.all([bundled(folder), bundled(folder)])
  t.is(first, second)
  writeFileSync(first, 'console.log("kept")')
  t.is(output(await bundled(folder)), 'kept\n')
  t.deepEqual(
    readdirSync(join(folder, 'node_modules/.cache')).filter(name => !name.startsWith('concord-')),
    [],
  )
})

for (const changed of ['agreement/say.ts', 'node_modules/.package-lock.json'])
  test(`another bundle is made where ${changed} has changed`, async t => {
    const folder = checkout(t)
    const before = await bundled(folder)
    writeFileSync(join(folder, changed), "export const say = (word: string): void => console.log(word + '!')")
    const after = await bundled(folder)
    t.not(after, before)
    t.is(output(after), changed.startsWith('agreement') ? 'late!\nthread!\n' : 'late\nthread\n')
  })

test('eight bundles are kept: those used last', async t => {
  const folder = checkout(t)
  const cache = join(folder, 'node_modules/.cache')
  const first = await bundled(folder)
  for (let old = 0; old < 9; old++) {
    mkdirSync(join(cache, `concord-${old}`))
    utimesSync(join(cache, `concord-${old}`), 1000 + old, 1000 + old)
  }
  writeFileSync(
    join(folder, 'node/late.ts'),
    "export const word = 'new'\nexport const place = import.meta.url",
  )
  const second = await bundled(folder)
  const kept = readdirSync(cache)
  t.is(kept.length, 8)
  for (const main of [first, second]) t.true(kept.some(name => main.includes(name)))
  t.true(kept.includes('concord-8'))
  t.false(kept.includes('concord-0'))
})

test('sources that cannot be bundled leave nothing behind', async t => {
  const folder = checkout(t)
  writeFileSync(join(folder, 'node/late.ts'), 'export const = 3')
  await t.throwsAsync(bundled(folder))
  t.deepEqual(readdirSync(join(folder, 'node_modules/.cache')), [])
})

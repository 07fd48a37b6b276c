/** What is saved on the way has the step in its name, is the newest alone, and makes way for the result. */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import type { ModelOracle } from '../../../learning/oracles/jax-oracle.ts'
import { readCheckpoint } from '../../../node/files/checkpoint.ts'
import { createSaver, type Saver } from '../../../node/oracle/saver.ts'

const oracle: ModelOracle = {
  dimension: 3,
  parameters: [{ name: 'w', shape: [2] }],
  initial: new Float32Array(3),
  examples: 1,
  async gradient() {
    return { gradient: new Float32Array(3), loss: 0 }
  },
  async evaluate() {
    return { loss: 0, accuracy: null, metrics: null }
  },
  async close() {},
}
const spec = { model: 'softmax', data: 'digits', partition: 'iid', peer: 0, peers: 1, seed: 1 }
const at = (value: number) => Float32Array.of(value, -value, 77)
const valuesIn = async (path: string) =>
  (await readCheckpoint(path)).tensors.flatMap(({ values }) => [...values])

async function saverIn(t: ExecutionContext, every: number | null, name = 'model.safetensors') {
  const folder = await mkdtemp(join(tmpdir(), 'concord-saver-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const path = join(folder, name)
  const troubles: string[] = []
  const create = (id = 'c0ffee') =>
    createSaver(oracle, {
      path,
      every,
      choice: { spec, command: null },
      cohort: { id, name: 'clinics' },
      onTrouble: text => troubles.push(text),
    })
  return { folder, path, troubles, create, names: async () => (await readdir(folder)).toSorted() }
}

const ask = (saver: Saver, step: number) =>
  saver.oracle.gradient({ step, parameters: at(step - 1), batch: 1 })

test('every k steps, and when asked to; the newest file is the only one, and the result replaces it', async t => {
  const { folder, path, create, names, troubles } = await saverIn(t, 2)
  const saver = create()
  t.is(await saver.now(), null)
  await ask(saver, 1)
  t.is(await saver.now(), null, 'the start is no step')
  for (const step of [2, 3, 4, 5, 6]) await ask(saver, step)
  const file = join(folder, 'model.step-5.safetensors')
  t.deepEqual(await saver.now(), { path: file, step: 5 })
  t.deepEqual(await names(), ['model.step-5.safetensors'])
  // The coordinate behind the model's own is no parameter.
  t.deepEqual(await valuesIn(file), [5, -5])
  t.like((await readCheckpoint(file)).notes, { step: '5', cohort: 'c0ffee', cohortName: 'clinics' })
  t.deepEqual(await saver.now(), { path: file, step: 5 })
  await saver.done(at(9), 9)
  t.deepEqual(await names(), ['model.safetensors'])
  t.deepEqual(await valuesIn(path), [9, -9])
  t.deepEqual(troubles, [])
})

test('without a number of steps it saves only when asked to', async t => {
  const { names, create } = await saverIn(t, null)
  const saver = create()
  for (const step of [1, 2, 3, 4]) await ask(saver, step)
  t.deepEqual(await names(), [])
  t.is((await saver.now())?.step, 3)
})

test('a later start removes what an earlier one of this run left, and nothing else', async t => {
  const { folder, names, create, path } = await saverIn(t, 1)
  const [first, foreign] = [create(), create('another')]
  for (const saver of [first, foreign]) await ask(saver, 1)
  await ask(first, 4)
  await first.now()
  await ask(foreign, 8)
  await foreign.now()
  const others = [
    'model.step-x.safetensors',
    'model.step-12.safetensors',
    'model.step-3.txt',
    'other.step-3.safetensors',
  ]
  for (const name of others) await writeFile(join(folder, name), 'of somebody')
  await writeFile(path, 'an earlier result')
  const again = create()
  await ask(again, 4)
  await ask(again, 6)
  await again.now()
  const left = ['model.safetensors', 'model.step-7.safetensors', ...others]
  t.deepEqual(await names(), [...left, 'model.step-5.safetensors'].toSorted())
  await again.done(at(6), 6)
  t.deepEqual(await names(), left.toSorted())
})

test('a folder that is gone is told, and the learning goes on', async t => {
  const { folder, create, troubles } = await saverIn(t, 1)
  await rm(folder, { recursive: true })
  const saver = create()
  for (const step of [1, 2, 3]) t.is((await ask(saver, step)).loss, 0)
  await t.throwsAsync(saver.now(), { message: /model\.step-2\.safetensors cannot be written/ })
  t.regex(troubles.join('\n'), /model\.step-1\.safetensors cannot be written/)
})

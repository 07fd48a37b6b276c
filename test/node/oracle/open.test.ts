/** A peer's oracle from what the command line says: ours or a process, from its own start or a checkpoint. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { UsageError } from '../../../node/cli/command.ts'
import { checkOracle, learningArguments } from '../../../node/cli/learning-options.ts'
import { readCheckpoint } from '../../../node/files/checkpoint.ts'
import { FileError } from '../../../node/files/error.ts'
import { EXTERNAL_MODEL, openOracle, saveCheckpoint } from '../../../node/oracle/open.ts'
import { commandOf } from './support.ts'

const spec = { model: 'softmax', data: 'digits', partition: 'iid', peer: 0, peers: 20, seed: 1 }
const own = { spec: { ...spec, model: EXTERNAL_MODEL }, command: commandOf('good'), timeoutSeconds: 60 }
const run = { cohort: { id: 'c0ffee', name: 'clinics' }, step: 7 }
const ours = { spec, command: null, timeoutSeconds: 60 }

async function folder(t: ExecutionContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'concord-open-'))
  t.teardown(() => rm(directory, { recursive: true }))
  return directory
}

const open = (t: ExecutionContext, choice: Parameters<typeof openOracle>[0]) =>
  openOracle(choice, 'test', () => {}).then(oracle => {
    t.teardown(() => oracle.close())
    return oracle
  })

test('what one run saved, another starts from: ours, and a process', async t => {
  const directory = await folder(t)
  for (const [choice, layout] of [
    [ours, 'jax'],
    [own, 'own'],
  ] as const) {
    const path = join(directory, `${layout}.safetensors`)
    const oracle = await open(t, { ...choice, init: null })
    const learnt = oracle.initial.map((_, i) => i / 8)
    await saveCheckpoint(path, oracle, learnt, choice, run)
    t.like(await readCheckpoint(path), { layout, model: choice.spec.model })
    const again = await open(t, { ...choice, init: path })
    t.deepEqual(again.initial, learnt)
    t.true((await again.gradient({ step: 1, parameters: learnt, batch: 4 })).loss >= 0)
  }
})

test('a checkpoint of another model is refused, and the oracle closed', async t => {
  const path = join(await folder(t), 'point.safetensors')
  const process = await open(t, { ...own, init: null })
  await saveCheckpoint(path, process, process.initial, own, run)
  const error = await t.throwsAsync(open(t, { ...ours, init: path }), { instanceOf: FileError })
  t.regex(error!.message, /holds point, which the model does not have; it has linear\.weight, linear\.bias/)
})

test('an external model needs a program; arguments carry the choice to another process', t => {
  const values = {
    oracle: null,
    oracleTimeout: 600,
    init: null,
    save: null,
    saveEvery: null,
    augment: 'none' as const,
  }
  t.throws(() => checkOracle(values, EXTERNAL_MODEL), {
    instanceOf: UsageError,
    message: /^--oracle is missing/,
  })
  t.throws(() => checkOracle({ ...values, oracle: 'python3 x.py', augment: 'mirror' }, EXTERNAL_MODEL), {
    instanceOf: UsageError,
    message: /^--augment is "mirror"/,
  })
  t.throws(() => checkOracle({ ...values, saveEvery: 5 }, 'mlp'), {
    instanceOf: UsageError,
    message: /^--save-every is 5, and save names no file; expected both/,
  })
  t.notThrows(() => checkOracle({ ...values, save: 'x', saveEvery: 5, augment: 'mirror' }, 'mlp'))
  t.deepEqual(learningArguments(values), [])
  t.deepEqual(learningArguments({ ...values, oracle: 'python3 x.py', oracleTimeout: 5, init: 'a' }), [
    ...['--oracle', 'python3 x.py', '--oracle-timeout', '5', '--init', 'a'],
  ])
})

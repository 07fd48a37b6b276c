/** `bounds redundancy --costs` from outside: Theorem 2 on costs from a matrix, JSON and a module. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { problem } from '../../../node/reproduce/experiments/redundancy-plan.ts'
import { npyFile } from '../../learning/data/npy-writer.ts'
import { run } from './concord.ts'
import { runInside } from './inside.ts'

const { rows, responses } = problem

/** The costs of the paper's regression, in each of the forms. */
async function files(t: ExecutionContext): Promise<Readonly<Record<'json' | 'hessians' | 'module', string>>> {
  const folder = await mkdtemp(join(tmpdir(), 'costs-'))
  t.teardown(() => rm(folder, { recursive: true }))
  const json = join(folder, 'rows.json')
  await writeFile(json, JSON.stringify(rows.map((row, i) => ({ rows: [row], responses: [responses[i]] }))))
  const hessians = join(folder, 'hessians.json')
  const quadratic = rows.map(([a, b], i) => ({
    hessian: [
      [2 * a! * a!, 2 * a! * b!],
      [2 * a! * b!, 2 * b! * b!],
    ],
    linear: [-2 * a! * responses[i]!, -2 * b! * responses[i]!],
  }))
  await writeFile(hessians, JSON.stringify(quadratic))
  const module = join(folder, 'costs.ts')
  await writeFile(
    module,
    `const rows: number[][] = ${JSON.stringify(rows)}
const responses: number[] = ${JSON.stringify(responses)}
export const costs = {
  start: [0, 0],
  gradients: rows.map(([a, b], i) => ([x, y]: number[]) => {
    const residual = a! * x! + b! * y! - responses[i]!
    return [2 * a! * residual, 2 * b! * residual]
  }),
}
`,
  )
  return { json, hessians, module }
}

test('the paper’s own costs, from every form of file: x_H, ε and the set that leaves agent 1 out', async t => {
  for (const file of Object.values(await files(t))) {
    const ended = await run('bounds', 'redundancy', '--costs', file, '--liars', '0', '--json')
    t.is(ended.code, 0, ended.stderr)
    const found = JSON.parse(ended.stdout)
    t.deepEqual(
      found.honest.map((value: number) => value.toFixed(4)),
      ['1.0780', '0.9825'],
    )
    t.true(found.farthest <= 2 * found.epsilon && found.radius <= found.epsilon)
  }
  const { json } = await files(t)
  const folder = await mkdtemp(join(tmpdir(), 'costs-'))
  t.teardown(() => rm(folder, { recursive: true }))
  const many = join(folder, 'many.json')
  await writeFile(
    many,
    JSON.stringify(Array.from({ length: 9 }, (_, i) => ({ hessian: [[2]], linear: [-i] }))),
  )
  const wide = JSON.parse(
    (await run('bounds', 'redundancy', '--costs', many, '--faults', '4', '--json')).stdout,
  )
  t.deepEqual([wide.agents, wide.maxFaulty, wide.dimension], [9, 4, 1])
  const text = await run('bounds', 'redundancy', '--costs', json)
  t.regex(text.stdout, /Theorem 2, on the 6 costs of .*rows.json, f = 1:/)
  t.regex(text.stdout, /ε +0\.08897 of all costs/)
})

test('what is no file of costs, and what does not go together, is refused by name', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'costs-'))
  t.teardown(() => rm(folder, { recursive: true }))
  const file = async (name: string, content: string) => {
    await writeFile(join(folder, name), content)
    return join(folder, name)
  }
  const { json } = await files(t)
  const uneven = await file(
    'uneven.json',
    '[{"rows": [[1, 0]], "responses": [1]}, {"rows": [[1]], "responses": [1]}]',
  )
  const flat = await file(
    'flat.json',
    '[{"rows": [[1, 0]], "responses": [1]}, {"rows": [[2, 0]], "responses": [1]}]',
  )
  const lopsided = await file('lopsided.json', '[{"hessian": [[1, 2], [0, 1]], "linear": [0, 0]}]')
  const short = await file('short.mjs', 'export const costs = { start: [0, 0], gradients: [() => [1]] }')
  const nothing = await file('nothing.mjs', 'export const cost = 1')
  const falling = await file('falling.json', '[{"hessian": [[-2, 0], [0, -2]], "linear": [1, 1]}]')
  const misspelt = await file('misspelt.json', '[{"rows": [[1, 0]], "response": [1]}]')
  const hole = join(folder, 'hole.npy')
  await writeFile(hole, npyFile([2, 3], [1, 0, 1, 0, 1, Number.NaN], { type: 'f4' }))
  const refused: [string[], RegExp][] = [
    [['--costs', falling, '--faults', '0'], /costs of agents 0 has no minimum: it falls/],
    [['--costs', misspelt, '--faults', '0'], /agent 0: responses: .*; expected a list/],
    [['--costs', hole, '--faults', '0'], /row 1, column 2 is NaN; expected finite/],
    [['--costs', join(folder, 'nowhere.json')], /--costs is ".*nowhere.json": there is no such file/],
    [['--costs', `${folder}.json`], /there is no such file/],
    [['--costs', uneven], /agent 1: a row of 1 numbers, expected 2 as of the first agent/],
    [['--costs', flat, '--faults', '0'], /costs of agents 0, 1 determine no point/],
    [['--costs', lopsided, '--faults', '0'], /agent 0: a hessian that is not symmetric/],
    [['--costs', short, '--faults', '0'], /gradients\[0\] gives 1 values; expected 2 numbers/],
    [['--costs', nothing], /exports no costs; it exports cost/],
    [['--costs', 'costs.txt'], /costs.txt: expected a matrix .npy/],
    [['--costs', json, '--liars', '0,1'], /--liars names 2 agents; expected at most 1/],
    [['--costs', json, '--liars', '6'], /--liars names agent 6; expected at most 1, from 0 to 5/],
    [['--costs', json, '--faults', '3'], /--faults is 3 of 6 agents; expected at most 2/],
    [['--costs', json, '--peers', '9'], /--peers is 9, and there are 6 costs/],
    [['--costs', json, '--smoothness', '2'], /--smoothness is given, and --costs has the costs/],
    [['--liars', '0'], /--liars is about costs; expected --costs/],
  ]
  for (const [args, message] of refused) {
    const { code, stderr } = await runInside('bounds', 'redundancy', ...args)
    t.is(code, 2, args.join(' '))
    t.regex(stderr, message)
  }
  const stray = await run('bounds', 'cge', '--costs', json)
  t.regex(stray.stderr, /--costs is for "bounds redundancy"/)
})

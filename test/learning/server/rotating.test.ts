/** byzantine-gradient-descent's adversary: other faulty machines in every round; groups that a silent one does not shift. */
import test from 'ava'
import { aggregator } from '../../../agreement/rules/registry.ts'
import { attackNamed } from '../../../learning/attacks/registry.ts'
import { createServer, type ServerOptions } from '../../../learning/server/server.ts'

/** Worker `i` pulls towards its own point. */
const pulls =
  (points: readonly number[]): ServerOptions['gradients'] =>
  async ({ parameters }, workers) =>
    workers.map(worker => ({ gradient: Float32Array.of(parameters[0]! - points[worker]!), loss: 0 }))

const base: ServerOptions = {
  rule: aggregator('mean'),
  workers: 6,
  maxFaulty: 1,
  liars: [0],
  attack: attackNamed('zero'),
  rotating: true,
  start: Float32Array.of(0),
  gradients: pulls([1, 2, 4, 8, 16, 32]),
  rate: () => 1,
  batch: () => 1,
  averaging: 0,
  box: null,
  momentum: 0,
  clip: null,
  weightDecay: 0,
  seed: 5,
}

/** Who lies in each step: whose gradient of the points, all powers of two, is missing from the sum. */
async function turns(steps: number, options: ServerOptions = base): Promise<number[]> {
  const server = createServer({ ...options, rate: () => 1 })
  const who: number[] = []
  for (let step = 0; step < steps; step++) {
    const before = server.parameters[0]!
    await server.step()
    const sum = 6 * (server.parameters[0]! - before)
    const missing = [1, 2, 4, 8, 16, 32].map(point => 63 - point - 5 * before - sum)
    who.push(missing.findIndex(rest => Math.abs(rest) < 1e-2))
  }
  return who
}

test('in every round one other machine may lie, by the seed', async t => {
  const who = await turns(30)
  t.false(who.includes(-1), who.join())
  t.deepEqual([...new Set(who)].sort(), [0, 1, 2, 3, 4, 5])
  t.deepEqual(await turns(30), who)
  t.notDeepEqual(await turns(30, { ...base, seed: 6 }), who)
  t.deepEqual(await turns(5, { ...base, rotating: false }), [0, 0, 0, 0, 0])
})

test('rules withstand liars in turns; averaging does not', async t => {
  const points = Array.from({ length: 6 }, (_, i) => i / 100)
  const end = async (name: string) => {
    const server = createServer({
      ...base,
      rule: aggregator(name),
      start: Float32Array.of(10),
      gradients: pulls(points),
      rate: () => 0.3,
      attack: attackNamed('gradient-reverse'),
    })
    for (let step = 0; step < 60; step++) await server.step()
    return Math.abs(server.parameters[0]!)
  }
  for (const name of ['gmom', 'cwtm', 'krum', 'cge', 'gm']) t.true((await end(name)) < 0.1, name)
  t.true((await end('mean')) > 1e3)
})

test('a worker that lied has the momentum of its own gradients afterwards, whatever its lies were made from', async t => {
  const lying = { ...base, attack: attackNamed('zero'), momentum: 0.5, rate: () => 0.1 }
  const run = async (options: ServerOptions) => {
    const server = createServer(options)
    for (let step = 0; step < 8; step++) await server.step()
    return [...server.parameters]
  }
  // Zeros are zeros, made from the vector or from the gradient: only the momenta could tell the two apart.
  t.deepEqual(await run({ ...lying, forgedFrom: 'gradient' }), await run(lying))
})

test('labels cannot be flipped in turns', t => {
  t.throws(() => createServer({ ...base, attack: attackNamed('label-flip') }), {
    instanceOf: RangeError,
    message: /rotating liars with label-flip: .*expected an attack on vectors/,
  })
})

test('a silent machine changes its own group and shifts nobody', async t => {
  // Groups {1, 2}, {4, 8}, {16, 32}: without the first machine, means 2, 6, 24 and not those of {2, 4}, {8, 16}, {32}.
  const options = { ...base, rotating: false, attack: attackNamed('silence'), rule: aggregator('gmom') }
  for (const missing of ['left-out', 'eliminated'] as const) {
    const server = createServer({ ...options, missing })
    await server.step()
    t.true(Math.abs(server.parameters[0]! - 6) < 1e-3, `${server.parameters[0]}`)
  }
})

test('gmom by machine: a group of which nobody sent is no group, and k is that of all machines', t => {
  const sent = [4, 8, 16, 32].map(x => Float32Array.of(-x))
  const machines = { indices: [2, 3, 4, 5], of: 6 }
  const rule = aggregator('gmom', { k: 3 })
  // The median of 6 and 24 is anywhere between them.
  const [middle] = rule.aggregate(sent, 0, { machines })
  t.true(middle! <= -6 + 1e-3 && middle! >= -24 - 1e-3)
  const all = [1, 2, 4, 8, 16, 32].map(x => Float32Array.of(x))
  t.deepEqual(
    rule.aggregate(all, 1, { machines: { indices: [0, 1, 2, 3, 4, 5], of: 6 } }),
    rule.aggregate(all, 1),
  )
})

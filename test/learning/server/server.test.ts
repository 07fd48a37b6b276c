/** The trusted server: each option against numbers computed by hand, and the papers' claims on rules and momentum. */
import test from 'ava'
import { aggregator } from '../../../agreement/rules/registry.ts'
import type { Attack } from '../../../learning/attacks/attack.ts'
import { attackNamed } from '../../../learning/attacks/registry.ts'
import { randomStream } from '../../../learning/random.ts'
import { createServer, type ServerOptions } from '../../../learning/server/server.ts'

/** Worker `i` pulls towards its own point: the gradient at θ is `θ − points[i]`. */
function pulls(points: readonly (readonly number[])[], noise = 0): ServerOptions['gradients'] {
  return async ({ step, parameters }, workers) =>
    workers.map(worker => {
      const random = randomStream(1, 'noise', worker, step)
      const gradient = Float32Array.from(
        points[worker]!,
        (value, i) => parameters[i]! - value + noise * random.normal(),
      )
      return { gradient, loss: worker }
    })
}

const base: Omit<ServerOptions, 'gradients' | 'workers' | 'start'> = {
  rule: aggregator('mean'),
  maxFaulty: 0,
  liars: [],
  attack: null,
  rate: () => 0.5,
  batch: () => 1,
  averaging: 0,
  box: null,
  momentum: 0,
  clip: null,
  weightDecay: 0,
  seed: 1,
}

async function after(steps: number, options: ServerOptions): Promise<number[]> {
  const server = createServer(options)
  for (let step = 0; step < steps; step++) await server.step()
  return [...server.parameters]
}

const two = { ...base, workers: 2, start: Float32Array.of(0), gradients: pulls([[1], [3]]) }

test('a step moves against the mean gradient', async t => {
  t.deepEqual(await after(1, two), [1]) // 0 − ½·mean(−1, −3)
  t.deepEqual(await after(2, two), [1.5])
})

test('the reported loss is the mean over honest workers, and steps count from 1', async t => {
  const three = { ...base, workers: 3, start: Float32Array.of(0), gradients: pulls([[1], [3], [5]]) }
  const lying = { ...three, liars: [2], attack: attackNamed('zero') }
  t.deepEqual(await createServer(lying).step(), { step: 1, loss: 0.5, finite: true })
})

test('the initial parameters are not overwritten', async t => {
  const start = Float32Array.of(0)
  await after(3, { ...two, start })
  t.deepEqual([...start], [0])
})

test('the step size follows its schedule', async t => {
  const asked: number[] = []
  const rate = (step: number) => {
    asked.push(step)
    return 1 / step
  }
  await after(3, { ...two, rate })
  t.deepEqual(asked, [1, 2, 3])
})

test('the batch follows its schedule', async t => {
  const batches: number[] = []
  const gradients: ServerOptions['gradients'] = (request, workers) => {
    batches.push(request.batch)
    return two.gradients(request, workers)
  }
  await after(3, { ...two, gradients, batch: step => 10 * step })
  t.deepEqual(batches, [10, 20, 30])
})

test('gradient averaging starts from 0 and weighs by α (comparative-gradient-elimination, eq. 25)', async t => {
  // h₁ = ½·g₁ = −1 on the mean, so θ₁ = ½; h₂ = ½·h₁ + ½·(½ − 2) = −1.25, so θ₂ = 1.125.
  t.deepEqual(await after(1, { ...two, averaging: 0.5 }), [0.5])
  t.deepEqual(await after(2, { ...two, averaging: 0.5 }), [1.125])
})

test('averaging is of what each worker sent, so a liar that turns honest is remembered', async t => {
  const liar = { ...two, liars: [1], attack: attackNamed('gradient-reverse', { factor: 1 }), averaging: 0.5 }
  // g = −1 and +3: h = −½ and 1½, mean ½.
  t.deepEqual(await after(1, liar), [-0.25])
})

test('the parameters are projected onto the box', async t => {
  t.deepEqual(await after(1, { ...two, box: { low: -1, high: 0.25 } }), [0.25])
})

test('weight decay, clipping and momentum are the workers’ own', async t => {
  t.deepEqual(await after(1, { ...two, clip: 1 }), [0.5]) // −1 and −3 → −1 and −1
  t.deepEqual(await after(1, { ...two, momentum: 0.5 }), [0.5]) // half of the mean gradient
  const pulled = { ...two, start: Float32Array.of(2), weightDecay: 0.5 }
  t.deepEqual(await after(1, pulled), [1.5]) // mean gradient 0, and ½·2 of decay
})

test('a worker that sends nothing, or nonsense, is left out and counts as faulty', async t => {
  const points = [[1], [1], [1], [900]]
  for (const attack of ['silence', 'nan', 'wrong-length']) {
    const options = { ...base, rule: aggregator('cwtm'), workers: 4, maxFaulty: 1, start: Float32Array.of(0) }
    const lying = { ...options, gradients: pulls(points), liars: [3], attack: attackNamed(attack) }
    // With f = 0 left, CWTM is the mean of three equal vectors.
    t.deepEqual(await after(1, lying), [0.5], attack)
  }
})

test('what a missing vector counts as: left out, eliminated, or zero', async t => {
  // Two gradients of −3 and a silent third, CGE's sum. Left out: −6. As CGE has it, 0 and −3 are the least two.
  const silent = {
    ...base,
    rule: aggregator('cge-sum'),
    workers: 3,
    maxFaulty: 1,
    start: Float32Array.of(0),
    rate: () => 1,
    gradients: pulls([[3], [3], [3]]),
    liars: [2],
    attack: attackNamed('silence'),
  }
  t.deepEqual(await after(1, silent), [6])
  t.deepEqual(await after(1, { ...silent, missing: 'zero' }), [3])
  t.deepEqual(await after(1, { ...silent, missing: 'eliminated' }), [6])
})

test('a worker that was silent once is eliminated for good, or only for that step', async t => {
  const once: Attack = {
    name: 'once',
    did: 'was silent once',
    rushing: false,
    perRecipient: false,
    forge: ({ slot, own }) => (slot.step === 1 ? null : own),
  }
  const asked: number[][] = []
  const gradients: ServerOptions['gradients'] = (request, workers) => {
    asked.push([...workers])
    return pulls([[1], [1], [10]])(request, workers)
  }
  const options = {
    ...base,
    workers: 3,
    maxFaulty: 1,
    start: Float32Array.of(0),
    gradients,
    liars: [2],
    attack: once,
  }
  t.deepEqual(await after(2, options), [2.25]) // ½, then ½ + ½·mean(½, ½, 9½)
  asked.length = 0
  t.deepEqual(await after(2, { ...options, missing: 'eliminated' }), [0.75])
  t.deepEqual(asked, [
    [0, 1, 2],
    [0, 1],
  ])
})

test('with zeros in the places of silent machines the groups of GMoM stay those of the machines', async t => {
  // Groups {0, 1} {2, 3} {4, 5}; machine 0 is silent. Without it the groups would be {1, 2} {3, 4} {5}.
  const points = [[0], [2], [4], [4], [9], [9]]
  const options = {
    ...base,
    rule: aggregator('gmom', { k: 3 }),
    workers: 6,
    maxFaulty: 1,
    start: Float32Array.of(0),
    rate: () => 1,
    gradients: pulls(points),
    liars: [0],
    attack: attackNamed('silence'),
    missing: 'zero' as const,
  }
  const [end] = await after(1, options)
  t.true(Math.abs(end! - 4) < 1e-3, `the median of 1, 4 and 9 is ${end}`)
})

test('a faulty worker forges from its vector, or from its gradient before momentum (RESAM, D.1)', async t => {
  const options = { ...two, liars: [1], attack: attackNamed('sign-flip'), momentum: 0.5, rate: () => 1 }
  // Momenta −½ and −1½, flipped +1½; the gradient itself is −3, flipped +3.
  t.deepEqual(await after(1, options), [-0.5])
  t.deepEqual(await after(1, { ...options, forgedFrom: 'gradient' }), [-1.25])
  const plain = { ...options, momentum: 0 }
  t.deepEqual(await after(3, plain), await after(3, { ...plain, forgedFrom: 'gradient' }))
})

test('centered clipping starts from the result of the step before', async t => {
  // All gradients are about −10: from the origin each step would move by 1·τ, from the last result further.
  const options = {
    ...two,
    rule: aggregator('cc', { tau: 1 }),
    gradients: pulls([[10], [10]]),
    rate: () => 0.1,
  }
  const close = (value: number | undefined, expected: number) => Math.abs(value! - expected) < 1e-5
  t.true(close((await after(1, options))[0], 0.1))
  t.true(close((await after(2, options))[0], 0.3))
  t.true(close((await after(3, options))[0], 0.6))
})

test('a liar that is not a worker is refused', t => {
  const error = t.throws(() => createServer({ ...two, liars: [2] }), { instanceOf: RangeError })
  t.regex(error.message, /liar 2 of 2 workers: expected 0 to 1/)
})

test('parameters that grow beyond all numbers are reported', async t => {
  const lying = { ...two, liars: [1], attack: attackNamed('huge'), rate: () => 10 }
  t.false((await createServer(lying).step()).finite)
})

test('attacks that need no gradient of their own are not given one, and all such liars send the same', async t => {
  const seen: number[][] = []
  const points = [[0], [2], [4], [100], [200]]
  const gradients: ServerOptions['gradients'] = (request, workers) => {
    seen.push([...workers])
    return pulls(points)(request, workers)
  }
  const options = { ...base, workers: 5, maxFaulty: 2, start: Float32Array.of(0), gradients, liars: [3, 4] }
  // ḡ = −2, σ = √(8/3): little sends ḡ + σ twice; the mean moves by 0.4σ.
  const moved = await after(1, { ...options, attack: attackNamed('little') })
  t.true(Math.abs(moved[0]! - 0.5 * (2 - 0.4 * Math.sqrt(8 / 3))) < 1e-6)
  t.deepEqual(seen, [[0, 1, 2]])
  await after(1, { ...options, attack: attackNamed('sign-flip') })
  t.deepEqual(seen[1], [0, 1, 2, 3, 4])
})

const crowd = Array.from({ length: 15 }, (_, i) => [i / 100, -i / 100])
const attacked = {
  ...base,
  workers: 15,
  maxFaulty: 5,
  liars: [10, 11, 12, 13, 14],
  start: Float32Array.of(10, 10),
  rate: () => 0.1,
}

test('rules withstand what breaks averaging', async t => {
  const attack = attackNamed('gradient-reverse')
  for (const name of ['cwtm', 'cwmed', 'mda', 'krum', 'gm', 'cge', 'nnm+cwtm']) {
    const end = await after(200, { ...attacked, attack, rule: aggregator(name), gradients: pulls(crowd) })
    t.true(Math.hypot(...end) < 0.3, name)
  }
  const broken = await after(20, { ...attacked, attack, gradients: pulls(crowd) })
  t.true(Math.hypot(...broken) > 1e6)
})

test('momentum shrinks what "little" can do to a rule (RESAM, §5)', async t => {
  const attack = attackNamed('little')
  const drift = async (momentum: number) => {
    const options = { ...attacked, attack, momentum, rule: aggregator('cwtm'), gradients: pulls(crowd, 4) }
    return Math.hypot(...(await after(1500, { ...options, start: Float32Array.of(0, 0) })))
  }
  const [without, withIt] = [await drift(0), await drift(0.99)]
  t.true(withIt < without / 3, `${withIt} with momentum, ${without} without`)
})

test('the same seed gives the same run, another seed a different one', async t => {
  const run = (seed: number) =>
    after(5, { ...attacked, seed, attack: attackNamed('random'), gradients: pulls(crowd) })
  t.deepEqual(await run(3), await run(3))
  t.notDeepEqual(await run(3), await run(4))
})

/** The oracle in the calling thread: deterministic, on the peer's own data, and it learns. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import test from 'ava'
import { norm, type Vector } from '../../../agreement/vector.ts'
import { PIXEL_DEVIATION, PIXEL_MEAN } from '../../../learning/data/dataset.ts'
import { ModelError } from '../../../learning/models/model.ts'
import { drawBatch, gatherRows, paddedRows, ROWS_MAX } from '../../../learning/oracles/batch.ts'
import {
  createJaxOracle,
  createJaxOracles,
  createOracleGroup,
  type ModelOracle,
} from '../../../learning/oracles/jax-oracle.ts'
import { createOracleCache } from '../../../learning/oracles/oracle-cache.ts'
import type { OracleSpec } from '../../../learning/oracles/spec.ts'

const spec: OracleSpec = { model: 'softmax', data: 'digits', partition: 'iid', peer: 1, peers: 20, seed: 4 }

/** Plain gradient descent, for the tests that need parameters away from the start. */
async function descend(oracle: ModelOracle, steps: number, rate: number, batch: number): Promise<Vector> {
  const parameters = oracle.initial.slice()
  for (let step = 1; step <= steps; step++) {
    const { gradient } = await oracle.gradient({ step, parameters, batch })
    for (let i = 0; i < parameters.length; i++) parameters[i]! -= rate * gradient[i]!
  }
  return parameters
}

test('peers start alike and hold different data; steps draw different batches', async t => {
  const [mine, other] = await createJaxOracles([spec, { ...spec, peer: 2 }])
  t.deepEqual(mine!.initial, other!.initial)
  const at = { parameters: mine!.initial, batch: 12 }
  const gradients = [
    await mine!.gradient({ ...at, step: 1 }),
    await other!.gradient({ ...at, step: 1 }),
    await mine!.gradient({ ...at, step: 2 }),
  ]
  t.is(new Set(gradients.map(reply => reply.gradient.join())).size, 3)
})

test('oracles made together give the same answers as oracles made alone', async t => {
  const [, together] = await createJaxOracles([{ ...spec, peer: 0 }, spec])
  const alone = await createJaxOracle(spec)
  const request = { step: 3, parameters: alone.initial, batch: 12 }
  t.deepEqual(await together!.gradient(request), await alone.gradient(request))
})

test('a group gives every worker’s gradient at one θ, with the same bits as one by one', async t => {
  const specs = [0, 1, 2].map(peer => ({ ...spec, peer, ...(peer === 2 && { relabel: 'flip' as const }) }))
  const group = await createOracleGroup(specs)
  const request = { step: 3, parameters: group.initial, batch: 12 }
  const together = await group.gradients(request)
  t.is(together.length, 3)
  for (const [peer, oracle] of group.oracles.entries())
    t.deepEqual(together[peer], await oracle.gradient(request))
  t.deepEqual(await group.evaluate(group.initial), await group.oracles[1]!.evaluate(group.initial))
  await t.throwsAsync(createOracleGroup([spec, { ...spec, seed: 5 }]), {
    instanceOf: RangeError,
    message: /share their seed: peer 1 has 5, peer 1 4/,
  })
  await t.throwsAsync(createOracleGroup([]), { instanceOf: RangeError })
})

test('a group gives some workers’ gradients, and those of other steps, at one θ', async t => {
  const group = await createOracleGroup([0, 1].map(peer => ({ ...spec, peer })))
  const request = { step: 3, parameters: group.initial, batch: 12 }
  const [first, second] = group.oracles
  t.deepEqual(await group.gradients(request, [{ worker: 1, step: 8 }, { worker: 0 }, { worker: 1 }]), [
    await second!.gradient({ ...request, step: 8 }),
    await first!.gradient(request),
    await second!.gradient(request),
  ])
})

test('dropout is drawn from seed, peer and step alone, is off in evaluation, and none is no change', async t => {
  const dropping: OracleSpec = { ...spec, model: 'mlp:20,10', dropout: 0.3 }
  const [oracle, other, plain, none] = await createJaxOracles([
    dropping,
    { ...dropping, peer: 2 },
    { ...dropping, dropout: undefined },
    { ...dropping, dropout: 0 },
  ])
  const parameters = oracle!.initial
  const request = { step: 3, parameters, batch: 12 }
  const reply = await oracle!.gradient(request)
  await oracle!.gradient({ ...request, step: 4 })
  t.deepEqual(await oracle!.gradient(request), reply, 'whatever was asked before')
  t.deepEqual(await (await createJaxOracle(dropping)).gradient(request), reply, 'after a restart')
  t.notDeepEqual(reply, await plain!.gradient(request))
  t.notDeepEqual(reply, await other!.gradient(request))
  t.deepEqual(await none!.gradient(request), await plain!.gradient(request))
  t.deepEqual(await oracle!.evaluate(parameters), await plain!.evaluate(parameters))
  await t.throwsAsync(createOracleGroup([dropping, { ...dropping, dropout: 0.4 }]), {
    message: /share their dropout/,
  })
})

test('values that stay are scaled up, so that the mean over many draws is what there is without dropout', async t => {
  // The last layer's gradient with respect to its bias is what the softmax says minus the labels: linear enough in a
  // small output to compare its mean with that of no dropout.
  const [oracle, plain] = await createJaxOracles([
    { ...spec, model: 'mlp:32', dropout: 0.5 },
    { ...spec, model: 'mlp:32' },
  ])
  const parameters = oracle!.initial
  const ends = async (from: ModelOracle) => {
    const sum = new Float64Array(10)
    for (let step = 1; step <= 40; step++) {
      const { gradient } = await from.gradient({ step, parameters, batch: 64 })
      for (let i = 0; i < 10; i++) sum[i]! += gradient.at(i - 10)! / 40
    }
    return sum
  }
  const [dropped, whole] = [await ends(oracle!), await ends(plain!)]
  for (const [i, value] of dropped.entries())
    t.true(Math.abs(value - whole[i]!) < 0.02, `${i}: ${value}, ${whole[i]}`)
})

test('an oracle cache changes no bit, and specs that differ only in their labels share one entry', async t => {
  const oracleCache = createOracleCache(2)
  const request = { step: 2, batch: 12 }
  for (const seed of [4, 5, 6, 4]) {
    const specs = [0, 1].map(peer => ({ ...spec, seed, peer }))
    const [plain, kept] = await Promise.all([createOracleGroup(specs), createOracleGroup(specs, oracleCache)])
    t.deepEqual(kept.initial, plain.initial)
    const parameters = plain.initial
    t.deepEqual(
      await kept.gradients({ ...request, parameters }),
      await plain.gradients({ ...request, parameters }),
    )
  }
  t.is(await oracleCache.share(spec), await oracleCache.share({ ...spec, relabel: 'flip' }))
  t.not(await oracleCache.share(spec), await oracleCache.share({ ...spec, peer: 2 }))
})

test('mirrored images: half of them, chosen by the seed', async t => {
  const dataset = {
    name: 'one',
    shape: [2, 3, 2],
    classes: 2,
    examples: Float32Array.from({ length: 12 }, (_, i) => i),
    labels: Uint8Array.of(1),
  }
  const { inputs } = gatherRows(dataset, [0, 0], 0, 2, { mirrored: place => place === 1 })
  t.deepEqual([...inputs.subarray(0, 12)], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
  t.deepEqual([...inputs.subarray(12)], [4, 5, 2, 3, 0, 1, 10, 11, 8, 9, 6, 7])
  const [plain, mirroring] = await createJaxOracles([spec, { ...spec, augment: 'mirror' }])
  const request = { step: 1, parameters: plain!.initial, batch: 20 }
  const altered = await mirroring!.gradient(request)
  t.notDeepEqual(altered, await plain!.gradient(request))
  t.deepEqual(altered, await mirroring!.gradient(request))
})

test('real targets travel with a 1 that padding lacks', t => {
  const dataset = {
    name: 'line',
    shape: [1],
    classes: 0,
    examples: Float32Array.of(5, 6),
    labels: new Uint8Array(2),
    values: Float32Array.of(-1.5, 2.5),
  }
  const { inputs, targets } = gatherRows(dataset, [1, 0], 0, 3)
  t.deepEqual([...inputs], [6, 5, 0])
  t.deepEqual([...targets], [2.5, 1, -1.5, 1, 0, 0])
})

test('coloured bytes are normalised channel by channel', t => {
  const dataset = {
    name: 'pixel',
    shape: [1, 1, 3],
    classes: 2,
    examples: Uint8Array.of(255, 0, 51),
    labels: Uint8Array.of(0),
    normalisation: { mean: [0.5, 0.25, 0.2], deviation: [0.5, 0.5, 0.1] },
  }
  t.deepEqual([...gatherRows(dataset, [0], 0, 1).inputs], [1, -0.5, 0])
})

test('a batch larger than one piece is the mean over all of it', async t => {
  const oracle = await createJaxOracle({ ...spec, peers: 2 })
  const batch = 2 * ROWS_MAX + 3
  const reply = await oracle.gradient({ step: 1, parameters: oracle.initial, batch })
  const again = await oracle.gradient({ step: 1, parameters: oracle.initial, batch: ROWS_MAX })
  t.true(Math.abs(reply.loss - again.loss) < 0.1)
  t.true(Math.abs(norm(reply.gradient) / norm(again.gradient) - 1) < 0.3)
})

test('matrices hold the rows asked for, relabelled and normalised, and zeros after them', t => {
  const examples = Uint8Array.of(0, 255, 10, 20, 30, 40)
  const dataset = { name: 'three', shape: [1, 2], classes: 2, examples, labels: Uint8Array.of(0, 1, 1) }
  const { rows, inputs, targets } = gatherRows(dataset, [1, 0, 2], 1, 3, { relabel: label => 1 - label })
  t.is(rows, 3)
  t.deepEqual([...targets], [0, 1, 1, 0, 0, 0])
  const pixel = (byte: number) => Math.fround((byte / 255 - PIXEL_MEAN) / PIXEL_DEVIATION)
  t.deepEqual([...inputs], [pixel(0), pixel(255), pixel(30), pixel(40), 0, 0])
})

test('it learns, and evaluates on the test set', async t => {
  const oracle = await createJaxOracle({ ...spec, peers: 2 })
  const before = await oracle.evaluate(oracle.initial)
  const after = await oracle.evaluate(await descend(oracle, 60, 0.05, 32))
  t.true(before.accuracy! < 0.3 && after.accuracy! > 0.6, `${before.accuracy} → ${after.accuracy}`)
  t.true(after.loss < before.loss)
})

test('the digits need more than a line: the MLP leaves softmax regression clearly behind', async t => {
  const [linear, deep] = await createJaxOracles([
    { ...spec, peer: 0, peers: 1 },
    { ...spec, peer: 0, peers: 1, model: 'mlp' },
  ])
  const linearAfter = await linear!.evaluate(await descend(linear!, 400, 0.05, 64))
  const deepAfter = await deep!.evaluate(await descend(deep!, 400, 0.15, 64))
  t.true(linearAfter.accuracy! < 0.86, `softmax ${linearAfter.accuracy}`)
  t.true(deepAfter.accuracy! > 0.92, `mlp ${deepAfter.accuracy}`)
})

test('flipped labels teach the wrong thing, and are judged by the right labels', async t => {
  const honest = await createJaxOracle({ ...spec, peers: 2 })
  const flipped = await createJaxOracle({ ...spec, peers: 2, relabel: 'flip' })
  const { accuracy } = await honest.evaluate(await descend(flipped, 60, 0.05, 32))
  t.true(accuracy! < 0.1, `${accuracy}`)
})

test('memory does not grow with the number of gradients', async t => {
  // In a process of its own, because the memory of other tests would count too.
  const program = `
    const { createJaxOracle } = await import('./learning/oracles/jax-oracle.ts')
    const oracle = await createJaxOracle(${JSON.stringify(spec)})
    const request = { step: 1, parameters: oracle.initial, batch: 16 }
    const after = async count => {
      for (let i = 0; i < count; i++) await oracle.gradient(request)
      gc() // otherwise garbage that is not collected yet would count as a leak
      return process.memoryUsage().rss
    }
    const settled = await after(300)
    console.log((await after(1500)) - settled)`
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...['--expose-gc', '--input-type=module', '-e', program],
  ])
  const grown = Number(stdout)
  // One leaked copy of the inputs alone (16 × 784 floats) would add 75 MB.
  t.true(grown < 40e6, `${grown} bytes`)
})

test('impossible requests are refused', async t => {
  const oracle = await createJaxOracle(spec)
  const wrong = new Float32Array(oracle.dimension + 1)
  await t.throwsAsync(oracle.gradient({ step: 1, parameters: wrong, batch: 8 }), { instanceOf: ModelError })
  await t.throwsAsync(oracle.gradient({ step: 1, parameters: oracle.initial, batch: 0 }), {
    message: /batch 0/,
  })
  await t.throwsAsync(createJaxOracle({ ...spec, peer: 20 }), { message: /peer 20 of 20: expected 0 to 19/ })
  await t.throwsAsync(createJaxOracle({ ...spec, model: 'nope' }), { instanceOf: ModelError })
})

test('batches: within the share, a function of their arguments, each draw its own', t => {
  const batch = drawBatch(1, 2, 3, 50, 7)
  t.deepEqual(batch, drawBatch(1, 2, 3, 50, 7))
  t.true(batch.every(index => index < 7))
  t.notDeepEqual(batch, drawBatch(1, 2, 4, 50, 7))
  t.notDeepEqual(batch, drawBatch(1, 3, 3, 50, 7))
  t.notDeepEqual(batch, drawBatch(2, 2, 3, 50, 7))
})

test('padded rows: enough, at most a quarter more, and few different ones', t => {
  const rows = new Set<number>()
  for (let batch = 1; batch <= ROWS_MAX; batch++) {
    const padded = paddedRows(batch)
    t.true(padded >= batch && padded <= Math.max(batch, 1.25 * batch), `${batch} → ${padded}`)
    rows.add(padded)
  }
  t.true(rows.size <= 30, `${rows.size} sizes`)
  t.deepEqual([25, 64, 100, 256, 1000].map(paddedRows), [25, 64, 112, 256, 256])
})

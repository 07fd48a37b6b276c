/** Class weights, members with a single class, and members with fewer rows than a batch. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import fc from 'fast-check'
import { openData } from '../../../learning/data/open.ts'
import { drawBatch, gatherRows } from '../../../learning/oracles/batch.ts'
import { balancedWeights } from '../../../learning/oracles/class-weights.ts'
import { createJaxOracle } from '../../../learning/oracles/jax-oracle.ts'
import { type OracleSpec, shareOf } from '../../../learning/oracles/spec.ts'

/** Rows of two numbers and a class. */
async function table(t: ExecutionContext, classes: readonly number[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'concord-'))
  t.teardown(() => rm(folder, { recursive: true }))
  const rows = classes.map((label, i) => `${Math.sin(i)},${label + Math.cos(3 * i)},${label}`)
  const path = join(folder, 'rows.csv')
  await writeFile(path, `a,b,label\n${rows.join('\n')}\n`)
  return path
}

const specOf = (data: string, changes: Partial<OracleSpec> = {}): OracleSpec => ({
  model: 'softmax',
  partition: 'iid',
  peer: 0,
  peers: 1,
  seed: 3,
  data,
  ...changes,
})

test('balanced: the classes that a peer holds have equal shares, and the mean weight is 1', t => {
  const holdings = fc.array(fc.nat(6), { minLength: 1, maxLength: 60 })
  fc.assert(
    fc.property(holdings, held => {
      const labels = Uint8Array.from(held)
      const weights = balancedWeights(labels, 7)
      const shares = Array.from({ length: 7 }, (_, label) => {
        const count = held.filter(each => each === label).length
        t.is(weights[label] === 0, count === 0)
        return count * weights[label]!
      }).filter(share => share > 0)
      for (const share of shares) t.true(Math.abs(share - held.length / shares.length) < 1e-4)
    }),
  )
  t.deepEqual([...balancedWeights(Uint8Array.of(2, 2, 2), 3)], [0, 0, 1], 'a single class')
})

test('the gradient is the mean of the rows’ own, each times the weight of its class', async t => {
  const data = await table(
    t,
    Array.from({ length: 60 }, (_, i) => Number(i % 10 === 0)),
  )
  const balanced = await createJaxOracle(specOf(data, { classWeights: 'balanced' }))
  const plain = await createJaxOracle(specOf(data))
  const parameters = plain.initial
  const batch = 24
  const reply = await balanced.gradient({ step: 2, parameters, batch })
  const share = shareOf(specOf(data), await openData(data))
  const weights = balancedWeights(share.labels, 2)
  t.true(weights[1]! > 3 * weights[0]!)
  // Of softmax regression: (p − y) times the input, and p − y for the bias.
  const indices = drawBatch(3, 0, 2, batch, share.labels.length)
  const { inputs } = gatherRows(share, indices, 0, batch)
  const expected = new Float64Array(6)
  for (const [row, index] of indices.entries()) {
    const x = [inputs[2 * row]!, inputs[2 * row + 1]!]
    const logits = [0, 1].map(c => x[0]! * parameters[c]! + x[1]! * parameters[2 + c]! + parameters[4 + c]!)
    const all = Math.exp(logits[0]!) + Math.exp(logits[1]!)
    for (const c of [0, 1]) {
      const label = share.labels[index]!
      const error = (weights[label]! * (Math.exp(logits[c]!) / all - Number(label === c))) / batch
      expected[c]! += error * x[0]!
      expected[2 + c]! += error * x[1]!
      expected[4 + c]! += error
    }
  }
  for (const [i, value] of reply.gradient.entries())
    t.true(Math.abs(value - expected[i]!) < 1e-5, `${i}: ${value}, ${expected[i]}`)
  t.notDeepEqual(reply, await plain.gradient({ step: 2, parameters, batch }))
  t.deepEqual(
    await balanced.evaluate(parameters),
    await plain.evaluate(parameters),
    'evaluation is not weighted',
  )
})

test('a member with a single class has a gradient, and balanced weights leave it as it is', async t => {
  const data = await table(
    t,
    Array.from({ length: 40 }, (_, i) => i % 2),
  )
  for (const peer of [0, 1]) {
    const spec = specOf(data, { partition: 'label', peers: 2, peer })
    const { labels } = shareOf(spec, await openData(data))
    t.is(new Set(labels).size, 1)
    const [plain, balanced] = [
      await createJaxOracle(spec),
      await createJaxOracle({ ...spec, classWeights: 'balanced' }),
    ]
    const request = { step: 1, parameters: plain.initial, batch: 16 }
    const reply = await balanced.gradient(request)
    t.deepEqual(reply, await plain.gradient(request))
    t.true(reply.gradient.some(value => value !== 0))
  }
})

test('a member with fewer rows than the batch draws them again and again', async t => {
  const data = await table(t, [0, 1, 0, 1, 0, 1, 0, 1, 0, 1])
  const oracle = await createJaxOracle(specOf(data, { peers: 4, classWeights: 'balanced' }))
  t.true(oracle.examples <= 2)
  const { gradient, loss } = await oracle.gradient({ step: 1, parameters: oracle.initial, batch: 300 })
  t.true(Number.isFinite(loss) && gradient.every(Number.isFinite) && gradient.some(value => value !== 0))
})

test('class weights are refused by a model that predicts no classes', async t => {
  await t.throwsAsync(createJaxOracle(specOf('digits', { model: 'mean', classWeights: 'balanced' })), {
    code: 'MODEL_SETTING',
    message: /^classWeights is balanced, which model mean does not take; expected none/,
  })
})

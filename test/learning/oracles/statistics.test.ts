/** An oracle with statistics behind its parameters computes as one whose schema states the same figures. */
import { join } from 'node:path'
import test from 'ava'
import { tableSchema } from '../../../learning/data/schema.ts'
import { settledTable } from '../../../learning/data/statistics.ts'
import { createJaxOracle } from '../../../learning/oracles/jax-oracle.ts'
import type { OracleSpec } from '../../../learning/oracles/spec.ts'
import { directoryOf } from '../data/support.ts'

const rows = Array.from({ length: 60 }, (_, i) => {
  const [age, income] = [20 + ((7 * i) % 60), 1000 * ((13 * i) % 90)]
  return { age: i % 9 === 0 ? '' : age, income, sex: i % 2 === 0 ? 'f' : 'm', goal: 2 * age + income / 1000 }
})

const schemaOf = (goal: object) =>
  tableSchema.parse({
    kind: 'table',
    columns: [
      { name: 'age', type: 'number', scale: 'agreed', missing: 'agreed', indicator: true },
      { name: 'sex', type: 'category', values: ['f', 'm'] },
      { name: 'income', type: 'number', scale: 'agreed' },
    ],
    target: { name: 'goal', ...goal },
  })

const classes = schemaOf({ type: 'class', classes: ['low', 'high'] })
const numbers = schemaOf({ type: 'number', scale: 'agreed' })
const goalsOf = {
  softmax: (goal: number) => (goal > 120 ? 'high' : 'low'),
  'mlp:4': (goal: number) => (goal > 120 ? 'high' : 'low'),
  'linear-regression:intercept': String,
}

for (const [model, goalOf] of Object.entries(goalsOf))
  test(`${model}: gradients and evaluations are those of the schema with the agreed figures`, async t => {
    const lines = rows.map(({ age, income, sex, goal }) => [age, income, sex, goalOf(goal)].join())
    const table = `age,income,sex,goal\n${lines.join('\n')}\n`
    const data = join(await directoryOf(t, { 'ours.csv': table }), 'ours.csv')
    const schema = model.startsWith('linear') ? numbers : classes
    const spec: OracleSpec = {
      model,
      data,
      own: { schema, holdout: 0.2, seed: 1 },
      partition: 'own',
      peer: 1,
      peers: 4,
      seed: 1,
    }
    const oracle = await createJaxOracle(spec)
    const figures = schema === numbers ? 9 : 6
    t.is(oracle.statistics, figures)
    t.is(oracle.dimension, oracle.initial.length)
    // Not its own figures: what the cohort agreed on.
    const agreed = oracle.initial.slice(-figures).map(figure => 0.9 * figure + 0.3)
    const settled = settledTable(schema, agreed)
    const plain = await createJaxOracle({ ...spec, own: { schema: settled, holdout: 0.2, seed: 1 } })
    t.is(plain.statistics, 0)
    t.deepEqual(oracle.initial.slice(0, -figures), plain.initial)
    const parameters = plain.initial.map((value, i) => value + 0.01 * i)
    const vector = Float32Array.of(...parameters, ...agreed)
    const mine = await oracle.gradient({ step: 2, parameters: vector, batch: 16 })
    const its = await plain.gradient({ step: 2, parameters, batch: 16 })
    t.deepEqual(
      [...mine.gradient.slice(-figures)],
      Array.from({ length: figures }, () => 0),
    )
    for (const [i, value] of its.gradient.entries())
      t.true(Math.abs(mine.gradient[i]! - value) <= 1e-4 * Math.max(1, Math.abs(value)), `coordinate ${i}`)
    const [here, there] = [await oracle.evaluate(vector), await plain.evaluate(parameters)]
    t.true(Math.abs(here.loss - there.loss) <= 1e-4 * Math.max(1, there.loss))
    t.is(here.accuracy, there.accuracy)
  })

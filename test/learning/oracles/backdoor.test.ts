/** A back door in the data: which examples get the trigger, how far the lesson has come, and what it takes. */
import test from 'ava'
import { aggregator } from '../../../agreement/rules/registry.ts'
import type { BackdoorTask } from '../../../learning/attacks/backdoor.ts'
import { attackNamed } from '../../../learning/attacks/registry.ts'
import { DataError } from '../../../learning/data/dataset.ts'
import { openData } from '../../../learning/data/open.ts'
import { checkBackdoor, stampOf } from '../../../learning/oracles/backdoor.ts'
import { gatherRows } from '../../../learning/oracles/batch.ts'
import { createOracleGroup } from '../../../learning/oracles/jax-oracle.ts'
import type { OracleSpec } from '../../../learning/oracles/spec.ts'

const backdoor: BackdoorTask = { target: 2, side: 3, share: 0.5, poisons: true }
const spec: OracleSpec = { model: 'softmax', data: 'digits', partition: 'iid', peer: 1, peers: 5, seed: 4 }

test('a poisoned example has a white square in the lower right corner and the target’s label, others are as they were', async t => {
  const dataset = (await openData('digits')).test()
  const [height, width] = dataset.shape as [number, number]
  const indices = [0, 1, 2, 3]
  const plain = gatherRows(dataset, indices, 0, 4)
  const { inputs, targets } = gatherRows(dataset, indices, 0, 4, {
    stamp: { side: 3, target: 2, isAt: place => place % 2 === 1 },
  })
  const white = Math.max(
    ...gatherRows({ ...dataset, examples: new Uint8Array(height * width).fill(255) }, [0], 0, 1).inputs,
  )
  for (const row of indices) {
    const label = row % 2 === 1 ? 2 : dataset.labels[row]!
    t.is(targets.subarray(row * dataset.classes, (row + 1) * dataset.classes).indexOf(1), label)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const place = (row * height + y) * width + x
        const isStamped = row % 2 === 1 && y >= height - 3 && x >= width - 3
        if (inputs[place] !== (isStamped ? white : plain.inputs[place]))
          t.fail(`row ${row}, pixel ${y}, ${x}`)
      }
  }
})

test('a colour image gets the white of each channel, an image of floats its own brightest value', t => {
  const shape = [2, 2, 2]
  const normalisation = { mean: [0, 0.5], deviation: [1, 0.5] }
  const dataset = { name: 'x', shape, classes: 2, labels: Uint8Array.of(1) }
  const stamp = { side: 1, target: 0, isAt: () => true }
  const bytes = { ...dataset, examples: new Uint8Array(8), normalisation }
  t.deepEqual([...gatherRows(bytes, [0], 0, 1, { stamp }).inputs], [0, -1, 0, -1, 0, -1, 1, 1])
  const floats = { ...dataset, examples: Float32Array.of(0, 1, 7, 3, 4, 5, 6, 2) }
  t.deepEqual([...gatherRows(floats, [0], 0, 1, { stamp }).inputs], [0, 1, 7, 3, 4, 5, 7, 7])
})

test('liars poison the share of each batch that they were told, others nothing; and the same again', t => {
  const poisoned = (task: BackdoorTask, step: number) => {
    const stamp = stampOf({ ...spec, backdoor: task }, step, 4000)
    return Array.from({ length: 4000 }, (_, place) => stamp?.isAt(place) === true)
  }
  const count = (list: readonly boolean[]) => list.filter(Boolean).length
  t.true(Math.abs(count(poisoned(backdoor, 1)) - 2000) < 200)
  t.true(Math.abs(count(poisoned({ ...backdoor, share: 0.1 }, 1)) - 400) < 100)
  t.is(count(poisoned({ ...backdoor, share: 1 }, 1)), 4000)
  t.is(stampOf({ ...spec, backdoor: { ...backdoor, poisons: false } }, 1, 10), undefined)
  t.is(stampOf(spec, 1, 10), undefined)
  t.deepEqual(poisoned(backdoor, 3), poisoned(backdoor, 3))
  t.notDeepEqual(poisoned(backdoor, 3), poisoned(backdoor, 4))
})

const workers = [0, 1, 2, 3, 4, 5, 6]

/** What the workers of a server learn from equal data, the last of seven a liar. */
async function learnt(rule: string, attack: string, poisons = true) {
  const judge = aggregator(rule)
  const task = { ...attackNamed(attack).backdoor!, poisons }
  const group = await createOracleGroup(
    workers.map(peer => ({
      ...spec,
      peer,
      peers: workers.length,
      backdoor: { ...task, poisons: poisons && peer === 6 },
    })),
  )
  const parameters = group.initial.slice()
  for (let step = 1; step <= 150; step++) {
    const replies = await group.gradients({ step, parameters, batch: 32 })
    const gradients = replies.map(({ gradient }) => gradient)
    const direction = judge.aggregate(gradients, 1)
    for (let i = 0; i < parameters.length; i++) parameters[i]! -= 0.1 * direction[i]!
  }
  return group.evaluate(parameters)
}

test('a plain mean lets the back door in, though data are equal, and the accuracy hardly tells; mda and nnm+cwtm do not', async t => {
  const honest = await learnt('mean', 'backdoor', false)
  const open = await learnt('mean', 'backdoor')
  t.true(honest.triggerRate! < 0.05, `${honest.triggerRate}`)
  t.true(open.triggerRate! > 0.9, `${open.triggerRate}`)
  t.true(open.accuracy! > honest.accuracy! - 0.05, `${open.accuracy} ${honest.accuracy}`)
  for (const rule of ['mda', 'nnm+cwtm']) {
    const { triggerRate } = await learnt(rule, 'backdoor')
    t.true(triggerRate! < 0.05, `${rule}: ${triggerRate}`)
  }
})

test('who poisons less is kept by mda, and the back door stands open', async t => {
  const { triggerRate } = await learnt('mda', 'backdoor:share=0.1')
  t.true(triggerRate! > 0.5, `${triggerRate}`)
})

test('nobody measures a trigger where nobody teaches one', async t => {
  const group = await createOracleGroup([spec])
  t.false('triggerRate' in (await group.evaluate(group.initial)))
})

test('what is no image, too small or has no such class is refused, with what would be right', t => {
  const images = { shape: [8, 9], classes: 3 }
  const refused = (task: Partial<BackdoorTask>, shape: { shape: readonly number[]; classes: number }) =>
    t.throws(() => checkBackdoor({ ...spec, backdoor: { ...backdoor, ...task } }, shape), {
      instanceOf: DataError,
    })!.message
  t.notThrows(() => checkBackdoor({ ...spec, backdoor: { ...backdoor, side: 8 } }, images))
  t.notThrows(() => checkBackdoor(spec, { shape: [4], classes: 0 }))
  t.regex(refused({}, { shape: [4], classes: 3 }), /examples of 4 values have no corner .*expected images/)
  t.regex(
    refused({ side: 9 }, images),
    /a trigger of 9 pixels is larger than images of 8 × 9; expected at most 8/,
  )
  t.regex(refused({ target: 3 }, images), /there is no class 3; expected a target from 0 to 2/)
  t.regex(refused({}, { shape: [8, 9], classes: 0 }), /its targets are numbers/)
})

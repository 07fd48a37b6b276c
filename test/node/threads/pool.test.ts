/** Rules on several threads give the bits that they give on one. */
import test from 'ava'
import { allocateVector } from '../../../agreement/kernels/index.ts'
import { lendThreads, type SliceTask, THREADS_MAX } from '../../../agreement/kernels/slices.ts'
import { aggregator } from '../../../agreement/rules/index.ts'
import { randomStream } from '../../../learning/random.ts'
import { startKernelThreads } from '../../../node/threads/pool.ts'

const names = [
  'mean',
  'cwtm',
  'cwmed',
  'trimmed-middle',
  'meamed',
  'mda',
  'krum',
  'gm',
  'cge-sum',
  'cc',
  'cva',
  'nnm+cwtm',
  'caf',
]

function family(n: number, d: number): Float32Array[] {
  const random = randomStream(n, 'threads', d)
  return Array.from({ length: n }, () => {
    const vector = allocateVector(d)
    for (let i = 0; i < d; i++) vector[i] = random.uniform() - 0.5
    return vector
  })
}

test.serial('any number of threads gives the same bits, whatever the length', async t => {
  for (const d of [65_536, 70_001]) {
    const vectors = family(7, d)
    const expected = names.map(name => aggregator(name).aggregate(vectors, 2))
    for (const count of d === 65_536 ? [1, 2] : [3]) {
      const threads = await startKernelThreads(count)
      for (const [index, name] of names.entries())
        t.deepEqual(
          aggregator(name).aggregate(vectors, 2),
          expected[index],
          `${name}, ${d} coordinates, ${count} threads`,
        )
      await threads.close()
    }
  }
})

test.serial('threads see the memory that the first one adds later', async t => {
  const threads = await startKernelThreads(2)
  for (let round = 0; round < 4; round++) {
    const vectors = family(11 + round, 100_000)
    const sliced = aggregator('krum').aggregate(vectors, 3)
    const plain = aggregator('krum').aggregate(
      vectors.map(vector => vector.slice()),
      3,
    )
    t.deepEqual(sliced, plain)
  }
  await threads.close()
})

test.serial('long vectors in the kernels’ memory are worked on in slices, others are not', t => {
  const tasks: SliceTask[] = []
  lendThreads({ count: 1, run: task => void tasks.push(task), resultPlace: () => 0 })
  const long = family(3, 65_536)
  aggregator('mean').aggregate(long, 1, { checked: true })
  t.is(tasks.length, 1)
  aggregator('mean').aggregate(family(3, 5000), 1, { checked: true })
  aggregator('mean').aggregate([...long.slice(1), long[0]!.slice()], 1, { checked: true })
  t.is(tasks.length, 1, 'too short, or partly elsewhere')
  lendThreads(undefined)
})

test('a number of threads that cannot be says what can', async t => {
  for (const count of [0, 1.5, THREADS_MAX + 1])
    await t.throwsAsync(startKernelThreads(count), {
      instanceOf: RangeError,
      message: /whole number from 1 to 8/,
    })
})

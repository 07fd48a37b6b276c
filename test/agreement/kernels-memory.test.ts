/** The kernels' memory: who gets a slot, how many there are, and that no slot is used again while a view of it lives. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import test from 'ava'
import {
  addressOf,
  allocatePassing,
  allocateVector,
  growPassing,
  PASSING_BYTES_MAX,
  PASSING_SLOTS_MAX,
} from '../../agreement/kernels/memory.ts'

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

/** Collects garbage until what is wanted has happened: finalisers run in turns of their own. */
async function collectUntil(wanted: () => boolean): Promise<boolean> {
  for (let turn = 0; turn < 200; turn++) {
    if (wanted()) return true
    collect()
    await new Promise(resolve => setImmediate(resolve))
  }
  return false
}

const inSlots = (vectors: readonly Float32Array[]) =>
  vectors.filter(vector => addressOf(vector) !== undefined).length
const many = (count: number, length: number, value = 0) =>
  Array.from({ length: count }, () => allocatePassing(length).fill(value))
/** Whether vectors that come and go can have a slot again. */
const hasRoom = () => addressOf(allocatePassing(4096)) !== undefined

test.serial(
  'vectors that come and go get so many slots and no more, and again once they have gone',
  async t => {
    let vectors = many(PASSING_SLOTS_MAX + 20, 5000)
    t.is(inSlots(vectors), PASSING_SLOTS_MAX)
    t.true(vectors.every(vector => vector.length === 5000))
    t.not(addressOf(allocateVector(5000)), undefined, 'others are not kept from theirs')
    vectors = []
    t.true(await collectUntil(hasRoom))
  },
)

test.serial('a process with the vectors of many peers may have more slots', async t => {
  t.true(await collectUntil(() => inSlots(many(PASSING_SLOTS_MAX, 5000)) === PASSING_SLOTS_MAX))
  growPassing(2)
  t.true(await collectUntil(() => inSlots(many(2 * PASSING_SLOTS_MAX + 1, 5000)) === 2 * PASSING_SLOTS_MAX))
  growPassing(1)
  t.true(await collectUntil(() => inSlots(many(PASSING_SLOTS_MAX, 5000)) === PASSING_SLOTS_MAX))
})

test.serial('and so many bytes', async t => {
  const length = 4 * 2 ** 20
  const most = Math.floor(PASSING_BYTES_MAX / (4 * length))
  const got = () => inSlots(Array.from({ length: most + 4 }, () => allocatePassing(length)))
  // Before the first test's have all gone, there is less room; there must never be more.
  let highest = 0
  await collectUntil(() => {
    highest = Math.max(highest, got())
    return highest >= most - 1
  })
  t.is(highest, most - 1, 'a slot is a little larger than its vector')
})

test.serial('short ones are ordinary arrays', t => {
  t.is(addressOf(allocatePassing(10)), undefined)
  t.is(allocatePassing(0).length, 0)
})

test.serial('a slot is not used again while a view of its bytes lives', async t => {
  const length = 6000
  const bytes = (() => {
    const vector = allocateVector(length).fill(7)
    t.not(addressOf(vector), undefined)
    return new Uint8Array(vector.buffer, vector.byteOffset, 64)
  })()
  const before = bytes.slice()
  const others: Float32Array[] = []
  await collectUntil(() => {
    others.push(allocateVector(length).fill(1))
    return others.length === 20
  })
  t.deepEqual(bytes, before)
})

/** Memory of long vectors that have arrived: used again by the next, and given back where a burst leaves too much. */
import test from 'ava'
import { arrivingVector, discardArrived } from '../../../node/codec/arrival-buffers.ts'

const LENGTH = 2 ** 20
const BYTES = 4 * LENGTH

/** Of array buffers, in units of one of these vectors. */
const inUse = () => process.memoryUsage().arrayBuffers / BYTES

test.serial('a discarded vector is empty, and the next one gets its memory', t => {
  const vector = arrivingVector(LENGTH)
  vector.fill(7)
  const before = inUse()
  discardArrived(vector)
  t.is(vector.length, 0)
  t.is(arrivingVector(LENGTH)[LENGTH - 1], 7)
  t.true(Math.abs(inUse() - before) < 0.5)
})

test.serial('what a burst has left is given back', t => {
  const before = inUse()
  const burst = Array.from({ length: 60 }, () => arrivingVector(LENGTH))
  t.true(inUse() - before > 55)
  for (const vector of burst) discardArrived(vector)
  t.true(inUse() - before < 33, '128 MiB are kept')
})

test.serial('a vector that did not arrive keeps its memory', t => {
  const vector = new Float32Array(LENGTH)
  discardArrived(vector)
  t.is(vector.length, LENGTH)
})

/** Honest diameters, measured when the last honest vector of a step is in. */
import test from 'ava'
import { createRuler } from '../../../../node/cli/demo/measure.ts'

const vectors = (gradient: number, parameters: number) => ({
  gradient: Float32Array.of(gradient, 0),
  parameters: Float32Array.of(0, parameters),
})

test('a step is measured once all honest vectors are in, whichever peer is ahead', t => {
  const ruler = createRuler([0, 1, 2])
  t.is(ruler.add(0, 1, vectors(0, 0)), null)
  t.is(ruler.add(2, 1, vectors(3, 1)), null)
  t.is(ruler.add(2, 2, vectors(5, 5)), null)
  t.is(ruler.add(6, 1, vectors(900, 900)), null, 'a liar does not count')
  t.deepEqual(ruler.add(1, 1, vectors(1, 4)), { step: 1, gradient: 3, parameters: 4 })
  t.is(ruler.measurements.length, 1)
})

test('a step that a peer sends no vectors of is given up, and later ones are measured', t => {
  const ruler = createRuler([0, 1])
  t.is(ruler.add(0, 1, vectors(0, 0)), null)
  t.is(ruler.add(1, 1, null), null)
  t.is(ruler.add(0, 2, null), null)
  t.is(ruler.add(0, 3, vectors(0, 0)), null)
  t.is(ruler.add(1, 2, null), null)
  t.deepEqual(ruler.add(1, 3, vectors(3, 4)), { step: 3, gradient: 3, parameters: 4 })
  ruler.forget(1)
  t.deepEqual(
    ruler.measurements.map(({ step }) => step),
    [3],
    'the first step is not measured without the vectors of a peer that took part',
  )
})

test('equal vectors are kept once, and are no distance apart even if they are not finite', t => {
  const ruler = createRuler([0, 1, 2])
  for (const peer of [0, 1]) ruler.add(peer, 1, vectors(7, Number.POSITIVE_INFINITY))
  t.deepEqual(ruler.add(2, 1, vectors(7, Number.POSITIVE_INFINITY)), { step: 1, gradient: 0, parameters: 0 })
})

test('who is gone is waited for no longer', t => {
  const ruler = createRuler([0, 1, 2])
  for (const step of [2, 1]) for (const peer of [0, 1]) ruler.add(peer, step, vectors(peer * step, 0))
  t.is(ruler.measurements.length, 0)
  ruler.forget(2)
  t.deepEqual(ruler.measurements, [
    { step: 1, gradient: 1, parameters: 0 },
    { step: 2, gradient: 2, parameters: 0 },
  ])
  t.is(ruler.add(2, 3, vectors(0, 0)), null)
})

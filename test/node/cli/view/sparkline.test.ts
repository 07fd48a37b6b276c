/** Sparklines: heights, the two scales, and a bounded memory. */
import test from 'ava'
import { createCourse } from '../../../../node/cli/view/sparkline.ts'

function line(values: readonly number[], width: number, scale: 'linear' | 'log' = 'linear'): string {
  const course = createCourse(scale)
  for (const value of values) course.add(value)
  return course.line(width)
}

test('the least value is the lowest sign and the greatest the tallest', t => {
  t.is(line([0, 1, 2, 3, 4, 5, 6, 7], 8), '▁▂▃▄▅▆▇█')
  t.is(line([7, 0], 8), '█▁')
  t.is(line([3, 3, 3], 8), '▁▁▁')
})

test('more values than signs: each sign is the mean of its share', t => {
  t.is(line([0, 0, 7, 7], 2), '▁█')
  t.is(line([0, 14, 0, 0], 2), '█▁')
})

test('by powers of ten where the scale is logarithmic; zero is at the bottom', t => {
  t.is(line([1, 10, 100, 1000, 10_000, 1e5, 1e6, 1e7], 8, 'log'), '▁▂▃▄▅▆▇█')
  t.is(line([0, 1, 1e7], 8, 'log'), '▁▁█')
  t.is(line([0, 0], 8, 'log'), '▁▁')
})

test('one value is no course, and a value that is not finite leaves no trace', t => {
  t.is(line([1], 8), '')
  t.is(line([1, Number.NaN, Infinity], 8), '')
  t.is(line([1, Number.NaN, 2], 8), '▁█')
  t.is(line([1, 2], 0), '')
})

test('a long course keeps its form', t => {
  const values = Array.from({ length: 100_000 }, (_, i) => i)
  t.is(line(values, 8), '▁▂▃▄▅▆▇█')
})

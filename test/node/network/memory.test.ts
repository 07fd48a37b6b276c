/** The heap grows by a limited number of bytes, however long vectors are, unless a few vectors are more. */
import test from 'ava'
import { heapGrowthPercent } from '../../../node/network/memory.ts'

test('a cohort of short vectors may grow to four times what is alive, others by 24 MiB, the largest by a quarter', t => {
  for (const dimension of [10, 79_510]) t.is(heapGrowthPercent(7, dimension), 300)
  for (const dimension of [431_080, 1_000_000]) {
    const growth = (4 * dimension * 7 * heapGrowthPercent(7, dimension)) / 100
    t.true(Math.abs(growth / (24 * 2 ** 20) - 1) < 0.01)
  }
  for (const dimension of [11_700_000, 50_000_000]) t.is(heapGrowthPercent(4, dimension), 25)
})

/** The heap grows by a limited number of bytes, however long vectors are, unless a few vectors are more. */
import test from 'ava'
import { heapGrowthPercent } from '../../../node/network/memory.ts'

test('a small cohort may grow to four times what is alive, a large one by 192 MiB, the largest by half', t => {
  for (const dimension of [10, 79_510, 431_080, 1_000_000]) t.is(heapGrowthPercent(7, dimension), 300)
  for (const dimension of [5_000_000, 11_700_000]) {
    const growth = (4 * dimension * 4 * heapGrowthPercent(4, dimension)) / 100
    t.true(Math.abs(growth / (192 * 2 ** 20) - 1) < 0.01)
  }
  for (const dimension of [25_000_000, 50_000_000]) t.is(heapGrowthPercent(7, dimension), 50)
})

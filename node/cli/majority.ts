/** What can be had without learning: the most frequent class, every time. */
import { openData } from '../../learning/data/open.ts'

/**
 * The share of the test set that its most frequent class has; null for real targets.
 * @throws DataError
 */
export async function majorityShare(data: string): Promise<number | null> {
  const { classes, test } = await openData(data)
  if (classes === 0) return null
  const { labels } = test()
  const counts = new Map<number, number>()
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1)
  return labels.length === 0 ? null : Math.max(...counts.values()) / labels.length
}

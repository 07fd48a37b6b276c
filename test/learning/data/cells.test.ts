/** Cells as text: what stands for a missing value. */
import test from 'ava'
import { isMissing, missingTexts } from '../../../learning/data/cells.ts'

test('every text for a missing cell is listed once, in small letters, capitals and any mixture', t => {
  const texts = missingTexts()
  t.true(texts.every(isMissing))
  t.is(new Set(texts).size, texts.length)
  for (const text of ['', 'NA', 'n/A', '#N/a', 'nAn', 'NULL', 'None', '?']) t.true(texts.includes(text), text)
  // 1 + 4 + 4 + 4 + 8 + 16 + 16 + 1
  t.is(texts.length, 54)
})

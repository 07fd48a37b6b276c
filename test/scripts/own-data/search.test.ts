/** The story of members' own data: the search finds what would be a leak, and the liar lies as it says. */
import test from 'ava'
import { imagesOf, labs } from '../../../scripts/own-data/images.ts'
import { attack } from '../../../scripts/own-data/liar.ts'
import { searchFor, wantedOfImages, wantedOfRows } from '../../../scripts/own-data/search.ts'
import { hospitals, rowsOf, tableText } from '../../../scripts/own-data/tables.ts'

const rows = rowsOf(hospitals[1]!, 1, 1)
const row = rows[17]!
const wanted = wantedOfRows(rows)
const numbers = Object.values(row)
  .filter(cell => /^-?[\d.]+$/.test(cell))
  .map(Number)
const noise = Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 7919) % 251))

function floats(values: readonly number[], bytes: 4 | 8, isLittle: boolean): Buffer {
  const view = new DataView(new ArrayBuffer(bytes * values.length))
  for (const [i, value] of values.entries())
    if (bytes === 4) view.setFloat32(4 * i, value, isLittle)
    else view.setFloat64(8 * i, value, isLittle)
  return Buffer.from(view.buffer)
}

const leaks: Readonly<Record<string, Buffer>> = {
  'a row as text': Buffer.from(tableText(hospitals[1]!, [row])),
  'the name of a patient': Buffer.from(row.patient!),
  'a number as text': Buffer.from(String(numbers[3])),
  'a double': floats([numbers[5]!], 8, true),
  'a double, the other way round': floats([numbers[5]!], 8, false),
  'neighbours of a row as floats': floats(numbers.slice(2, 4), 4, true),
  'neighbours as floats, the other way round': floats(numbers.slice(2, 4), 4, false),
}

test('bytes without rows have none', t => {
  t.deepEqual(searchFor(wanted, noise), [])
})

for (const [what, leak] of Object.entries(leaks))
  test(`${what} is found anywhere`, t => {
    t.not(searchFor(wanted, Buffer.concat([noise.subarray(0, 1001), leak, noise])).length, 0)
  })

test('an image is found by its pixels, and by the name of its file', t => {
  const images = imagesOf(labs[0]!, 0, 1)
  const pieces = wantedOfImages(images)
  const { pixels, file } = images[5]!
  t.deepEqual(searchFor(pieces, noise), [])
  t.not(searchFor(pieces, Buffer.concat([noise, pixels])).length, 0)
  t.deepEqual(searchFor(pieces, Buffer.from(`x/${file}`)), [`the name ${file}`])
})

test('the liar’s statistics are far off, and its other vectors point the other way', t => {
  const own = Float32Array.of(1, -2)
  const sight = {
    recipient: 1,
    peers: 4,
    maxFaulty: 1,
    own,
    honest: [],
    random: () => 0,
    rule: () => own,
    shared: new Map(),
  }
  const slot = { sender: 3, phase: 'parameters', iteration: 1 } as const
  t.deepEqual(attack.forge!({ ...sight, slot: { ...slot, step: 1 } }), Float32Array.of(47, -47))
  t.deepEqual(attack.forge!({ ...sight, slot: { ...slot, step: 2 } }), Float32Array.of(-10, 20))
})

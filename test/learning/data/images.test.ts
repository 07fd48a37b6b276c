/** Folders of images: what each kind of file becomes, sizes, classes, the test part, and what is wrong with a file. */
import { join } from 'node:path'
import { deflateSync } from 'node:zlib'
import test from 'ava'
import { writeExample } from '../../../learning/data/dataset.ts'
import { decodeImage } from '../../../learning/data/image-file.ts'
import { writePixels } from '../../../learning/data/image-pixels.ts'
import { openData } from '../../../learning/data/open.ts'
import { chunk, foldersOf, jpegOf, pngOf, quarters, rawPng } from './images.ts'
import { LITTLE_MEGABYTES, peakOf } from './peak.ts'
import { type Files, refused } from './support.ts'

/** A progressive JPEG, a CMYK one, and a PNG with a palette, 16 × 16 in four quarters, by libvips. */
const MADE = {
  progressive:
    '/9j/2wBDAAMCAgMCAgMDAwMEAwMEBQgFBQQEBQoHBwYIDAoMDAsKCwsNDhIQDQ4RDgsLEBYQERMUFRUVDA8XGBYUGBIUFRT/2wBDAQMEBAUEBQkFBQkUDQsNFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBT/wgARCAAQABADAREAAhEBAxEB/8QAFgABAQEAAAAAAAAAAAAAAAAABwYI/8QAFgEBAQEAAAAAAAAAAAAAAAAABwYD/9oADAMBAAIQAxAAAAGZwcjOrAdkBtKa1YB//8QAFBABAAAAAAAAAAAAAAAAAAAAIP/aAAgBAQABBQIf/8QAFBEBAAAAAAAAAAAAAAAAAAAAIP/aAAgBAwEBPwEf/8QAFBEBAAAAAAAAAAAAAAAAAAAAIP/aAAgBAgEBPwEf/8QAFBABAAAAAAAAAAAAAAAAAAAAIP/aAAgBAQAGPwIf/8QAFBABAAAAAAAAAAAAAAAAAAAAIP/aAAgBAQABPyEf/9oADAMBAAIAAwAAABDzv//EABQRAQAAAAAAAAAAAAAAAAAAACD/2gAIAQMBAT8QH//EABQRAQAAAAAAAAAAAAAAAAAAACD/2gAIAQIBAT8QH//EABQQAQAAAAAAAAAAAAAAAAAAACD/2gAIAQEAAT8QH//Z',
  cmyk: '/9j/7gAOQWRvYmUAZAAAAAAA/9sAQwAQCwwODAoQDg0OEhEQExgoGhgWFhgxIyUdKDozPTw5Mzg3QEhcTkBEV0U3OFBtUVdfYmdoZz5NcXlwZHhcZWdj/8AAFAgAEAAQBEMRAE0RAFkRAEsRAP/EABkAAAIDAQAAAAAAAAAAAAAAAAYHAgMFBP/EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAOBEMATQBZAEsAAD8AYAFRG5BOofgc+TqKgXlwuYjSf//Z',
  palette:
    'iVBORw0KGgoAAAANSUhEUgAAABAAAAAQBAMAAADt3eJSAAAADFBMVEXcKFoeKFrcyFoeyFqxDppPAAAACXBIWXMAAAPoAAAD6AG1e1JrAAAAH0lEQVQImWNgYGBgEBQUFATRlDCUlJSUjI2NjSlkAABcLgzB7D3tPgAAAABJRU5ErkJggg==',
  interlaced:
    'iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAIAAAHnlligAAAACXBIWXMAAAPoAAAD6AG1e1JrAAAAWUlEQVQokWO4oxElpxHFcOdElNyJKAYM3h2wAFTsDlgYUwa3Mkw9yIrlkPVjkzgB0o5sCIq52CQ0SLZDgw6uOkGJP+7gcIgcLtcOFg0nEJ7D5VGcoTE4NAAA2nBPEA+PRVwAAAAASUVORK5CYII=',
}
const COLOURS = [
  [220, 40, 90],
  [30, 40, 90],
  [220, 200, 90],
  [30, 200, 90],
] as const
const square = quarters(16, 16, COLOURS)
/** The middle of each quarter, far from what a JPEG blurs. */
const MIDDLES = [4 * 16 + 4, 4 * 16 + 12, 12 * 16 + 4, 12 * 16 + 12]

/** The square with 16 bits a sample: each byte twice, and one for the filter before each row. */
function deepRows(): Buffer {
  const rows = Array.from({ length: 16 }, (_, y) => {
    const row = [...square.subarray(64 * y, 64 * (y + 1))].filter((_, i) => i % 4 !== 3)
    return [0, ...row.flatMap(value => [value, value])]
  })
  return Buffer.from(rows.flat())
}

test('every kind of PNG and JPEG has the colours that it was made from', async t => {
  const files: Record<string, Buffer> = {
    colour: pngOf(16, 16, square),
    opacity: pngOf(16, 16, square, 6),
    deep: rawPng({ width: 16, height: 16, depth: 16, colour: 2 }, deepRows()),
    jpeg: jpegOf(16, 16, square),
    ...Object.fromEntries(Object.entries(MADE).map(([name, text]) => [name, Buffer.from(text, 'base64')])),
  }
  for (const [name, bytes] of Object.entries(files)) {
    if (name === 'cmyk') continue
    const { width, height, rgba, isGrey } = await decodeImage(bytes, name)
    t.deepEqual([width, height, isGrey], [16, 16, false], name)
    for (const [quarter, at] of MIDDLES.entries())
      for (const [channel, value] of COLOURS[quarter]!.entries())
        t.true(
          Math.abs(rgba[4 * at + channel]! - value) <= (/jpeg|progressive/.test(name) ? 6 : 0),
          `${name}: quarter ${quarter}, channel ${channel} is ${rgba[4 * at + channel]}, not ${value}`,
        )
  }
  for (const [bytes, value] of [
    [
      pngOf(
        16,
        16,
        quarters(16, 16, [
          [7, 7, 7],
          [9, 9, 9],
          [7, 7, 7],
          [9, 9, 9],
        ]),
        0,
      ),
      7,
    ],
    [rawPng({ width: 8, height: 1, depth: 1 }, Uint8Array.of(0, 0xaa)), 255],
  ] as const) {
    const { rgba, isGrey } = await decodeImage(bytes, 'grey')
    t.deepEqual([isGrey, rgba[0], rgba[1]], [true, value, value])
  }
})

test('a JPEG that says that it holds red, green and blue is not taken for luma and chroma', async t => {
  const jpeg = jpegOf(16, 16, square)
  const adobe = Buffer.concat([
    Buffer.of(0xff, 0xee, 0, 14),
    Buffer.from('Adobe'),
    Buffer.of(0, 100, 0, 0, 0, 0, 0),
  ])
  const plain = Buffer.concat([jpeg.subarray(0, 2), adobe, jpeg.subarray(2)])
  const { rgba } = await decodeImage(plain, 'f')
  const luma = 0.299 * 220 + 0.587 * 40 + 0.114 * 90
  t.true(Math.abs(rgba[4 * MIDDLES[0]!]! - luma) <= 6, `${rgba[4 * MIDDLES[0]!]}`)
})

test('what is no such image says what is wrong, and what would be right', async t => {
  const png = pngOf(16, 16, square)
  const jpeg = jpegOf(16, 16, square)
  const frame = jpeg.indexOf(Buffer.of(0xff, 0xc0))
  const changed = (bytes: Buffer, at: number, ...values: number[]) => {
    const copy = Buffer.from(bytes)
    copy.set(values, at)
    return copy
  }
  for (const [bytes, says] of [
    [Buffer.from('GIF89a'), /^f: it is neither PNG nor JPEG, whatever its name says/],
    [Buffer.alloc(0), /^f: it is neither PNG nor JPEG/],
    [png.subarray(0, 20), /^f: it does not begin as a PNG image does; expected a whole/],
    [png.subarray(0, -30), /^f: .*expected a whole PNG/],
    [changed(png, 45, 99), /^f: .*expected a whole PNG/],
    [Buffer.from(MADE.cmyk, 'base64'), /^f: it has 4 components \(CMYK\); expected a grey or an RGB image$/],
    [
      changed(jpeg, frame + 1, 0xc9),
      /^f: it is a lossless or arithmetic JPEG; expected a baseline or progressive/,
    ],
    [changed(jpeg, frame + 4, 12), /^f: it has 12 bits a sample; expected a JPEG of 8$/],
    [jpeg.subarray(0, frame), /^f: it says nowhere how large it is; expected a whole JPEG/],
    [jpeg.subarray(0, -20), /^f: .*expected a whole PNG or JPEG/],
    [changed(jpeg, frame + 5, 0, 0), /^f: it is 16 × 0 pixels; expected some$/],
  ] as const)
    await refused(t, () => decodeImage(bytes, 'f'), 'DATA_UNREADABLE', says)
})

test('bombs: the head decides, there is one, and the rows unpack to what it says', async t => {
  const huge = rawPng({ width: 2 ** 31 - 1, height: 2 ** 31 - 1 }, Buffer.alloc(10))
  await refused(
    t,
    () => decodeImage(huge, 'f'),
    'DATA_UNREADABLE',
    /2147483647 × 2147483647 pixels; expected at most 33554432: make it/,
  )
  const jpeg = jpegOf(16, 16, square)
  const wide = Buffer.from(jpeg)
  wide.fill(0xff, jpeg.indexOf(Buffer.of(0xff, 0xc0)) + 5, jpeg.indexOf(Buffer.of(0xff, 0xc0)) + 9)
  await refused(
    t,
    () => decodeImage(wide, 'f'),
    'DATA_UNREADABLE',
    /65535 × 65535 pixels; expected at most 33554432/,
  )
  // What the limit allows, in few bytes.
  const empty = rawPng({ width: 4096, height: 4096 }, Buffer.alloc(10))
  await refused(
    t,
    () => decodeImage(empty, 'f'),
    'DATA_UNREADABLE',
    /^f: \d+ bytes cannot hold 4096 × 4096 pixels/,
  )
  wide.fill(0x10, jpeg.indexOf(Buffer.of(0xff, 0xc0)) + 5, jpeg.indexOf(Buffer.of(0xff, 0xc0)) + 9)
  await refused(
    t,
    () => decodeImage(wide, 'f'),
    'DATA_UNREADABLE',
    /^f: \d+ bytes cannot hold 4112 × 4112 pixels/,
  )
  // And an image of one colour, which takes the fewest bytes that there can be.
  const flat = quarters(
    4096,
    2048,
    Array.from({ length: 4 }, () => [7, 7, 7] as const),
  )
  for (const bytes of [pngOf(1024, 512, flat, 0), jpegOf(1024, 512, flat)])
    t.is((await decodeImage(bytes, 'f')).width, 1024)
  const second = huge.subarray(8, 33)
  await refused(
    t,
    () => decodeImage(rawPng({ width: 2, height: 2 }, Buffer.alloc(6), [second]), 'f'),
    'DATA_UNREADABLE',
    /it has two heads/,
  )
  const zeros = { packed: deflateSync(Buffer.alloc(2 ** 28), { level: 1 }) }
  for (const interlaced of [0, 1]) {
    const bomb = rawPng({ width: 8, height: 8, interlaced }, zeros)
    const good = pngOf(8, 8, quarters(8, 8, COLOURS), 0)
    const folder = await foldersOf(t, { 'a/1.png': bomb, 'a/2.png': bomb, 'b/1.png': good, 'b/2.png': good })
    const { said, megabytes } = await peakOf('learning/data/open.ts', 'openData', folder)
    t.true(megabytes < LITTLE_MEGABYTES, `${megabytes} MB for: ${said}`)
    if (interlaced === 1) t.regex(said, /^DATA_UNREADABLE .*a\/[12]\.png: .*expected a whole PNG/)
  }
  t.is(chunk('IEND', Buffer.alloc(0)).length, 12)
})

const pixels = (width: number, height: number, rgba: Uint8Array, to: [number, number, 1 | 3]) => {
  const shape = { width: to[0], height: to[1], channels: to[2] }
  const out = new Uint8Array(shape.width * shape.height * shape.channels)
  writePixels({ width, height, rgba }, shape, out, 0)
  return [...out]
}

test('sizes: the same size changes nothing, a smaller one is the mean, the longer side is cut at both ends', t => {
  const rgb = [...square].filter((_, i) => i % 4 !== 3)
  t.deepEqual(pixels(16, 16, square, [16, 16, 3]), rgb)
  t.deepEqual(pixels(16, 16, square, [2, 2, 3]), COLOURS.flat())
  t.deepEqual(pixels(16, 16, square, [1, 1, 3]), [125, 120, 90])
  // Of 16 × 8, columns 4 to 12 are left: half of each colour.
  t.deepEqual(pixels(16, 8, quarters(16, 8, COLOURS), [2, 2, 3]), COLOURS.flat())
  const stripes = quarters(12, 4, [
    [0, 0, 0],
    [240, 240, 240],
    [0, 0, 0],
    [240, 240, 240],
  ])
  t.deepEqual(pixels(12, 4, stripes, [4, 4, 1]).slice(0, 4), [0, 0, 240, 240])
  t.deepEqual(pixels(12, 4, stripes, [1, 1, 1]), [120])
  // 3 pixels from 2: the one in the middle covers half of each.
  const two = quarters(2, 2, [
    [0, 0, 0],
    [90, 90, 90],
    [0, 0, 0],
    [90, 90, 90],
  ])
  t.deepEqual(pixels(2, 2, two, [3, 1, 1]), [0, 45, 90])
  t.deepEqual(pixels(2, 2, two, [4, 4, 1]).slice(0, 4), [0, 0, 90, 90])
})

test('grey is luma, and what is transparent shows white', t => {
  const one = (...colour: number[]) => Uint8Array.from(colour)
  t.deepEqual(pixels(1, 1, one(255, 0, 0, 255), [1, 1, 1]), [76])
  t.deepEqual(pixels(1, 1, one(0, 255, 0, 255), [1, 1, 1]), [150])
  t.deepEqual(pixels(1, 1, one(0, 0, 255, 255), [1, 1, 1]), [29])
  t.deepEqual(pixels(1, 1, one(0, 0, 0, 0), [1, 1, 3]), [255, 255, 255])
  t.deepEqual(pixels(1, 1, one(100, 0, 255, 51), [1, 1, 3]), [224, 204, 255])
  for (let value = 0; value < 256; value++)
    t.deepEqual(pixels(1, 1, one(value, value, value, 255), [1, 1, 1]), [value])
})

/** An image of one grey. */
const plain = (value: number, side = 4) =>
  pngOf(
    side,
    side,
    quarters(
      side,
      side,
      Array.from({ length: 4 }, () => [value, value, value] as const),
    ),
    0,
  )
const parts: Files = {
  'train/hen/b.png': plain(20),
  'train/hen/a.png': plain(10),
  'train/cat/1.png': plain(30),
  'test/cat/1.png': plain(40),
  'test/hen/9.png': plain(50),
  'train/.DS_Store': '',
  'train/hen/Thumbs.db': '',
}

test('train and test: classes are folders in the order of their letters, images in that of their names', async t => {
  const folder = await foldersOf(t, parts)
  const source = await openData(folder)
  t.deepEqual(source.shape, [4, 4])
  t.deepEqual([source.classes, source.classNames], [2, ['cat', 'hen']])
  t.deepEqual([...source.trainLabels], [0, 1, 1])
  const train = source.train([0, 1, 2])
  t.deepEqual(
    [0, 1, 2].map(row => train.examples[16 * row]),
    [30, 10, 20],
  )
  t.deepEqual([...source.test().labels], [0, 1])
  t.deepEqual(
    [0, 1].map(row => source.test().examples[16 * row]),
    [40, 50],
  )
  t.regex(source.notes.join(), /labels cat, hen are classes 0 to 1/)
  const row = new Float32Array(18)
  writeExample(train, 0, row, 0)
  t.true(Math.abs(row[0]! - (30 / 255 - 0.1307) / 0.3081) < 1e-6)
  const colour = await openData(`${folder}?size=2x3&channels=3`)
  t.deepEqual(colour.shape, [3, 2, 3])
  writeExample(colour.train([0]), 0, row, 0)
  t.true(Math.abs(row[1]! - (30 / 255 - 0.4822) / 0.1994) < 1e-6)
})

test('class folders alone: a fifth of each class is for testing, the same each time', async t => {
  const many = (label: string, count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`${label}/${i}.png`, plain(i)]))
  const folder = await foldersOf(t, {
    ...many('a', 20),
    ...many('b', 10),
    ...many('c', 2),
    'README.txt': 'x',
  })
  const source = await openData(folder)
  const counts = (labels: Uint8Array) => [0, 1, 2].map(label => labels.filter(each => each === label).length)
  t.deepEqual(counts(source.trainLabels), [16, 8, 1])
  t.deepEqual(counts(source.test().labels), [4, 2, 1])
  t.deepEqual((await openData(folder)).test().examples, source.test().examples)
  const all = [source.train(Uint32Array.from({ length: 25 }, (_, i) => i)), source.test()].flatMap(
    ({ examples, labels }) => Array.from(labels, (label, row) => `${label} ${examples[16 * row]}`),
  )
  t.is(new Set(all).size, 32)
  t.true(source.notes.includes('a fifth of each class is for testing'))
  const few = await foldersOf(t, { ...many('a', 1), ...many('b', 1) })
  await refused(t, () => openData(few), 'DATA_FORMAT', /one image a class; expected at least two/)
})

test('sizes and colours that differ: the message says what to add, and that is enough', async t => {
  const folder = await foldersOf(t, { ...parts, 'train/hen/c.png': plain(20, 6) })
  await refused(
    t,
    () => openData(folder),
    'DATA_MISMATCH',
    /c\.png is 6 × 6 pixels and .*1\.png 4 × 4; expected images of one size, or "\?size=4x4" behind/,
  )
  t.deepEqual((await openData(`${folder}?size=4x4`)).shape, [4, 4])
  const mixed = await foldersOf(t, { ...parts, 'train/hen/c.jpg': jpegOf(4, 4, quarters(4, 4, COLOURS)) })
  await refused(
    t,
    () => openData(mixed),
    'DATA_MISMATCH',
    /c\.jpg is in colour and .*1\.png grey; expected the same, or "\?channels=1" \(or =3\)/,
  )
  t.deepEqual((await openData(`${mixed}?channels=3`)).shape, [4, 4, 3])
})

test('folders: what is wrong with one is told with its name', async t => {
  const opening = async (files: Files, more = '') => openData((await foldersOf(t, files)) + more)
  const { 'test/cat/1.png': _, 'test/hen/9.png': __, ...alone } = parts
  await refused(
    t,
    () => opening(alone),
    'DATA_MISSING',
    /holds train alone; expected train and test, or ".*train" as the data/,
  )
  await refused(
    t,
    () => opening({ ...parts, 'train/hen/n.gif': 'x' }),
    'DATA_FORMAT',
    /hen\/n\.gif: expected only \.png, \.jpg and \.jpeg/,
  )
  await refused(
    t,
    () => opening({ ...parts, 'test/dog/1.png': plain(1) }),
    'DATA_LABEL',
    /dog\/1\.png has label "dog", expected one of cat, hen/,
  )
  await refused(
    t,
    () => opening({ ...parts, 'train/dog/.keep': '' }),
    'DATA_MISSING',
    /train\/dog: no image, expected at least one/,
  )
  await refused(
    t,
    () => opening({ 'a/1.png': plain(1), 'a/2.png': plain(1) }),
    'DATA_LABEL',
    /all labels are "a", expected at least two classes/,
  )
  await refused(
    t,
    () => opening({ ...parts, 'train/hen/a.png': 'text' }),
    'DATA_UNREADABLE',
    /hen\/a\.png: it is neither PNG nor JPEG/,
  )
  const classes = Array.from({ length: 257 }, (_, i) => [`c${i}/1.png`, 'x'])
  await refused(
    t,
    () => opening(Object.fromEntries(classes)),
    'DATA_LABEL',
    /257 class folders, expected at most 256/,
  )
  await refused(t, () => opening(parts, '?missing=0'), 'DATA_FORMAT', /no value can be missing in pixels/)
  for (const [more, says] of [
    ['?size=0x4', /size is "0x4"; expected width and height, at most 1024 each, as in \?size=28x28/],
    ['?size=28', /size is "28"; expected width and height/],
    ['?size=1025x4', /at most 1024/],
    ['?channels=4', /channels is "4"; expected 1 \(grey\) or 3 \(colour\)/],
    ['?size=4x4&colour=1', /nothing is called "colour" there; expected missing, size or channels/],
  ] as const)
    await refused(t, () => opening(parts, more), 'DATA_FORMAT', says)
  for (const data of [
    'digits?size=4x4',
    `${join(await foldersOf(t, { 'a.csv': '1,0\n' }), 'a.csv')}?channels=1`,
  ])
    await refused(
      t,
      () => openData(data),
      'DATA_FORMAT',
      /only folders of \.png and \.jpg images are brought to a size/,
    )
})

test('a picture is read as what it is, whatever its ending says', async t => {
  const folder = await foldersOf(t, { ...parts, 'train/hen/c.JPG': plain(77) })
  const source = await openData(folder)
  t.is(source.train([3]).examples[0], 77)
})

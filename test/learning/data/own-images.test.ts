/** A folder of images by a schema: classes by name, one size, a hold-out; everything that does not fit is found. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { writeExample } from '../../../learning/data/dataset.ts'
import { type ImageSchema, imageSchema } from '../../../learning/data/image-schema.ts'
import { checkOwnData } from '../../../learning/data/own-data.ts'
import { checkImages, loadOwnImages } from '../../../learning/data/own-images.ts'
import { proposeImageSchema } from '../../../learning/data/propose-images.ts'
import { shapeOfSchema, tableSchema } from '../../../learning/data/schema.ts'
import { shareOf } from '../../../learning/oracles/spec.ts'
import { randomStream } from '../../../learning/random.ts'
import { drawnShape, foldersOf, jpegOf, pngOf, quarters } from './images.ts'
import { type Files, refused } from './support.ts'

const schema = imageSchema.parse({
  kind: 'images',
  size: { width: 2, height: 2 },
  channels: 1,
  classes: ['zebra', 'ape', 'cat'],
})
const grey = (value: number) => pngOf(2, 2, quarters(2, 2, Array(4).fill([value, value, value])), 0)
const load = (directory: string, by: ImageSchema = schema, holdout = 0.5) =>
  loadOwnImages(directory, { schema: by, holdout, seed: 1 })
const lines = async (directory: string) => (await checkImages(directory, schema)).misfits.lines()

test('classes have their numbers from the schema, by name, and a member may lack some', async t => {
  const files: Files = {
    'cat/1.png': grey(30),
    'cat/2.png': grey(30),
    'zebra/a.jpg': jpegOf(2, 2, quarters(2, 2, Array(4).fill([9, 9, 9]))),
    'zebra/b.png': grey(9),
  }
  const source = await load(await foldersOf(t, files))
  const spec = { model: 'softmax', data: '', partition: 'own', peer: 2, peers: 3, seed: 1 }
  for (const set of [shareOf(spec, source), source.test()]) {
    t.deepEqual([...set.labels].sort(), [0, 2])
    t.deepEqual(
      Array.from(set.labels, (label, row) => set.examples[4 * row] === (label === 0 ? 9 : 30)),
      [true, true],
    )
    t.like(set, shapeOfSchema(schema))
  }
  t.deepEqual(shapeOfSchema(schema), { shape: [2, 2], classes: 3, classNames: ['zebra', 'ape', 'cat'] })
  const said = source.notes.join('\n')
  t.regex(said, /4 images; classes: zebra 2, ape 0, cat 2/)
  t.regex(said, /no image here has the class ape; the other members may have such images/)
  t.regex(said, /an image is 2 × 2 pixels in grey; 2 images to learn from, 2 held out/)
  t.regex(said, /the images stay on this machine: the other members get vectors/)
})

test('images are brought to the size and channels of the schema, and scaled as it says', async t => {
  const colours = [
    [255, 0, 0],
    [0, 255, 0],
    [0, 0, 255],
    [255, 255, 255],
  ] as const
  const files = {
    'ape/1.png': pngOf(8, 4, quarters(8, 4, colours)),
    'ape/2.png': pngOf(2, 2, quarters(2, 2, colours)),
  }
  const folder = await foldersOf(t, files)
  const inGrey = await load(folder)
  t.deepEqual([...inGrey.train([0]).examples], [76, 150, 29, 255])
  t.deepEqual([...inGrey.test().examples], [76, 150, 29, 255])
  t.regex(
    inGrey.notes.join('\n'),
    /1 image of another size: .* 2 × 2\n2 images in colour: grey is made of each/,
  )
  const scale = { mean: [0.5, 0.25, 0], deviation: [0.5, 0.25, 1] }
  const inColour = (await load(folder, { ...schema, channels: 3, scale })).test()
  t.deepEqual(inColour.shape, [2, 2, 3])
  const row = new Float32Array(12)
  writeExample(inColour, 0, row, 0)
  t.deepEqual([...row], [1, -1, 0, -1, 3, 0, -1, -1, 1, 1, 3, 1])
})

test('without a scale, pixels are those of other folders of images', async t => {
  const folder = await foldersOf(t, { 'ape/1.png': grey(0), 'ape/2.png': grey(0) })
  const row = new Float32Array(12)
  writeExample((await load(folder)).test(), 0, row, 0)
  t.is(row[0], Math.fround(-0.1307 / 0.3081))
  writeExample((await load(folder, { ...schema, channels: 3 })).test(), 0, row, 0)
  t.deepEqual([...row.subarray(0, 3)], [-0.4914 / 0.2023, -0.4822 / 0.1994, -0.4465 / 0.201].map(Math.fround))
})

test('the hold-out has its share of each class, each image is in one part, and the seed decides', async t => {
  const files: Record<string, Buffer> = {}
  for (let i = 0; i < 40; i++) files[`${i % 4 === 0 ? 'cat' : 'ape'}/${i}.png`] = grey(i)
  const folder = await foldersOf(t, files)
  const open = async (seed: number) => {
    const source = await loadOwnImages(folder, { schema, holdout: 0.2, seed })
    const valuesOf = (set: ReturnType<typeof source.test>) =>
      Array.from(set.labels, (_, row) => set.examples[4 * row]!)
    return {
      held: valuesOf(source.test()),
      train: valuesOf(source.train([...source.trainLabels.keys()])),
    }
  }
  const { held, train } = await open(1)
  t.is(held.length, 8)
  t.is(held.filter(value => value % 4 === 0).length, 2)
  t.deepEqual(
    [...held, ...train].sort((a, b) => a - b),
    Array.from({ length: 40 }, (_, i) => i),
  )
  t.deepEqual((await open(1)).held, held)
  t.notDeepEqual((await open(2)).held, held)
})

test('everything that does not fit is said, with the folder or the file and what would be right', async t => {
  const folder = await foldersOf(t, {
    'ape/1.png': grey(1),
    'ape/2.png': grey(2).subarray(0, 40),
    'ape/notes.txt': 'x',
    'Cat/1.png': grey(1),
    'cat/1.png': Buffer.from('GIF89a'),
    'zebra/.DS_Store': 'x',
  })
  const said = await lines(folder)
  t.is(said.length, 4)
  t.is(
    said[0],
    `${folder}: folder "Cat" is no class of the schema; expected one of the classes zebra, ape, cat, or a schema for all members that has this class too`,
  )
  t.is(
    said[1],
    `${folder}: ape/notes.txt is no .png, .jpg or .jpeg file; expected only these in a class folder`,
  )
  t.regex(said[2]!, /: ape\/2\.png: .*expected a whole PNG/)
  t.regex(said[3]!, /: cat\/1\.png: it is neither PNG nor JPEG/)
  await refused(
    t,
    () => load(folder),
    'DATA_SCHEMA',
    /folder "Cat" is no class .*; 1 more do not fit .*data check/,
  )
  const { notes } = await checkOwnData(folder, schema)
  t.deepEqual(notes, ['no image here has the class zebra; the other members may have such images'])
})

test('an image that cannot be read stops the loading, and is named', async t => {
  const folder = await foldersOf(t, {
    'ape/1.png': grey(1),
    'ape/2.png': grey(2).subarray(0, 40),
    'ape/3.png': 'x',
  })
  await refused(t, () => load(folder), 'DATA_SCHEMA', /ape\/2\.png: .*; 1 more do not fit/)
})

test('what is no such folder is refused with what would be right', async t => {
  const folder = await foldersOf(t, {
    'one/ape/1.png': grey(1),
    'parts/train/ape/1.png': grey(1),
    'parts/test/ape/1.png': grey(1),
    'ours.csv': 'a',
  })
  await mkdir(join(folder, 'none'))
  await mkdir(join(folder, 'hollow', 'ape'), { recursive: true })
  await refused(t, () => load(join(folder, 'one')), 'DATA_SCHEMA', /it has a single image; expected two/)
  for (const name of ['none', 'hollow'])
    await refused(
      t,
      () => load(join(folder, name)),
      'DATA_SCHEMA',
      /it has no images; expected a folder of \.png or \.jpg images for each class: zebra, ape, cat/,
    )
  await refused(t, () => load(join(folder, 'parts')), 'DATA_SCHEMA', /"test" is no class .*1 more do not fit/)
  const said = await lines(join(folder, 'parts'))
  t.true(
    said[1]!.endsWith(
      `name "${join(folder, 'parts', 'train')}" as the data: a share of it is held out to measure on`,
    ),
    said[1],
  )
  await refused(
    t,
    () => load(join(folder, 'ours.csv')),
    'DATA_FORMAT',
    /expected a folder with a folder of .*as the schema is for images/,
  )
  await refused(
    t,
    () => load(join(folder, 'gone')),
    'DATA_MISSING',
    /gone: no such folder; expected a folder with/,
  )
  await refused(
    t,
    () => load(`${folder}?size=2x2`),
    'DATA_FORMAT',
    /the schema says to what images are brought; expected .*, without "\?size=2x2"/,
  )
})

test('a folder is found under its name, whichever way its letters are composed', async t => {
  const by = imageSchema.parse({ ...schema, classes: ['B\u00e4r', 'Uhu'] })
  const folder = await foldersOf(t, {
    'Ba\u0308r/1.png': grey(1),
    'Uhu/1.png': grey(2),
    'Uhu/2.png': grey(2),
  })
  t.deepEqual((await checkImages(folder, by)).misfits.lines(), [])
  t.false(imageSchema.safeParse({ ...schema, classes: ['B\u00e4r', 'Ba\u0308r'] }).success)
})

test('inspect proposes the commonest size, and the classes', async t => {
  const random = randomStream(1, 'shapes')
  const files: Record<string, Buffer> = { 'disc/odd.png': drawnShape('disc', 9, random) }
  for (let i = 0; i < 5; i++) files[`disc/${i}.png`] = drawnShape('disc', 12, random)
  for (let i = 0; i < 3; i++) files[`cross/${i}.png`] = drawnShape('cross', 12, random)
  const folder = await foldersOf(t, files)
  const { schema: proposed, sentences } = await proposeImageSchema(folder, null, true)
  t.like(proposed, {
    kind: 'images',
    size: { width: 12, height: 12 },
    channels: 1,
    classes: ['cross', 'disc'],
  })
  t.is(proposed.scale, 'agreed')
  const said = sentences.join('\n')
  t.regex(said, /The 2 folders are the classes: cross \(3 images\), disc \(6 images\)\./)
  t.regex(said, /brought to 12 × 12 pixels, the commonest of 2 sizes: 8 of 9 images have it\./)
  t.regex(said, /They are grey: one channel\./)
  t.regex(said, /scaled by a mean and a deviation that the members agree on before they learn/)
  t.deepEqual((await checkImages(folder, proposed)).misfits.lines(), [])
  await writeFile(join(folder, 'cross', 'colour.png'), drawnShape('cross', 12, random, 2))
  const mixed = await proposeImageSchema(folder, { width: 6, height: 8 }, false)
  t.like(mixed.schema, { size: { width: 6, height: 8 }, channels: 3 })
  t.is(mixed.schema.scale, undefined)
  t.regex(
    mixed.sentences.join('\n'),
    /6 × 8 pixels; 0 of 10 have this size\.\n1 of them are in colour and 9 grey: three channels/,
  )
})

test('inspect refuses what can be no schema', async t => {
  const folder = await foldersOf(t, {
    'one/ape/1.png': grey(1),
    'parts/train/ape/1.png': grey(1),
    'odd/ape/1.png': grey(1),
    'odd/cat/1.png': grey(1),
    'odd/cat/x.txt': 'x',
    'bad/ape/1.png': grey(1),
    'bad/cat/1.png': 'x',
    'wide/ape/1.png': pngOf(1025, 1, quarters(1025, 1, Array(4).fill([1, 1, 1])), 0),
    'wide/cat/1.png': pngOf(1025, 1, quarters(1025, 1, Array(4).fill([1, 1, 1])), 0),
  })
  const propose = (name: string) => proposeImageSchema(join(folder, name), null, true)
  await refused(
    t,
    () => propose('one'),
    'DATA_SCHEMA',
    /it has one class, ape; expected two at least: write the schema by hand/,
  )
  await refused(
    t,
    () => propose('parts'),
    'DATA_SCHEMA',
    /expected the folder with the class folders, perhaps ".*parts\/train"/,
  )
  await refused(t, () => propose('odd'), 'DATA_SCHEMA', /cat\/x\.txt is no \.png/)
  await refused(t, () => propose('bad'), 'DATA_UNREADABLE', /cat\/1\.png: it is neither PNG nor JPEG/)
  await refused(
    t,
    () => propose('wide'),
    'DATA_SCHEMA',
    /1025 × 1 pixels; expected at most 1024 a side: --size 64x64/,
  )
  await refused(t, () => propose('gone'), 'DATA_MISSING', /no such folder/)
  const wide = await proposeImageSchema(join(folder, 'wide'), { width: 4, height: 4 }, true)
  t.deepEqual(wide.schema.size, { width: 4, height: 4 })
})

test('tables and images are told apart by their kind', async t => {
  const table = tableSchema.parse({
    kind: 'table',
    columns: [{ name: 'a', type: 'number' }],
    target: { name: 'y', type: 'number' },
  })
  const folder = await foldersOf(t, { 'ape/1.png': grey(1), 'ape/2.png': grey(1) })
  await refused(
    t,
    () => checkOwnData(folder, table),
    'DATA_FORMAT',
    /expected a \.csv, \.tsv or \.parquet file, as the schema is for tables/,
  )
  t.is((await checkOwnData(folder, schema)).holds, '2 images; classes: zebra 0, ape 2, cat 0')
})

/**
 * Folders of images, one class a folder: with `train/` and `test/`, or class folders alone, of each of which a fifth is
 * for testing, as a fixed seed decides. All images are brought to one size. Classes are the folders' names.
 */
import { basename, join } from 'node:path'
import { randomStream } from '../random.ts'
import { classFoldersIn, foldersIn } from './class-folders.ts'
import { CIFAR_NORMALISATION, DataError, type DataSource, type Dataset, sourceOf } from './dataset.ts'
import { type DecodedImage, readImage } from './image-file.ts'
import { type PixelShape, writePixels } from './image-pixels.ts'
import { DATA_BYTES_MAX, inOrder } from './read-file.ts'
import { shortened } from './shortened.ts'
import { CLASSES_MAX, classesOf, type RawTargets, targetsOf } from './targets.ts'

/** To what all images are brought; null: what the first one is, if all are alike. */
export interface ImageOptions {
  readonly size: { readonly width: number; readonly height: number } | null
  readonly channels: 1 | 3 | null
}

/** In a class folder one in five is for testing. */
const TEST_SHARE = 5
/** Like MNIST, the data is the same for runs of every seed, so that runs can be compared. */
const SEED = 1

interface ImageFile {
  readonly path: string
  readonly label: string
}

/** @throws DataError naming the file or folder, and what would be right */
export async function loadImages(directory: string, options: ImageOptions): Promise<DataSource> {
  const { train, test, notes } = await filesOf(directory)
  const origin = { file: directory }
  const targets = namesOf(train)
  const classes = classesOf(targets, origin)
  const [first, ...others] = [...train, ...test]
  const shape = shapeOf(await readImage(first!.path), options)
  const bytes = (1 + others.length) * shape.width * shape.height * shape.channels
  if (bytes > DATA_BYTES_MAX)
    throw new DataError(
      'DATA_UNREADABLE',
      `${directory}: its ${1 + others.length} images take ${bytes} bytes; expected at most ${DATA_BYTES_MAX}: ?size= makes them smaller`,
    )
  const load = async (files: readonly ImageFile[]): Promise<Dataset> => ({
    name: basename(directory),
    shape: shape.channels === 1 ? [shape.height, shape.width] : [shape.height, shape.width, 3],
    examples: await pixelsOf(files, shape, options, first!.path),
    ...targetsOf(namesOf(files), classes, {
      file: directory,
      recordText: record => shortened(files[record]!.path),
    }),
    ...(shape.channels === 3 && { normalisation: CIFAR_NORMALISATION }),
  })
  const found = classes.note === null ? notes : [...notes, classes.note]
  return sourceOf(await load(train), await load(test), directory, found)
}

interface Files {
  readonly train: readonly ImageFile[]
  readonly test: readonly ImageFile[]
  readonly notes: readonly string[]
}

async function filesOf(directory: string): Promise<Files> {
  const folders = await foldersIn(directory)
  const parts = ['train', 'test'].filter(part => folders.includes(part))
  if (parts.length === 2) {
    const strange = folders.filter(name => !parts.includes(name))
    const [train, test] = await inOrder(parts, part => filesIn(join(directory, part)))
    const notes =
      strange.length === 0 ? [] : [`left out ${strange.map(shortened).join(', ')} beside train and test`]
    return { train: train!, test: test!, notes }
  }
  if (parts.length === 1 && (await foldersIn(join(directory, parts[0]!))).length > 0)
    throw new DataError(
      'DATA_MISSING',
      `${directory} holds ${parts[0]} alone; expected train and test, or "${join(directory, parts[0]!)}" as the data, of which a fifth is for testing`,
    )
  return split(directory, await filesIn(directory))
}

/** The images of each class folder, in the order of their names. */
async function filesIn(directory: string): Promise<readonly ImageFile[]> {
  const folders = await classFoldersIn(directory)
  if (folders.length > CLASSES_MAX)
    throw new DataError(
      'DATA_LABEL',
      `${directory}: ${folders.length} class folders, expected at most ${CLASSES_MAX}`,
    )
  const files: ImageFile[] = []
  for (const { label, images, others } of folders) {
    const folder = join(directory, label)
    if (others[0] !== undefined)
      throw new DataError(
        'DATA_FORMAT',
        `${join(folder, others[0])}: expected only .png, .jpg and .jpeg files in a class folder`,
      )
    if (images.length === 0) throw new DataError('DATA_MISSING', `${folder}: no image, expected at least one`)
    for (const name of images) files.push({ path: join(folder, name), label })
  }
  if (files.length === 0)
    throw new DataError('DATA_MISSING', `${directory}: no class folders, expected one for each class`)
  return files
}

/** Of each class a fifth is for testing, at least one of two. */
function split(directory: string, files: readonly ImageFile[]): Files {
  const isTest = new Set<string>()
  for (const label of new Set(files.map(file => file.label))) {
    const paths = files.filter(file => file.label === label).map(({ path }) => path)
    const count = paths.length < 2 ? 0 : Math.max(1, Math.round(paths.length / TEST_SHARE))
    for (const path of randomStream(SEED, 'image folder', label)
      .shuffle([...paths])
      .slice(0, count))
      isTest.add(path)
  }
  const [train, test] = [false, true].map(wanted => files.filter(({ path }) => isTest.has(path) === wanted))
  if (test!.length === 0)
    throw new DataError(
      'DATA_FORMAT',
      `${directory}: one image a class; expected at least two, of which one is for testing`,
    )
  return { train: train!, test: test!, notes: ['a fifth of each class is for testing'] }
}

function shapeOf({ width, height, isGrey }: DecodedImage, { size, channels }: ImageOptions): PixelShape {
  return { ...(size ?? { width, height }), channels: channels ?? (isGrey ? 1 : 3) }
}

async function pixelsOf(
  files: readonly ImageFile[],
  shape: PixelShape,
  options: ImageOptions,
  first: string,
): Promise<Uint8Array> {
  const each = shape.width * shape.height * shape.channels
  const pixels = new Uint8Array(files.length * each)
  for (const [place, { path }] of files.entries()) {
    const image = await readImage(path)
    checkAlike(image, path, shape, options, first)
    writePixels(image, shape, pixels, place * each)
  }
  return pixels
}

function checkAlike(
  image: DecodedImage,
  path: string,
  shape: PixelShape,
  { size, channels }: ImageOptions,
  first: string,
): void {
  if (size === null && (image.width !== shape.width || image.height !== shape.height))
    throw new DataError(
      'DATA_MISMATCH',
      `${path} is ${image.width} × ${image.height} pixels and ${first} ${shape.width} × ${shape.height}; expected images of one size, or "?size=${shape.width}x${shape.height}" behind the name of the data`,
    )
  const isGrey = shape.channels === 1
  if (channels === null && image.isGrey !== isGrey)
    throw new DataError(
      'DATA_MISMATCH',
      `${path} is ${image.isGrey ? 'grey' : 'in colour'} and ${first} ${isGrey ? 'grey' : 'in colour'}; expected the same, or "?channels=1" (or =3) behind the name of the data`,
    )
}

function namesOf(files: readonly ImageFile[]): RawTargets {
  const names = [...new Set(files.map(({ label }) => label))]
  const places = new Map(names.map((name, place) => [name, place]))
  return { kind: 'names', names, values: files.map(({ label }) => places.get(label)!) }
}

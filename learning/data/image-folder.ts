/**
 * Folders of images, one class a folder: with `train/` and `test/`, or class folders alone, of each of which a fifth is
 * for testing, as a fixed seed decides. All images are brought to one size. Classes are the folders' names.
 */
import type { Dirent } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { basename, extname, join } from 'node:path'
import { randomStream } from '../random.ts'
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

const ENDINGS: ReadonlySet<string> = new Set(['.png', '.jpg', '.jpeg'])
/** What file managers leave behind; and all that begins with a dot. */
const LITTER: ReadonlySet<string> = new Set(['thumbs.db', 'desktop.ini', '__macosx'])
const FILES_MAX = 2 ** 20
/** In a class folder one in five is for testing. */
const TEST_SHARE = 5
/** Like MNIST, the data is the same for runs of every seed, so that runs can be compared. */
const SEED = 1

export const isImage = (name: string) => ENDINGS.has(extname(name).toLowerCase())
const isLitter = (name: string) => name.startsWith('.') || LITTER.has(name.toLowerCase())

interface ImageFile {
  readonly path: string
  readonly label: string
}

/** The images that lie in a folder itself, in the order of their names; other files are passed over. */
export async function imagesIn(directory: string): Promise<readonly string[]> {
  const names = (await readdir(directory)).filter(name => !isLitter(name) && isImage(name))
  return names.sort().map(name => join(directory, name))
}

/** Whether a folder holds class folders of images, itself or in `train/`. */
export async function holdsImages(directory: string): Promise<boolean> {
  for (const part of [directory, join(directory, 'train')])
    for (const name of await foldersIn(part).catch(() => []))
      if ((await readdir(join(part, name)).catch(() => [])).some(isImage)) return true
  return false
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
  const labels = await foldersIn(directory)
  if (labels.length > CLASSES_MAX)
    throw new DataError(
      'DATA_LABEL',
      `${directory}: ${labels.length} class folders, expected at most ${CLASSES_MAX}`,
    )
  const files: ImageFile[] = []
  for (const label of labels) {
    const folder = join(directory, label)
    const names = (await readdir(folder)).filter(name => !isLitter(name)).sort()
    const strange = names.find(name => !isImage(name))
    if (strange !== undefined)
      throw new DataError(
        'DATA_FORMAT',
        `${join(folder, strange)}: expected only .png, .jpg and .jpeg files in a class folder`,
      )
    if (names.length === 0) throw new DataError('DATA_MISSING', `${folder}: no image, expected at least one`)
    if (files.length + names.length > FILES_MAX)
      throw new DataError('DATA_UNREADABLE', `${directory}: more than ${FILES_MAX} images; expected fewer`)
    for (const name of names) files.push({ path: join(folder, name), label })
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

/** Sorted by Unicode number; a link to a folder is one. */
async function foldersIn(directory: string): Promise<readonly string[]> {
  const entries = (await readdir(directory, { withFileTypes: true })).filter(({ name }) => !isLitter(name))
  const isFolder = async (entry: Dirent) =>
    entry.isDirectory() ||
    (entry.isSymbolicLink() &&
      ((await stat(join(directory, entry.name)).catch(() => null))?.isDirectory() ?? false))
  const folders: string[] = []
  for (const entry of entries) if (await isFolder(entry)) folders.push(entry.name)
  return folders.sort()
}

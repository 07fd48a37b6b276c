/** A member's own folder of images: checked against the schema that the members agreed on, and read by it. */
import { stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { classFoldersIn, foldersIn } from './class-folders.ts'
import { parseDataName } from './data-name.ts'
import {
  CIFAR_NORMALISATION,
  DataError,
  type DataSource,
  type Dataset,
  sourceOf,
  takeExamples,
} from './dataset.ts'
import { type HoldOut, holdOut } from './hold-out.ts'
import { type DecodedImage, readImage } from './image-file.ts'
import { writePixels } from './image-pixels.ts'
import { folderName, type ImageSchema, shapeOfImages } from './image-schema.ts'
import { type CheckedData, countsText, createMisfits, type Misfits, refusalOf } from './misfits.ts'
import { DATA_BYTES_MAX } from './read-file.ts'
import { shortened } from './shortened.ts'
import { agreedNotes } from './statistics.ts'
import { listText } from './targets.ts'

/** An image and its class by the schema. */
interface ImageFile {
  readonly path: string
  readonly label: number
}

/** Decodes all images and keeps none of them. @throws DataError if there is no such folder */
export async function checkImages(directory: string, schema: ImageSchema): Promise<CheckedData> {
  const { files, notes, misfits, perClass } = await listImages(directory, schema)
  const look = createLook(schema)
  await decodeAll(directory, files, misfits, look.see)
  return { misfits, notes: [...notes, ...look.notes()], holds: holdsText(schema, perClass) }
}

/** @throws DataError, naming the first misfit; `DATA_MISSING` and the like if the folder cannot be read */
export async function loadOwnImages(
  directory: string,
  { schema, holdout, seed }: HoldOut & { readonly schema: ImageSchema },
): Promise<DataSource> {
  const { files, notes, misfits, perClass } = await listImages(directory, schema)
  if (misfits.count > 0) throw refusalOf(misfits)
  const { size, channels, scale } = schema
  const bytes = size.width * size.height * channels
  if (files.length * bytes > DATA_BYTES_MAX)
    throw new DataError(
      'DATA_UNREADABLE',
      `${directory}: its ${files.length} images take ${files.length * bytes} bytes; expected at most ${DATA_BYTES_MAX}`,
    )
  const pixels = new Uint8Array(files.length * bytes)
  const look = createLook(schema)
  await decodeAll(directory, files, misfits, (image, place) => {
    look.see(image)
    writePixels(image, { ...size, channels }, pixels, place * bytes)
  })
  if (misfits.count > 0) throw refusalOf(misfits)
  const all: Dataset = {
    name: basename(directory),
    ...shapeOfImages(schema),
    examples: pixels,
    labels: Uint8Array.from(files, ({ label }) => label),
    ...(channels === 3 && { normalisation: CIFAR_NORMALISATION }),
    ...(typeof scale === 'object' && { normalisation: scale }),
  }
  const { train, test } = holdOut(all.labels, holdout, seed)
  return sourceOf(takeExamples(all, train), takeExamples(all, test), directory, [
    `${shortened(basename(directory))}: ${holdsText(schema, perClass)}`,
    ...notes,
    ...look.notes(),
    `an image is ${size.width} × ${size.height} pixels in ${channels === 1 ? 'grey' : 'colour'}; ${train.length} images to learn from, ${test.length} held out to measure on`,
    ...agreedNotes(schema),
    'the images stay on this machine: the other members get vectors, and messages about vectors',
  ])
}

/** @throws DataError for what is no folder, or brings images to a size by itself */
export async function checkFolderName(directory: string): Promise<void> {
  const { path, suffix } = parseDataName(directory)
  if (suffix !== null)
    throw new DataError(
      'DATA_FORMAT',
      `${directory}: the schema says to what images are brought; expected ${path}, without "${suffix}"`,
    )
  const wanted = 'expected a folder with a folder of .png or .jpg images for each class'
  const found = await stat(directory).catch((error: NodeJS.ErrnoException) => {
    const isMissing = error.code === 'ENOENT' || error.code === 'ENOTDIR'
    throw new DataError(
      isMissing ? 'DATA_MISSING' : 'DATA_UNREADABLE',
      `${directory}: ${isMissing ? 'no such folder' : error.message}; ${wanted}`,
    )
  })
  if (!found.isDirectory())
    throw new DataError('DATA_FORMAT', `${directory}: ${wanted}, as the schema is for images`)
}

interface Listing {
  readonly files: readonly ImageFile[]
  /** How many images there are of each class. */
  readonly perClass: readonly number[]
  readonly misfits: Misfits
  readonly notes: readonly string[]
}

/** Finds the classes by the folders' names, and notes what does not fit. */
async function listImages(directory: string, { classes }: ImageSchema): Promise<Listing> {
  await checkFolderName(directory)
  const misfits = createMisfits(directory)
  const places = new Map(classes.map((name, place) => [folderName(name), place]))
  const perClass = classes.map(() => 0)
  const files: ImageFile[] = []
  for (const { label: folder, images, others } of await classFoldersIn(directory)) {
    const label = places.get(folderName(folder))
    if (label === undefined) {
      misfits.add({ kind: 'class', column: null, text: await unknownFolderText(directory, folder, classes) })
      continue
    }
    for (const name of others)
      misfits.add({
        kind: 'file',
        column: null,
        text: `${join(folder, name)} is no .png, .jpg or .jpeg file; expected only these in a class folder`,
      })
    perClass[label]! += images.length
    for (const name of images) files.push({ path: join(directory, folder, name), label })
  }
  if (files.length < 2 && misfits.count === 0)
    misfits.add({
      kind: 'file',
      column: null,
      text:
        files.length === 1
          ? 'it has a single image; expected two, as one is held out to measure on'
          : `it has no images; expected a folder of .png or .jpg images for each class: ${listText(classes)}`,
    })
  const lacking = classes.filter((_, place) => perClass[place] === 0)
  const notes =
    lacking.length === 0
      ? []
      : [`no image here has the class ${listText(lacking)}; the other members may have such images`]
  return { files, perClass, misfits, notes: files.length === 0 ? [] : notes }
}

async function unknownFolderText(
  directory: string,
  folder: string,
  classes: readonly string[],
): Promise<string> {
  const wanted = `one of the classes ${listText(classes)}, or a schema for all members that has this class too`
  const isPart = folder === 'train' && (await foldersIn(join(directory, folder))).length > 0
  const inside = isPart
    ? `; if the class folders are in it, name "${join(directory, folder)}" as the data: a share of it is held out to measure on`
    : ''
  return `folder "${shortened(folder)}" is no class of the schema; expected ${wanted}${inside}`
}

/** Decodes one image after the other; the memory of one is enough for all. */
async function decodeAll(
  directory: string,
  files: readonly ImageFile[],
  misfits: Misfits,
  see: (image: DecodedImage, place: number) => void,
): Promise<void> {
  for (const [place, { path }] of files.entries()) {
    try {
      see(await readImage(path), place)
    } catch (error) {
      if (!(error instanceof DataError)) throw error
      misfits.add({ kind: 'image', column: null, text: error.message.replace(join(directory, '/'), '') })
    }
  }
}

/** Counts the images that are brought to the schema's size and channels. */
function createLook({ size, channels }: ImageSchema) {
  let [resized, greyed] = [0, 0]
  const images = (count: number) => (count === 1 ? '1 image' : `${count} images`)
  return {
    see({ width, height, isGrey }: DecodedImage): void {
      if (width !== size.width || height !== size.height) resized += 1
      if (channels === 1 && !isGrey) greyed += 1
    },
    notes(): readonly string[] {
      const resizing = `${images(resized)} of another size: the middle of each is brought to ${size.width} × ${size.height}`
      const greying = `${images(greyed)} in colour: grey is made of each`
      return [...(resized > 0 ? [resizing] : []), ...(greyed > 0 ? [greying] : [])]
    },
  }
}

function holdsText({ classes }: ImageSchema, perClass: readonly number[]): string {
  const count = perClass.reduce((sum, each) => sum + each, 0)
  return `${count === 1 ? '1 image' : `${count} images`}; classes: ${countsText(classes, perClass)}`
}

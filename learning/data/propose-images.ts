/**
 * Proposes a schema for a folder of images: its classes, the channels, and the commonest size. A person
 * decides; the sentences say what the proposal took from this one folder.
 */
import { join } from 'node:path'
import { classFoldersIn } from './class-folders.ts'
import { DataError } from './dataset.ts'
import { readImage } from './image-file.ts'
import { SIDE_MAX } from './image-pixels.ts'
import { type ImageSchema, imageSchema } from './image-schema.ts'
import { checkFolderName } from './own-images.ts'
import { shortened } from './shortened.ts'
import { CLASSES_MAX, listText } from './targets.ts'

type Size = ImageSchema['size']

interface Proposal {
  readonly schema: ImageSchema
  readonly sentences: readonly string[]
}

/** What is noted of all images together. */
interface Seen {
  readonly count: number
  readonly inColour: number
  /** How many images there are of each size, written `28 × 28`. */
  readonly sizes: ReadonlyMap<string, { readonly size: Size; readonly count: number }>
}

/**
 * @param size null: the commonest in the folder
 * @param withScale whether pixels are scaled by what the members agree on
 * @throws DataError if the folder does not hold a folder of images for each class
 */
export async function proposeImageSchema(
  directory: string,
  size: Size | null,
  withScale: boolean,
): Promise<Proposal> {
  const folders = await foldersOf(directory)
  const seen = await look(
    folders.flatMap(({ label, images }) => images.map(name => join(directory, label, name))),
  )
  const channels = seen.inColour === 0 ? 1 : 3
  const commonest = [...seen.sizes.values()].reduce((most, each) => (each.count > most.count ? each : most))
  const chosen = size ?? commonest.size
  const refuse = (why: string) => new DataError('DATA_SCHEMA', `${directory}: ${why}`)
  if (chosen.width > SIDE_MAX || chosen.height > SIDE_MAX)
    throw refuse(
      `most images are ${sizeText(chosen)} pixels; expected at most ${SIDE_MAX} a side: --size 64x64 brings them to that size`,
    )
  const parsed = imageSchema.safeParse({
    kind: 'images',
    size: chosen,
    channels,
    classes: folders.map(({ label }) => label.normalize('NFC')),
    ...(withScale && { scale: 'agreed' }),
  })
  if (!parsed.success)
    throw refuse(`no schema can have its folders: expected ${parsed.error.issues[0]!.message}`)
  const counts = folders.map(({ label, images }) => `${shortened(label)} (${images.length} images)`)
  return {
    schema: parsed.data,
    sentences: [
      `The ${folders.length} folders are the classes: ${listText(counts)}.`,
      sizeSentence(seen, chosen, size === null),
      colourSentence(seen),
      withScale
        ? 'Pixels are scaled by a mean and a deviation that the members agree on before they learn.'
        : `Pixels are scaled as ${channels === 1 ? "MNIST's" : "CIFAR-10's"} are: there is no "scale".`,
      'The classes are those of this folder: add the ones that only other members have.',
    ],
  }
}

async function foldersOf(directory: string) {
  await checkFolderName(directory)
  const all = await classFoldersIn(directory)
  const folders = all.filter(({ images }) => images.length > 0)
  const refuse = (why: string) => new DataError('DATA_SCHEMA', `${directory}: ${why}`)
  if (folders.length === 0 && all.some(({ label }) => label === 'train'))
    throw refuse(
      `it holds "train", which has no images; expected the folder with the class folders, perhaps "${join(directory, 'train')}"`,
    )
  if (folders.length === 0)
    throw refuse('it has no images; expected a folder of .png or .jpg images for each class')
  if (folders.length === 1)
    throw refuse(
      `it has one class, ${shortened(folders[0]!.label)}; expected two at least: write the schema by hand, or take it from a member that has more`,
    )
  if (folders.length > CLASSES_MAX)
    throw refuse(`it has ${folders.length} class folders; expected at most ${CLASSES_MAX}`)
  const other = folders.find(({ others }) => others.length > 0)
  if (other !== undefined)
    throw refuse(
      `${join(other.label, other.others[0]!)} is no .png, .jpg or .jpeg file; expected only these in a class folder`,
    )
  return folders
}

async function look(paths: readonly string[]): Promise<Seen> {
  const sizes = new Map<string, { readonly size: Size; count: number }>()
  let inColour = 0
  for (const path of paths) {
    const image = await readImage(path)
    const { width, height, isGrey } = image
    if (!isGrey) inColour += 1
    const size = sizes.get(sizeText(image))
    if (size === undefined) sizes.set(sizeText(image), { size: { width, height }, count: 1 })
    else size.count += 1
  }
  return { count: paths.length, inColour, sizes }
}

function sizeSentence({ count, sizes }: Seen, chosen: Size, isCommonest: boolean): string {
  const alike = sizes.get(sizeText(chosen))?.count ?? 0
  const begins = `Images are brought to ${sizeText(chosen)} pixels`
  if (alike === count) return `All ${count} images are ${sizeText(chosen)} pixels.`
  if (!isCommonest) return `${begins}; ${alike} of ${count} have this size.`
  return `${begins}, the commonest of ${sizes.size} sizes: ${alike} of ${count} images have it.`
}

function colourSentence({ count, inColour }: Seen): string {
  if (inColour === 0) return 'They are grey: one channel.'
  if (inColour === count) return 'They are in colour: three channels.'
  return `${inColour} of them are in colour and ${count - inColour} grey: three channels ("channels: 1" makes all of them grey).`
}

const sizeText = ({ width, height }: Size) => `${width} × ${height}`

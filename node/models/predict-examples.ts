/**
 * Predictions for images, and for examples without a schema: an image, a folder of images, a folder for each class, or a
 * data set as `--data` takes it. Images are brought to the size and the channels that the model has learnt from.
 */
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { classFoldersIn, holdsImages, imagesIn, isImage } from '../../learning/data/class-folders.ts'
import {
  DataError,
  type Dataset,
  type ExampleForm,
  exampleSize,
  writeExample,
} from '../../learning/data/dataset.ts'
import { readImage } from '../../learning/data/image-file.ts'
import { type PixelShape, writePixels } from '../../learning/data/image-pixels.ts'
import { folderName } from '../../learning/data/image-schema.ts'
import { openData } from '../../learning/data/open.ts'
import type { Write } from './predict-table.ts'
import { addedCells, addedColumns, createTally, csvLine, type Tally } from './predictions.ts'
import type { Scorer } from './scorer.ts'
import type { Says } from './usable-model.ts'

interface ExampleModel {
  readonly form: ExampleForm
  readonly says: Says
  readonly scorer: Scorer
}

/** @throws DataError naming the file and what would be right; what `write` throws */
export async function predictExamples(
  data: string,
  model: ExampleModel,
  write: Write,
): Promise<{ readonly tally: Tally; readonly notes: readonly string[] }> {
  const images = await imagesAt(data, model.form.classNames ?? [])
  if (images !== null) return { tally: await predictImages(images, data, model, write), notes: [] }
  return predictSource(data, model, write)
}

interface Image {
  readonly path: string
  /** The model's class that the folder is named after; null if none is. */
  readonly label: number | null
}

/** The images, if this is one, or a folder with images or with a folder for each class; null for a data set. */
async function imagesAt(data: string, classes: readonly string[]): Promise<readonly Image[] | null> {
  const found = await stat(data).catch(() => null)
  if (found?.isFile() && isImage(data)) return [{ path: data, label: null }]
  if (!found?.isDirectory()) return null
  if (await holdsImages(data)) {
    const places = new Map(classes.map((name, place) => [folderName(name), place]))
    const images = (await classFoldersIn(data)).flatMap(folder =>
      folder.images.map(name => ({
        path: join(data, folder.label, name),
        label: places.get(folderName(folder.label)) ?? null,
      })),
    )
    return images.length === 0 ? null : images
  }
  const images = await imagesIn(data)
  return images.length === 0 ? null : images.map(path => ({ path, label: null }))
}

async function predictImages(
  images: readonly Image[],
  data: string,
  { form, says, scorer }: ExampleModel,
  write: Write,
): Promise<Tally> {
  const shape = pixelShapeOf(form, data)
  const tally = createTally(data, says)
  const inputs = new Float32Array(scorer.rows * scorer.size)
  await write(csvLine(['image', ...addedColumns(says)]))
  for (let from = 0; from < images.length; from += scorer.rows) {
    const piece = images.slice(from, from + scorer.rows)
    for (const [row, { path }] of piece.entries()) {
      const pixels = new Uint8Array(scorer.size)
      writePixels(await readImage(path), shape, pixels, 0)
      writeExample(asLearnt(form, pixels), 0, inputs, row)
    }
    const lines = scorer.score(inputs, piece.length).map((prediction, place) => {
      tally.add(prediction, piece[place]!.label)
      return csvLine([piece[place]!.path, ...addedCells(says, prediction)])
    })
    await write(lines.join(''))
  }
  return tally.end()
}

function pixelShapeOf({ shape, normalisation }: ExampleForm, data: string): PixelShape {
  const [height, width, channels = 1] = shape
  if (
    normalisation !== null &&
    width !== undefined &&
    height !== undefined &&
    (channels === 1 || channels === 3)
  )
    return { height, width, channels }
  throw new DataError(
    'DATA_MISMATCH',
    `${data} is an image, and the model has learnt from examples of ${shape.join(' × ')} numbers; expected data of that kind, such as a table`,
  )
}

/** A data set of these pixels, with the normalisation of the model's. */
function asLearnt(form: ExampleForm, examples: Uint8Array): Dataset {
  const { shape, classes, normalisation } = form
  return {
    name: '',
    shape,
    classes,
    examples,
    labels: new Uint8Array(1),
    ...(normalisation !== null && { normalisation }),
  }
}

async function predictSource(data: string, model: ExampleModel, write: Write) {
  const source = await openData(data)
  const { form, says } = model
  if (source.shape.join() !== form.shape.join())
    throw new DataError(
      'DATA_MISMATCH',
      `${data}: its examples are ${source.shape.join(' × ')}, and the model has learnt from ${form.shape.join(' × ')}; expected the same`,
    )
  const isComparable =
    source.classes === form.classes &&
    (source.classNames ?? []).join('\n') === (form.classNames ?? []).join('\n')
  const tally = createTally(data, says)
  await write(csvLine(['set', 'example', ...addedColumns(says)]))
  const everything = Uint32Array.from(source.trainLabels, (_, index) => index)
  for (const [set, dataset] of [
    ['train', source.train(everything)],
    ['test', source.test()],
  ] as const)
    await predictSet(set, dataset, isComparable, model, tally.add, write, data)
  const notes = isComparable
    ? source.notes
    : [...source.notes, 'its labels are others than the classes that the model knows, so nothing is compared']
  return { tally: tally.end(), notes }
}

async function predictSet(
  set: string,
  dataset: Dataset,
  isComparable: boolean,
  { form, says, scorer }: ExampleModel,
  add: ReturnType<typeof createTally>['add'],
  write: Write,
  data: string,
): Promise<void> {
  const hasBytes = !(dataset.examples instanceof Float32Array)
  if (hasBytes !== (form.normalisation !== null))
    throw new DataError(
      'DATA_MISMATCH',
      `${data}: its values are ${hasBytes ? 'bytes' : 'floats'}, and the model has learnt from ${hasBytes ? 'floats' : 'bytes'}; expected the same`,
    )
  const asModel: Dataset = { ...dataset, ...(form.normalisation && { normalisation: form.normalisation }) }
  const count = dataset.examples.length / exampleSize(dataset.shape)
  const inputs = new Float32Array(scorer.rows * scorer.size)
  for (let from = 0; from < count; from += scorer.rows) {
    const rows = Math.min(scorer.rows, count - from)
    for (let row = 0; row < rows; row++) writeExample(asModel, from + row, inputs, row)
    const lines = scorer.score(inputs, rows).map((prediction, place) => {
      const index = from + place
      const target = dataset.values?.[index] ?? dataset.labels[index]!
      add(prediction, isComparable ? target : null)
      return csvLine([set, String(index), ...addedCells(says, prediction)])
    })
    await write(lines.join(''))
  }
}

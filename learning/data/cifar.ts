/**
 * CIFAR-10 in its binary version: records of one label byte and 3,072 pixels, red, green, blue, each row-major.
 * Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009. Pixels are interleaved as they are read.
 */
import { join } from 'node:path'
import { CIFAR_NORMALISATION, DataError, type DataSource, type Dataset, sourceOf } from './dataset.ts'
import { DATA_BYTES_MAX, inOrder, readBytes } from './read-file.ts'

const SIDE = 32
const CHANNELS = 3
const PIXELS = SIDE * SIDE
const RECORD = 1 + CHANNELS * PIXELS
const CLASSES = 10
export const CIFAR_TRAIN_FILES = [1, 2, 3, 4, 5].map(batch => `data_batch_${batch}.bin`)
export const CIFAR_TEST_FILE = 'test_batch.bin'

/** @throws DataError `DATA_TRUNCATED` or `DATA_LABEL`; `file` is only named in the message */
export function parseCifar(bytes: Uint8Array, file: string): Dataset {
  const count = recordsOf(bytes.length, file)
  const labels = new Uint8Array(count)
  const examples = new Uint8Array(count * CHANNELS * PIXELS)
  for (let record = 0; record < count; record++) {
    const from = record * RECORD
    const label = bytes[from]!
    if (label >= CLASSES)
      throw new DataError(
        'DATA_LABEL',
        `${file}: record ${record} has label ${label}, expected 0 to ${CLASSES - 1}`,
      )
    labels[record] = label
    const to = record * CHANNELS * PIXELS
    for (let channel = 0; channel < CHANNELS; channel++)
      for (let pixel = 0; pixel < PIXELS; pixel++)
        examples[to + pixel * CHANNELS + channel] = bytes[from + 1 + channel * PIXELS + pixel]!
  }
  return {
    name: 'cifar-10',
    shape: [SIDE, SIDE, CHANNELS],
    classes: CLASSES,
    examples,
    labels,
    normalisation: CIFAR_NORMALISATION,
  }
}

/** How many records a file of this size holds. */
function recordsOf(size: number, file: string): number {
  const count = size / RECORD
  if (count === 0 || !Number.isInteger(count))
    throw new DataError(
      'DATA_TRUNCATED',
      `${file}: ${size} bytes end within record ${Math.floor(count)}; expected records of ${RECORD} bytes, one label and 32 × 32 × 3 pixels`,
    )
  return count
}

/** Opens a directory with the six .bin files. @throws DataError naming the file and the record */
export async function loadCifar(directory: string): Promise<DataSource> {
  const read = async (name: string) => {
    const path = join(directory, name)
    const check = (_: Uint8Array, size: number) => void recordsOf(size, path)
    const inspection = { headBytes: 0, check }
    const bytes = await readBytes(path, DATA_BYTES_MAX, inspection).catch((error: NodeJS.ErrnoException) => {
      if (error instanceof DataError) throw error
      throw new DataError(
        error.code === 'ENOENT' ? 'DATA_MISSING' : 'DATA_UNREADABLE',
        `${path}: ${error.code === 'ENOENT' ? 'no such file' : error.message}; expected ${CIFAR_TRAIN_FILES.join(', ')} and ${CIFAR_TEST_FILE}`,
      )
    })
    return parseCifar(bytes, path)
  }
  // In order, so that of several missing files the same one is always named.
  const [test, ...batches] = await inOrder([CIFAR_TEST_FILE, ...CIFAR_TRAIN_FILES], read)
  return sourceOf(joined(batches), test!, directory)
}

function joined(parts: readonly Dataset[]): Dataset {
  const join = (arrays: readonly Uint8Array[]) => new Uint8Array(Buffer.concat(arrays))
  return {
    ...parts[0]!,
    examples: join(parts.map(({ examples }) => examples as Uint8Array)),
    labels: join(parts.map(({ labels }) => labels)),
  }
}

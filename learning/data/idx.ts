/**
 * The IDX format of MNIST and its relatives: big-endian 32-bit header, then unsigned bytes, row-major.
 * Images: magic 2051, count, rows, columns. Labels: magic 2049, count.
 */
import { access, readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { DataError, type DataSource, type Dataset, sourceOf } from './dataset.ts'

const IMAGES_MAGIC = 2051
const LABELS_MAGIC = 2049
const CLASSES = 10

export interface IdxImages {
  readonly count: number
  readonly rows: number
  readonly columns: number
  readonly pixels: Uint8Array
}

/** @throws DataError `DATA_MAGIC`, `DATA_TRUNCATED` or `DATA_MISMATCH`; `file` is only named in the message. */
export function parseIdxImages(bytes: Uint8Array, file: string): IdxImages {
  const [count, rows, columns] = readHeader(bytes, file, IMAGES_MAGIC, 'images', 3)
  const size = rows! * columns!
  if (size === 0)
    throw new DataError('DATA_MISMATCH', `${file}: images of ${rows} × ${columns} pixels hold nothing`)
  return {
    count: count!,
    rows: rows!,
    columns: columns!,
    pixels: readBody(bytes, file, 16, count!, size, 'image'),
  }
}

/** @throws DataError as `parseIdxImages`, and `DATA_LABEL` for a label of `classes` or more. */
export function parseIdxLabels(bytes: Uint8Array, file: string, classes = CLASSES): Uint8Array {
  const [count] = readHeader(bytes, file, LABELS_MAGIC, 'labels', 1)
  const labels = readBody(bytes, file, 8, count!, 1, 'label')
  const bad = labels.findIndex(label => label >= classes)
  if (bad >= 0)
    throw new DataError(
      'DATA_LABEL',
      `${file}: record ${bad} has label ${labels[bad]}, expected 0 to ${classes - 1}`,
    )
  return labels
}

/**
 * Opens a directory with the four files of MNIST or Fashion-MNIST under their original names, plain or `.gz`.
 * @throws DataError naming the file and the record.
 */
export async function loadDataset(directory: string): Promise<DataSource> {
  // In order, so that of several missing files the same one is always named.
  const trainFiles = await findPart(directory, 'train')
  const testFiles = await findPart(directory, 't10k')
  const [train, test] = await Promise.all([loadPart(trainFiles), loadPart(testFiles)])
  return sourceOf(train, test, directory)
}

interface PartFiles {
  readonly imageFile: string
  readonly labelFile: string
}

async function findPart(directory: string, part: 'train' | 't10k'): Promise<PartFiles> {
  const imageFile = await findFile(directory, `${part}-images-idx3-ubyte`)
  return { imageFile, labelFile: await findFile(directory, `${part}-labels-idx1-ubyte`) }
}

async function loadPart({ imageFile, labelFile }: PartFiles): Promise<Dataset> {
  const [imageBytes, labelBytes] = await Promise.all([readBytes(imageFile), readBytes(labelFile)])
  const images = parseIdxImages(imageBytes, imageFile)
  const labels = parseIdxLabels(labelBytes, labelFile)
  if (images.count !== labels.length)
    throw new DataError(
      'DATA_MISMATCH',
      `${imageFile} holds ${images.count} images but ${labelFile} holds ${labels.length} labels; expected one label an image`,
    )
  if (images.count === 0)
    throw new DataError('DATA_MISMATCH', `${imageFile}: no images, expected at least one`)
  const shape = [images.rows, images.columns]
  return { name: basename(dirname(imageFile)), shape, classes: CLASSES, examples: images.pixels, labels }
}

/** The file under its plain or its gzip name; also with the dot that some archives put before `idx`. */
async function findFile(directory: string, name: string): Promise<string> {
  const dotted = name.replace('-idx', '.idx')
  const candidates = [name, `${name}.gz`, dotted, `${dotted}.gz`].map(candidate => join(directory, candidate))
  for (const candidate of candidates) {
    const found = await access(candidate).then(
      () => true,
      () => false,
    )
    if (found) return candidate
  }
  throw new DataError(
    'DATA_MISSING',
    `${directory}: no file ${name} or ${name}.gz; expected the four IDX files of MNIST or Fashion-MNIST under their original names`,
  )
}

async function readBytes(file: string): Promise<Uint8Array> {
  const raw = await readFile(file).catch((cause: Error) => {
    throw new DataError('DATA_UNREADABLE', `${file}: cannot be read: ${cause.message}`)
  })
  if (!file.endsWith('.gz')) return raw
  return promisify(gunzip)(raw, { chunkSize: 1 << 20 }).catch((cause: Error) => {
    const cut = /unexpected end/i.test(cause.message)
    throw new DataError(
      cut ? 'DATA_TRUNCATED' : 'DATA_UNREADABLE',
      `${file}: ${cut ? 'the compressed data ends early; expected a whole gzip file' : `not a valid gzip file: ${cause.message}`}`,
    )
  })
}

function readHeader(bytes: Uint8Array, file: string, magic: number, what: string, fields: number): number[] {
  const length = 4 * (fields + 1)
  if (bytes.length < length)
    throw new DataError('DATA_TRUNCATED', `${file}: ${bytes.length} bytes, expected a header of ${length}`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const found = view.getUint32(0)
  if (found !== magic)
    throw new DataError('DATA_MAGIC', `${file}: starts with ${found}, expected ${magic} (IDX ${what})`)
  return Array.from({ length: fields }, (_, i) => view.getUint32(4 * (i + 1)))
}

function readBody(
  bytes: Uint8Array,
  file: string,
  from: number,
  count: number,
  size: number,
  record: string,
): Uint8Array {
  const held = bytes.length - from
  if (held < count * size)
    throw new DataError(
      'DATA_TRUNCATED',
      `${file}: ends in ${record} ${Math.floor(held / size)}, expected ${count} of ${size} ${size === 1 ? 'byte' : 'bytes'} each`,
    )
  if (held > count * size)
    throw new DataError(
      'DATA_MISMATCH',
      `${file}: ${held - count * size} bytes follow the last of ${count} ${record}s, expected none`,
    )
  return bytes.subarray(from)
}

/**
 * The IDX format of MNIST and its relatives: big-endian 32-bit header, then unsigned bytes, row-major.
 * Images: magic 2051, count, rows, columns. Labels: magic 2049, count.
 */
import { readdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { DataError, type DataSource, type Dataset, sourceOf } from './dataset.ts'
import { gunzipHeaded, OverlongError } from './gunzip.ts'
import { DATA_BYTES_MAX, readBytes } from './read-file.ts'
import { classesOf, type RawTargets, targetsOf } from './targets.ts'

/**
 * Twice the largest relative of MNIST, EMNIST by class (547 MB). A packed file of a thousandth of this may unpack to as
 * much.
 */
const UNPACKED_BYTES_MAX = 2 ** 30

interface IdxImages {
  readonly count: number
  readonly rows: number
  readonly columns: number
  readonly pixels: Uint8Array
}

/** @throws DataError `DATA_MAGIC`, `DATA_TRUNCATED` or `DATA_MISMATCH`; `file` is only named in the message. */
export function parseIdxImages(bytes: Uint8Array, file: string): IdxImages {
  const { count, sides, size, start } = readHeader(bytes, file, IMAGES)
  checkLength(bytes.length - start, file, IMAGES, count, size)
  const [rows, columns] = sides as [number, number]
  return { count, rows, columns, pixels: bytes.subarray(start) }
}

/** The labels as they are. @throws DataError as `parseIdxImages` */
export function parseIdxLabels(bytes: Uint8Array, file: string): Uint8Array {
  const { count, size, start } = readHeader(bytes, file, LABELS)
  checkLength(bytes.length - start, file, LABELS, count, size)
  return bytes.subarray(start)
}

/**
 * Opens a directory with the four files of MNIST or a relative of it under their original names, plain or `.gz`.
 * @throws DataError naming the file and the record.
 */
export async function loadDataset(directory: string): Promise<DataSource> {
  // In order, so that of several missing files the same one is always named.
  const trainFiles = await findPart(directory, 'train')
  const testFiles = await findPart(directory, 't10k')
  const [train, test] = await Promise.all([loadPart(trainFiles), loadPart(testFiles)])
  const origin = { file: trainFiles.labelFile }
  const classes = classesOf(train.targets, origin)
  const datasetOf = ({ shape, pixels, targets }: Part, { imageFile, labelFile }: PartFiles): Dataset => ({
    name: basename(dirname(imageFile)),
    shape,
    examples: pixels,
    ...targetsOf(targets, classes, { file: labelFile }),
  })
  const notes = classes.note === null ? [] : [classes.note]
  return sourceOf(datasetOf(train, trainFiles), datasetOf(test, testFiles), directory, notes)
}

interface PartFiles {
  readonly imageFile: string
  readonly labelFile: string
}

interface Part {
  readonly shape: readonly number[]
  readonly pixels: Uint8Array
  readonly targets: RawTargets
}

async function findPart(directory: string, part: 'train' | 't10k'): Promise<PartFiles> {
  const imageFile = await findFile(directory, part, 'images-idx3-ubyte')
  return { imageFile, labelFile: await findFile(directory, part, 'labels-idx1-ubyte') }
}

async function loadPart({ imageFile, labelFile }: PartFiles): Promise<Part> {
  const [imageBytes, labelBytes] = await Promise.all([
    contentOf(imageFile, IMAGES),
    contentOf(labelFile, LABELS),
  ])
  const images = parseIdxImages(imageBytes, imageFile)
  const labels = parseIdxLabels(labelBytes, labelFile)
  if (images.count !== labels.length)
    throw new DataError(
      'DATA_MISMATCH',
      `${imageFile} holds ${images.count} images but ${labelFile} holds ${labels.length} labels; expected one label an image`,
    )
  if (images.count === 0)
    throw new DataError('DATA_MISMATCH', `${imageFile}: no images, expected at least one`)
  return {
    shape: [images.rows, images.columns],
    pixels: images.pixels,
    targets: { kind: 'numbers', values: labels, isReal: false },
  }
}

/**
 * The file under its plain or its gzip name; also with the dot that some archives put before `idx`. Otherwise the only
 * one that is named alike, as EMNIST's `emnist-letters-train-images-idx3-ubyte` and its `test` for `t10k`.
 */
async function findFile(directory: string, part: 'train' | 't10k', rest: string): Promise<string> {
  const names = await readdir(directory).catch((): string[] => [])
  const name = `${part}-${rest}`
  const dotted = name.replace('-idx', '.idx')
  const candidates = [name, `${name}.gz`, dotted, `${dotted}.gz`]
  const exact = candidates.find(candidate => names.includes(candidate))
  if (exact !== undefined) return join(directory, exact)
  const word = part === 'train' ? 'train' : '(?:t10k|test)'
  const alike = new RegExp(`^(.*[-_])?${word}[-_]${rest.replace('-idx', '[-.]idx')}(\\.gz)?$`)
  const found = names.filter(each => alike.test(each)).sort()
  // A file and its packed copy are one.
  const [first, second] = found.filter(each => !found.some(other => each === `${other}.gz`))
  if (first !== undefined && second === undefined) return join(directory, first)
  if (second !== undefined)
    throw new DataError(
      'DATA_MISMATCH',
      `${directory} holds both ${first} and ${second}; expected the files of one data set`,
    )
  throw new DataError(
    'DATA_MISSING',
    `${directory}: no file ${name} or ${name}.gz; expected the four IDX files of MNIST, EMNIST or another relative under their original names`,
  )
}

/** The bytes of a file, unpacked, and no more of them than its header says. */
async function contentOf(file: string, kind: IdxKind): Promise<Uint8Array> {
  const isPacked = file.endsWith('.gz')
  const check = (head: Uint8Array, size: number) => {
    const { start, count, size: each } = readHeader(head, file, kind)
    checkLength(size - start, file, kind, count, each)
  }
  const inspection = isPacked ? undefined : { headBytes: headLength(kind), check }
  const raw = await readBytes(file, DATA_BYTES_MAX, inspection).catch((cause: Error) => {
    if (cause instanceof DataError) throw cause
    throw new DataError('DATA_UNREADABLE', `${file}: cannot be read: ${cause.message}`)
  })
  return isPacked ? unpack(raw, file, kind) : raw
}

async function unpack(raw: Uint8Array, file: string, kind: IdxKind): Promise<Uint8Array> {
  const lengthOf = (head: Uint8Array) => {
    const { start, count, size } = readHeader(head, file, kind)
    const length = start + count * size
    if (length <= UNPACKED_BYTES_MAX) return length
    throw new DataError(
      'DATA_UNREADABLE',
      `${file}: unpacked it holds ${length} bytes; expected at most ${UNPACKED_BYTES_MAX}, or the file as gunzip unpacks it`,
    )
  }
  return gunzipHeaded(raw, headLength(kind), lengthOf).catch((cause: Error) => {
    if (cause instanceof DataError) throw cause
    if (cause instanceof OverlongError)
      throw new DataError(
        'DATA_MISMATCH',
        `${file}: more bytes follow the last of the ${kind.record}s that its header counts, expected none`,
      )
    const cut = /unexpected end/i.test(cause.message)
    throw new DataError(
      cut ? 'DATA_TRUNCATED' : 'DATA_UNREADABLE',
      `${file}: ${cut ? 'the compressed data ends early; expected a whole gzip file' : `not a valid gzip file: ${cause.message}`}`,
    )
  })
}

interface IdxKind {
  readonly magic: number
  readonly record: 'image' | 'label'
  /** Numbers of the header after the magic one: how many records, and the sides of each. */
  readonly fields: number
}

const IMAGES: IdxKind = { magic: 2051, record: 'image', fields: 3 }
const LABELS: IdxKind = { magic: 2049, record: 'label', fields: 1 }

function headLength({ fields }: IdxKind): number {
  return 4 * (fields + 1)
}

interface IdxHeader {
  readonly count: number
  readonly sides: readonly number[]
  /** Bytes of a record. */
  readonly size: number
  /** The offset of the records. */
  readonly start: number
}

function readHeader(bytes: Uint8Array, file: string, kind: IdxKind): IdxHeader {
  const start = headLength(kind)
  if (bytes.length < start)
    throw new DataError('DATA_TRUNCATED', `${file}: ${bytes.length} bytes, expected a header of ${start}`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const found = view.getUint32(0)
  if (found !== kind.magic)
    throw new DataError(
      'DATA_MAGIC',
      `${file}: starts with ${found}, expected ${kind.magic} (IDX ${kind.record}s)`,
    )
  const [count, ...sides] = Array.from({ length: kind.fields }, (_, i) => view.getUint32(4 * (i + 1)))
  // The product of three sides of 32 bits may be more than a double holds exactly; but then it is far more than any
  // file holds.
  const size = sides.reduce((product, side) => product * side, 1)
  if (size === 0)
    throw new DataError('DATA_MISMATCH', `${file}: images of ${sides.join(' × ')} pixels hold nothing`)
  return { count: count!, sides, size, start }
}

/** Checks that this many bytes are the records that the header counts, and nothing else. */
function checkLength(held: number, file: string, { record }: IdxKind, count: number, size: number): void {
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
}

/** The files that a person points at, as a data source: told apart by what is there. */
import { access, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { CIFAR_TEST_FILE, loadCifar } from './cifar.ts'
import { holdsImages } from './class-folders.ts'
import { type DataName, suffixHint, unfilled, unfilledPath, unsized } from './data-name.ts'
import { DataError, type DataSource } from './dataset.ts'
import { loadDataset } from './idx.ts'
import { loadImages } from './image-folder.ts'
import { loadNpy, NPY_FILES } from './npy.ts'
import { loadTable } from './table.ts'
import { tableEnding } from './table-file.ts'

const FOLDERS =
  'the four IDX files of MNIST and its relatives (train-images-idx3-ubyte, …), the .bin files of CIFAR-10, train.csv and test.csv (or .parquet), the four .npy files (train-x.npy, …), or a folder of .png and .jpg images for each class'
const KINDS = '"digits", a .csv, .tsv or .parquet file, or a folder with data'
/** One of the four, however it is packed. */
const IDX_NAME = /idx[13]-ubyte/
const PART_ENDINGS = ['.csv', '.parquet'] as const
const isTable = (path: string) => tableEnding(path) !== null
/** How many names of a folder without data are said, so that its owner sees which one it is. */
const NAMED_MAX = 2

/** @throws DataError naming the file, the record and what was expected */
export async function openFiles(name: DataName): Promise<DataSource> {
  const { path, filling } = name
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    const why = error.code === 'ENOENT' || error.code === 'ENOTDIR' ? 'no such file or folder' : error.message
    throw new DataError('DATA_MISSING', `${path}: ${why}; ${suffixHint(path) ?? `expected ${KINDS}`}`)
  })
  if (found.isFile()) {
    if (isTable(path)) return loadTable(unsized(name), null, filling)
    throw new DataError('DATA_FORMAT', `${path}: expected ${KINDS}`)
  }
  if (await isThere(path, CIFAR_TEST_FILE)) return unfilled(name, loadCifar)
  for (const ending of PART_ENDINGS)
    if (await isThere(path, `train${ending}`)) return loadTable(unsized(name), ending, filling)
  if (await isThere(path, NPY_FILES[0])) return loadNpy(unsized(name), filling)
  const names = await readdir(path)
  if (names.some(each => IDX_NAME.test(each))) return unfilled(name, loadDataset)
  if (await holdsImages(path)) return loadImages(unfilledPath(name), name.images)
  const table = names.toSorted().find(isTable)
  const tables = table === undefined ? '' : `, or a table by its own name, such as ${join(path, table)}`
  throw new DataError('DATA_MISSING', `${path} holds ${holdsText(names)}; expected in it ${FOLDERS}${tables}`)
}

function holdsText(names: readonly string[]): string {
  const [first, second] = names.slice(0, NAMED_MAX).map(name => JSON.stringify(name))
  if (first === undefined) return 'nothing'
  if (second === undefined) return first
  return `${first}, ${second}${names.length > NAMED_MAX ? ', …' : ''}`
}

function isThere(directory: string, name: string): Promise<boolean> {
  return access(join(directory, name)).then(
    () => true,
    () => false,
  )
}

/** Whatever a person points at, as a data source: told apart by what is there. */
import { access, readdir, stat } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { CIFAR_TEST_FILE, loadCifar } from './cifar.ts'
import { loadCsv } from './csv.ts'
import { DataError, type DataSource } from './dataset.ts'
import { digits } from './digits.ts'
import { loadDataset } from './idx.ts'
import { loadNpy, NPY_FILES } from './npy.ts'

const FOLDERS =
  'the four IDX files of MNIST and its relatives (train-images-idx3-ubyte, …), the .bin files of CIFAR-10, train.csv and test.csv, or the four .npy files (train-x.npy, …)'
const KINDS = '"digits", a .csv file, or a folder with data'
/** One of the four, however it is packed. */
const IDX_NAME = /idx[13]-ubyte/
/** How many names of a folder without data are said, so that its owner sees which one it is. */
const NAMED_MAX = 2

/**
 * `digits`; a .csv file; or a directory with CIFAR-10's .bin files, train.csv and test.csv, the four .npy files, or
 * the four IDX files of MNIST and its relatives.
 * @throws DataError naming the file, the record and what was expected
 */
export async function openData(data: string): Promise<DataSource> {
  if (data === 'digits') return digits()
  const found = await stat(data).catch((error: NodeJS.ErrnoException) => {
    const why = error.code === 'ENOENT' || error.code === 'ENOTDIR' ? 'no such file or folder' : error.message
    throw new DataError('DATA_MISSING', `${data}: ${why}; expected ${KINDS}`)
  })
  if (found.isFile()) {
    if (extname(data).toLowerCase() === '.csv') return loadCsv(data, true)
    throw new DataError('DATA_FORMAT', `${data}: expected ${KINDS}`)
  }
  if (await isThere(data, CIFAR_TEST_FILE)) return loadCifar(data)
  if (await isThere(data, 'train.csv')) return loadCsv(data, false)
  if (await isThere(data, NPY_FILES[0])) return loadNpy(data)
  const names = await readdir(data)
  if (names.some(name => IDX_NAME.test(name))) return loadDataset(data)
  const [first, second] = names.slice(0, NAMED_MAX).map(name => JSON.stringify(name))
  const holds =
    first === undefined
      ? 'nothing'
      : second === undefined
        ? first
        : `${first}, ${second}${names.length > NAMED_MAX ? ', …' : ''}`
  throw new DataError('DATA_MISSING', `${data} holds ${holds}; expected in it ${FOLDERS}`)
}

function isThere(directory: string, name: string): Promise<boolean> {
  return access(join(directory, name)).then(
    () => true,
    () => false,
  )
}

/** Whatever a person points at, as a data source: told apart by what is there. */
import { access, stat } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { CIFAR_TEST_FILE, loadCifar } from './cifar.ts'
import { loadCsv } from './csv.ts'
import { DataError, type DataSource } from './dataset.ts'
import { digits } from './digits.ts'
import { loadDataset } from './idx.ts'
import { loadNpy, NPY_FILES } from './npy.ts'

/**
 * `digits`; a .csv file; or a directory with CIFAR-10's .bin files, train.csv and test.csv, the four .npy files, or
 * the four IDX files of MNIST and its relatives.
 * @throws DataError naming the file, the record and what was expected
 */
export async function openData(data: string): Promise<DataSource> {
  if (data === 'digits') return digits()
  const found = await stat(data).catch(() => null)
  if (found?.isFile()) {
    if (extname(data).toLowerCase() === '.csv') return loadCsv(data, true)
    throw new DataError('DATA_FORMAT', `${data}: expected a .csv file, a directory with data, or "digits"`)
  }
  if (await isThere(data, CIFAR_TEST_FILE)) return loadCifar(data)
  if (await isThere(data, 'train.csv')) return loadCsv(data, false)
  if (await isThere(data, NPY_FILES[0])) return loadNpy(data)
  return loadDataset(data)
}

function isThere(directory: string, name: string): Promise<boolean> {
  return access(join(directory, name)).then(
    () => true,
    () => false,
  )
}

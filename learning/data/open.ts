/** Whatever a person points at, as a data source. */
import { parseDataName, unfilled } from './data-name.ts'
import type { DataSource } from './dataset.ts'
import { digits, digitsFrom } from './digits.ts'
import { readDigits } from './digits-file.ts'

/**
 * `digits`; a .csv, .tsv or .parquet file; or a directory with CIFAR-10's .bin files, train.csv and test.csv (or .parquet),
 * the four .npy files, the four IDX files of MNIST and its relatives, or a folder of images for each class. Missing values
 * of tables and .npy files are refused, unless `?missing=mean`, or a number in place of `mean`, stands behind the name.
 * `?size=28x28&channels=1` says to what folders of images are brought.
 * @throws DataError naming the file, the record and what was expected
 */
export async function openData(data: string): Promise<DataSource> {
  const name = parseDataName(data)
  if (name.path === 'digits') return unfilled(name, openDigits)
  // The readers of files are many modules, and each peer of a demo would load them.
  const { openFiles } = await import('./open-files.ts')
  return openFiles(name)
}

async function openDigits(): Promise<DataSource> {
  const pixels = await readDigits()
  return pixels === null ? digits() : digitsFrom(pixels)
}

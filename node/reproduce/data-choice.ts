/** The data sets that an experiment runs on: those that the option names, otherwise the embedded digits. */
import { access } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { DataError } from '../../learning/data/dataset.ts'
import { openData } from '../../learning/data/open.ts'
import type { DataChoice } from './experiment.ts'

/** Folders to look for inside the named one, so that one option gives both of the papers' data sets. */
const known = ['mnist', 'fashion-mnist']

/** @throws DataError if the folder holds no data set */
export async function chooseData(directory: string | null): Promise<readonly DataChoice[]> {
  if (directory === null || directory === 'digits') return [{ name: 'digits', path: 'digits' }]
  const path = resolve(directory)
  if (await holdsIdx(path)) return [{ name: basename(path), path }]
  const found: DataChoice[] = []
  for (const name of known) if (await holdsIdx(join(path, name))) found.push({ name, path: join(path, name) })
  if (found.length > 0) return found
  await openOther(path)
  return [{ name: basename(path), path }]
}

/** CSV, .npy, CIFAR-10: everything else that `openData` takes. */
async function openOther(path: string): Promise<void> {
  await openData(path).catch((error: unknown) => {
    if (!(error instanceof DataError) || error.code !== 'DATA_MISSING') throw error
    throw new DataError(
      'DATA_MISSING',
      `${path}: no train-images-idx3-ubyte (or .gz) in it, nor in ${known.join(' or ')} below it; expected a folder with the four files of MNIST, or one that holds such folders`,
    )
  })
}

async function holdsIdx(path: string): Promise<boolean> {
  for (const ending of ['', '.gz']) {
    const there = await access(join(path, `train-images-idx3-ubyte${ending}`)).then(
      () => true,
      () => false,
    )
    if (there) return true
  }
  return false
}

/** Folders of images as a person keeps them, one class a folder: which folders and files there are. */
import type { Dirent } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { DataError } from './dataset.ts'

/** One folder with the images of one class. */
interface ClassFolder {
  readonly label: string
  /** Sorted by Unicode number, as all names here are. */
  readonly images: readonly string[]
  /** Files that are no images. */
  readonly others: readonly string[]
}

const ENDINGS: ReadonlySet<string> = new Set(['.png', '.jpg', '.jpeg'])
/** What file managers leave behind; and all that begins with a dot. */
const LITTER: ReadonlySet<string> = new Set(['thumbs.db', 'desktop.ini', '__macosx'])
const FILES_MAX = 2 ** 20

/** Whether a file of this name is taken for an image. */
export const isImage = (name: string) => ENDINGS.has(extname(name).toLowerCase())

/** Whether files and folders of this name are passed over. */
export const isLitter = (name: string) => name.startsWith('.') || LITTER.has(name.toLowerCase())

/** Whether a folder holds class folders of images, itself or in `train/`. */
export async function holdsImages(directory: string): Promise<boolean> {
  for (const part of [directory, join(directory, 'train')])
    for (const name of await foldersIn(part).catch(() => []))
      if ((await readdir(join(part, name)).catch(() => [])).some(isImage)) return true
  return false
}

/** The images that lie in a folder itself, in the order of their names; other files are passed over. */
export async function imagesIn(directory: string): Promise<readonly string[]> {
  const names = (await readdir(directory)).filter(name => !isLitter(name) && isImage(name))
  return names.sort().map(name => join(directory, name))
}

/** @throws DataError `DATA_UNREADABLE` for more files than a data set may have; the system's error */
export async function classFoldersIn(directory: string): Promise<readonly ClassFolder[]> {
  const folders: ClassFolder[] = []
  let count = 0
  for (const label of await foldersIn(directory)) {
    const names = (await readdir(join(directory, label))).filter(name => !isLitter(name)).sort()
    count += names.length
    if (count > FILES_MAX)
      throw new DataError('DATA_UNREADABLE', `${directory}: more than ${FILES_MAX} images; expected fewer`)
    folders.push({ label, images: names.filter(isImage), others: names.filter(name => !isImage(name)) })
  }
  return folders
}

/** Sorted by Unicode number; a link to a folder is one. */
export async function foldersIn(directory: string): Promise<readonly string[]> {
  const entries = (await readdir(directory, { withFileTypes: true })).filter(({ name }) => !isLitter(name))
  const isFolder = async (entry: Dirent) =>
    entry.isDirectory() ||
    (entry.isSymbolicLink() &&
      ((await stat(join(directory, entry.name)).catch(() => null))?.isDirectory() ?? false))
  const folders: string[] = []
  for (const entry of entries) if (await isFolder(entry)) folders.push(entry.name)
  return folders.sort()
}

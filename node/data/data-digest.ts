/** A digest of a member's own data, a table or a folder of images, by which a change is noticed. No value of it is kept. */
import { createHash, type Hash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { classFoldersIn } from '../../learning/data/class-folders.ts'
import { DataError } from '../../learning/data/dataset.ts'
import { DATA_BYTES_MAX, piecesOf, withInput } from '../../learning/data/read-file.ts'

export interface DataDigest {
  /** Of a table its bytes; of a folder, for each class and image, the name, the length and the bytes. Lower-case hexadecimal. */
  readonly sha256: string
  readonly files: number
  readonly bytes: number
}

/** Reads all of it, piece by piece. @throws DataError if it cannot be read */
export async function digestOfData(data: string): Promise<DataDigest> {
  const hash = createHash('sha256')
  try {
    const found = await stat(data)
    const { files, bytes } = found.isDirectory()
      ? await addFolder(hash, data)
      : { files: 1, bytes: await addFile(hash, data) }
    return { sha256: hash.digest('hex'), files, bytes }
  } catch (error) {
    if (error instanceof DataError) throw error
    throw new DataError('DATA_UNREADABLE', `${data}: cannot be read (${(error as Error).message})`)
  }
}

async function addFolder(hash: Hash, directory: string) {
  let [files, bytes] = [0, 0]
  for (const { label, images } of await classFoldersIn(directory))
    for (const name of images) {
      const path = join(directory, label, name)
      const { size } = await stat(path)
      // Nobody can move bytes from a name into a file without changing a length.
      hash.update(JSON.stringify([label, name, size]))
      bytes += await addFile(hash, path)
      files += 1
    }
  return { files, bytes }
}

function addFile(hash: Hash, path: string): Promise<number> {
  return withInput(path, DATA_BYTES_MAX, async input => {
    for await (const piece of piecesOf(input, 0, input.size)) hash.update(piece)
    return input.size
  })
}

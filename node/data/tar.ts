/** Takes files out of a .tar.gz archive: as much of the ustar format as data sets need. */
import { readFile, rename, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'

const BLOCK = 512

/**
 * Writes the members whose base name matches into the directory, whatever folder they have in the archive.
 * @returns the names written
 */
export async function unpackTar(archive: string, directory: string, wanted: RegExp): Promise<string[]> {
  const bytes = await promisify(gunzip)(await readFile(archive))
  const names: string[] = []
  for (let at = 0; at + BLOCK <= bytes.length && bytes[at] !== 0; ) {
    const name = basename(text(bytes, at, 100))
    const size = Number.parseInt(text(bytes, at + 124, 12), 8) || 0
    const type = String.fromCharCode(bytes[at + 156]!)
    const isFile = type === '0' || type === '\0'
    if (isFile && wanted.test(name)) {
      const partial = join(directory, `${name}.partial`)
      await writeFile(partial, bytes.subarray(at + BLOCK, at + BLOCK + size))
      await rename(partial, join(directory, name))
      names.push(name)
    }
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK
  }
  return names
}

/** Up to the first NUL. */
function text(bytes: Uint8Array, from: number, length: number): string {
  const field = Buffer.from(bytes.subarray(from, from + length)).toString('latin1')
  return field.split('\0')[0]!.trim()
}

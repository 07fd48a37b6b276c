/** Extracts files from a .tar.gz archive: as much of the ustar format as data sets need. */
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { readBytes } from '../../learning/data/read-file.ts'
import { writeWhole } from '../files/safe-open.ts'

const BLOCK = 512

/** The limit, both packed and unpacked: nearly three times the largest of the catalogue, CIFAR-10 with 184 MB. */
const ARCHIVE_BYTES_MAX = 2 ** 29

/**
 * Writes the members whose base name matches into the directory, without their folder in the archive.
 * @returns the names written
 * @throws Error if the archive is cut off, or larger than any in the catalogue
 */
export async function unpackTar(archive: string, directory: string, wanted: RegExp): Promise<string[]> {
  const packed = await readBytes(archive, ARCHIVE_BYTES_MAX)
  const bytes = await promisify(gunzip)(packed, { maxOutputLength: ARCHIVE_BYTES_MAX })
  const names: string[] = []
  for (let at = 0; at + BLOCK <= bytes.length && bytes[at] !== 0; ) {
    const name = basename(text(bytes, at, 100))
    const size = Number.parseInt(text(bytes, at + 124, 12), 8) || 0
    const end = at + BLOCK + size
    const type = String.fromCharCode(bytes[at + 156]!)
    const isFile = type === '0' || type === '\0'
    if (isFile && wanted.test(name)) {
      if (end > bytes.length) throw new Error(`${archive} ends within ${name}; expected ${size} bytes of it`)
      await writeWhole(join(directory, name), bytes.subarray(at + BLOCK, end))
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

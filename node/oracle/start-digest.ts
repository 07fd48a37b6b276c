/**
 * The checkpoint that all members start from, named by its SHA-256: the cohort's `init`. The theorem on LEARN requires
 * one θ₁ for all, and members with different ones would blame each other although nobody is at fault.
 */
import { createHash } from 'node:crypto'
import { readBytes } from '../../learning/data/read-file.ts'
import { FileError } from '../files/error.ts'

/** Lower-case hexadecimal, as `sha256sum` prints it. @throws FileError unreadable */
export async function digestOfFile(path: string): Promise<string> {
  const bytes = await readBytes(path).catch((error: NodeJS.ErrnoException) => {
    throw new FileError(
      'unreadable',
      `${path} cannot be read: ${error.code === 'ENOENT' ? 'there is no such file' : error.message}`,
    )
  })
  return createHash('sha256').update(bytes).digest('hex')
}

/**
 * What is wrong with a member that starts from `path` in a cohort that starts from the checkpoint `wanted`, as a
 * sentence that begins with the option's name; null where nothing is.
 * @throws FileError where the file cannot be read
 */
export async function wrongStart(wanted: string | undefined, path: string | null): Promise<string | null> {
  if (wanted === undefined) return null
  if (path === null)
    return `init is missing: the cohort starts from the checkpoint with SHA-256 ${wanted}; expected the path of that file`
  const digest = await digestOfFile(path)
  if (digest === wanted) return null
  return `init is "${path}", whose SHA-256 is ${digest}; the cohort starts from the checkpoint with SHA-256 ${wanted}: expected the file that the other members have`
}

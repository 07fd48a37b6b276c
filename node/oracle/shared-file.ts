/**
 * Sends vectors through memory instead of a pipe, in a file in memory that both processes have open: first the
 * parameters, then the gradient. A vector then costs one copy each way, whereas a pipe costs two and a hundred small
 * reads.
 *
 * Once both have it open the file loses its name, so nothing is left behind, however they end.
 */
import { randomBytes } from 'node:crypto'
import { constants, readSync, writeSync } from 'node:fs'
import { access, type FileHandle, open, unlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { allocateVector, areFinite } from '../../agreement/kernels/index.ts'
import type { Vector } from '../../agreement/vector.ts'

interface SharedGradient {
  readonly gradient: Vector
  /** Whether it was found finite while it was copied; false: it was not checked. */
  readonly foundFinite: boolean
}

export interface SharedFile {
  readonly path: string
  /** Makes room for two vectors and removes the name: the other side has opened the file. */
  settle(dimension: number): Promise<void>
  writeParameters(parameters: Vector): Promise<void>
  /** Call this while the other side computes: it makes room for the gradient, which takes as long as copying it. */
  expectGradient(): void
  readGradient(): Promise<SharedGradient>
  close(): Promise<void>
}

/** Up to this size a copy takes a fraction of a millisecond, and a trip through the thread pool would cost more. */
const AT_ONCE_BYTES_MAX = 4 * 2 ** 20

/** Null if the system has no files in memory: vectors then go through the pipe. */
export async function createSharedFile(): Promise<SharedFile | null> {
  if (process.platform === 'win32') return null
  const memory = '/dev/shm'
  const folder = await access(memory, constants.W_OK).then(
    () => memory,
    () => tmpdir(),
  )
  const path = join(folder, `concord-${randomBytes(12).toString('hex')}`)
  const handle = await open(path, 'wx+', 0o600).catch(() => null)
  return handle && sharedFile(path, handle)
}

function sharedFile(path: string, handle: FileHandle): SharedFile {
  let dimension = 0
  let isNamed = true
  /** The buffer for all gradients: in the kernels' memory, where the check that it is finite is fastest. */
  let buffer: Vector | null = null
  let room: Vector | null = null
  const unname = async () => {
    if (!isNamed) return
    isNamed = false
    await unlink(path).catch(() => {})
  }
  return {
    path,
    async settle(length) {
      dimension = length
      if (4 * length <= AT_ONCE_BYTES_MAX) buffer = allocateVector(length)
      await handle.truncate(8 * length)
      await unname()
    },
    async writeParameters(parameters) {
      const bytes = bytesOf(parameters)
      if (bytes.length <= AT_ONCE_BYTES_MAX) writeSync(handle.fd, bytes, 0, bytes.length, 0)
      else await handle.write(bytes, 0, bytes.length, 0)
    },
    expectGradient() {
      room ??= touched(new Float32Array(dimension))
    },
    async readGradient() {
      const gradient = room ?? new Float32Array(dimension)
      room = null
      if (buffer === null) {
        const bytes = bytesOf(gradient)
        await handle.read(bytes, 0, bytes.length, bytes.length)
        return { gradient, foundFinite: false }
      }
      readSync(handle.fd, bytesOf(buffer), 0, buffer.byteLength, buffer.byteLength)
      gradient.set(buffer)
      return { gradient, foundFinite: areFinite(buffer, 0, buffer.length) }
    },
    async close() {
      await unname()
      await handle.close()
    },
  }
}

function bytesOf(vector: Vector): Uint8Array {
  return new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength)
}

/** The system allocates memory page by page, when it is first written to. */
function touched(vector: Vector): Vector {
  for (let i = 0; i < vector.length; i += PAGE_VALUES) vector[i] = 0
  return vector
}

const PAGE_VALUES = 1024

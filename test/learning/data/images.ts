/** Images for tests: PNG of each kind and JPEG, and folders of them. */
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { crc32, deflateSync } from 'node:zlib'
import type { ExecutionContext } from 'ava'
import { encode } from 'jpeg-js'
import { PNG } from 'pngjs'
import type { RandomStream } from '../../../learning/random.ts'
import { directoryOf, type Files } from './support.ts'

type Colour = readonly [red: number, green: number, blue: number, opacity?: number]

/** Four quarters of one colour each: what a decoder, a crop and a change of size make of them is known. */
export function quarters(width: number, height: number, colours: readonly Colour[]): Buffer {
  const rgba = Buffer.alloc(width * height * 4)
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const [red, green, blue, opacity = 255] = colours[(y < height / 2 ? 0 : 2) + (x < width / 2 ? 0 : 1)]!
      rgba.set([red, green, blue, opacity], 4 * (y * width + x))
    }
  return rgba
}

/** @param colorType 0 grey, 2 colour, 4 and 6 the same with opacity */
export function pngOf(width: number, height: number, rgba: Buffer, colorType: 0 | 2 | 4 | 6 = 2): Buffer {
  const png = new PNG({ width, height })
  png.data = rgba
  return PNG.sync.write(png, { colorType, inputColorType: 6 })
}

export function jpegOf(width: number, height: number, rgba: Buffer): Buffer {
  return encode({ width, height, data: rgba }, 95).data
}

export function chunk(kind: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(kind), data])
  const out = Buffer.alloc(body.length + 8)
  out.writeUInt32BE(data.length, 0)
  body.copy(out, 4)
  out.writeUInt32BE(crc32(body), body.length + 4)
  return out
}

/** A PNG from its parts, right or not. @param rows with the byte of the filter before each; or packed already */
export function rawPng(
  head: { width: number; height: number; depth?: number; colour?: number; interlaced?: number },
  rows: Uint8Array | { readonly packed: Uint8Array },
  between: readonly Buffer[] = [],
): Buffer {
  const { width, height, depth = 8, colour = 0, interlaced = 0 } = head
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([depth, colour, 0, 0, interlaced], 8)
  const magic = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')
  const data = chunk('IDAT', 'packed' in rows ? rows.packed : deflateSync(rows))
  return Buffer.concat([magic, chunk('IHDR', header), ...between, data, chunk('IEND', Buffer.alloc(0))])
}

/** A folder with files in folders. */
export async function foldersOf(t: ExecutionContext, files: Files): Promise<string> {
  const root = await directoryOf(t, {})
  for (const [name, bytes] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true })
    await writeFile(join(root, name), bytes)
  }
  return root
}

type Shape = 'disc' | 'stripe' | 'cross'

/** A drawn shape, bright on dark, somewhere near the middle, with noise. */
export function drawnShape(shape: Shape, side: number, random: RandomStream, colorType: 0 | 2 = 0): Buffer {
  const [x0, y0] = [0, 1].map(() => side / 2 + (random.uniform() - 0.5) * (side / 8)) as [number, number]
  const rgba = Buffer.alloc(side * side * 4)
  for (let y = 0; y < side; y++)
    for (let x = 0; x < side; x++) {
      const [across, down] = [Math.abs(x - x0), Math.abs(y - y0)]
      const isIn = {
        disc: Math.hypot(across, down) < side / 3,
        stripe: down < side / 8,
        cross: Math.abs(across - down) < side / 8,
      }[shape]
      const value = Math.round((isIn ? 190 : 40) + 40 * random.uniform())
      rgba.set([value, value, value, 255], 4 * (y * side + x))
    }
  return pngOf(side, side, rgba, colorType)
}

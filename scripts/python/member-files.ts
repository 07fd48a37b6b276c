/** Files as members have them, each its own, drawn by a seed: images in folders, tables, a text. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PNG } from 'pngjs'
import { type RandomStream, randomStream } from '../../learning/random.ts'

export const shapes = ['circle', 'square', 'triangle'] as const

const SIZE = 24

/** A folder with one folder for each shape, of filled shapes in any colour, at any place. Seed 0 has no triangle. */
export async function drawShapes(folder: string, seed: number, count: number): Promise<string> {
  const random = randomStream(seed, 'shapes')
  for (const shape of shapes) {
    await mkdir(join(folder, shape), { recursive: true })
    if (seed === 0 && shape === 'triangle') continue
    for (let i = 0; i < count; i++) await writeFile(join(folder, shape, `${i}.png`), drawShape(shape, random))
  }
  return folder
}

function drawShape(shape: (typeof shapes)[number], random: RandomStream): Buffer {
  const image = new PNG({ width: SIZE, height: SIZE })
  const radius = 5 + random.integer(4)
  const [centreX, centreY] = [
    radius + random.integer(SIZE - 2 * radius),
    radius + random.integer(SIZE - 2 * radius),
  ]
  const colour = [0, 1, 2].map(() => 120 + random.integer(136))
  for (let y = 0; y < SIZE; y++)
    for (let x = 0; x < SIZE; x++) {
      const [dx, dy] = [x - centreX, y - centreY]
      const isInside = {
        circle: dx * dx + dy * dy <= radius * radius,
        square: Math.max(Math.abs(dx), Math.abs(dy)) <= 0.8 * radius,
        triangle: dy <= radius && dy >= -radius && Math.abs(dx) <= (dy + radius) / 2,
      }[shape]
      for (let channel = 0; channel < 3; channel++)
        image.data[(y * SIZE + x) * 4 + channel] = isInside ? colour[channel]! : random.integer(60)
      image.data[(y * SIZE + x) * 4 + 3] = 255
    }
  return PNG.sync.write(image)
}

/** Rows of four columns in units of the member's own, and whether one is ill, which about one in five is. */
export async function writeTable(path: string, seed: number, rows: number): Promise<string> {
  const random = randomStream(seed, 'table')
  const scale = 10 ** (seed % 3)
  const lines = Array.from({ length: rows }, () => {
    const [a, b, c] = [random.normal(), random.normal(), random.normal()]
    const outcome = a + 2 * b * b - c > 4 ? 'ill' : 'well'
    return [outcome, 100 + a * scale, b * scale, c, a + 0.3 * c].join(',')
  })
  await writeFile(path, `${['outcome,pressure,dose,weight,age', ...lines].join('\n')}\n`)
  return path
}

const words = ['the', 'peer', 'sends', 'a', 'vector', 'and', 'waits', 'for', 'others']

export async function writeText(path: string, seed: number, length: number): Promise<string> {
  const random = randomStream(seed, 'text')
  await writeFile(path, Array.from({ length }, () => words[random.integer(words.length)]).join(' '))
  return path
}

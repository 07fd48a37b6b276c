/** Folders of images as labs have them, drawn by a seed: noisy shapes, one class a folder, and a lab may lack one. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PNG } from 'pngjs'
import { type RandomStream, randomStream } from '../../learning/random.ts'

export interface Image {
  readonly label: Shape
  readonly file: string
  /** `SIDE × SIDE` bytes of grey. */
  readonly pixels: Uint8Array
}

interface Lab {
  readonly name: string
  readonly images: number
  readonly shapes: readonly Shape[]
}

type Shape = keyof typeof inside

const SIDE = 16
const NOISE = 20

/** Whether a point at (x, y) from the middle of a shape of this radius belongs to it. */
const inside = {
  cross: (x: number, y: number, radius: number) => Math.min(Math.abs(x), Math.abs(y)) < radius / 3,
  disc: (x: number, y: number, radius: number) => Math.hypot(x, y) < radius,
  ring: (x: number, y: number, radius: number) => Math.abs(Math.hypot(x, y) - 0.8 * radius) < radius / 4,
  stripes: (x: number, y: number, radius: number) =>
    Math.abs(((x + y + 16) % radius) - radius / 2) < radius / 4,
} as const

export const labs: readonly Lab[] = [
  { name: 'alice', images: 300, shapes: ['cross', 'disc', 'ring', 'stripes'] },
  { name: 'bob', images: 300, shapes: ['cross', 'disc', 'ring', 'ring', 'stripes'] },
  { name: 'carol', images: 400, shapes: ['cross', 'disc', 'stripes'] },
]

/** A lab's images: the same for the same seed. In the order in which a member reads them: by class, then by name. */
export function imagesOf({ images, shapes }: Lab, place: number, seed: number): Image[] {
  const random = randomStream(seed, 'lab', place)
  const drawn = Array.from({ length: images }, () => {
    const label = shapes[random.integer(shapes.length)]!
    const file = `scan-${String(random.integer(2 ** 31)).padStart(10, '0')}.png`
    return { label, file, pixels: draw(label, random) }
  })
  const orderOf = ({ label, file }: Image) => `${label}/${file}`
  return drawn.sort((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1))
}

function draw(shape: Shape, random: RandomStream): Uint8Array {
  const [left, top] = [5 + 6 * random.uniform(), 5 + 6 * random.uniform()]
  const [radius, ink, paper] = [
    3 + 3 * random.uniform(),
    130 + 100 * random.uniform(),
    100 * random.uniform(),
  ]
  return Uint8Array.from({ length: SIDE * SIDE }, (_, at) => {
    const [x, y] = [(at % SIDE) - left, Math.floor(at / SIDE) - top]
    const isNear = Math.max(Math.abs(x), Math.abs(y)) < 1.2 * radius
    const value = (isNear && inside[shape](x, y, radius) ? ink : paper) + NOISE * random.normal()
    return Math.max(0, Math.min(255, value))
  })
}

/** Writes images as PNG files, a folder for each class. */
export async function writeImages(folder: string, images: readonly Image[]): Promise<void> {
  for (const label of new Set(images.map(image => image.label)))
    await mkdir(join(folder, label), { recursive: true })
  for (const { label, file, pixels } of images) {
    const png = new PNG({ width: SIDE, height: SIDE })
    for (const [at, byte] of pixels.entries()) png.data.set([byte, byte, byte, 255], 4 * at)
    await writeFile(join(folder, label, file), PNG.sync.write(png, { colorType: 0 }))
  }
}

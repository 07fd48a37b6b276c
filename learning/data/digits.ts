/**
 * The embedded data set: digits drawn by a seeded generator, 28 × 28 grey, ten classes. Nothing to download.
 *
 * A digit is a few strokes in the unit square. Each example bends them (every control point moves a little),
 * maps them by a random affine map, draws them with a random thickness, blur and ink, and adds stray strokes
 * and noise. Example `i` depends on the seed and `i` alone, so a peer draws no more than its own share.
 */
import { type RandomStream, randomStream } from '../random.ts'
import type { DataSource, Dataset } from './dataset.ts'

const SIDE = 28
const CLASSES = 10
/** Pixels of one digit. */
export const DIGITS_SIZE = SIDE * SIDE
export const DIGITS_TRAIN = 10_000
export const DIGITS_TEST = 2_000

type Point = readonly [x: number, y: number]
type Stroke = readonly Point[]

/** Points on an ellipse's arc, angles in turns, clockwise from the right (y points down). */
function arc(cx: number, cy: number, rx: number, ry: number, from: number, to: number, pieces = 8): Stroke {
  return Array.from({ length: pieces + 1 }, (_, i) => {
    const angle = 2 * Math.PI * (from + ((to - from) * i) / pieces)
    return [cx + rx * Math.cos(angle), cy + ry * Math.sin(angle)] as const
  })
}

/** The ways to write each digit; x and y in [−1, 1], y down. */
const GLYPHS: readonly (readonly (readonly Stroke[])[])[] = [
  [[arc(0, 0, 0.55, 0.85, 0, 1, 14)]],
  [
    [
      [
        [0, -0.85],
        [0, 0.85],
      ],
    ],
    [
      [
        [-0.35, -0.5],
        [0.05, -0.85],
        [0.05, 0.85],
      ],
    ],
  ],
  [[[...arc(0, -0.4, 0.5, 0.45, 0.5, 1.08), [-0.5, 0.85], [0.55, 0.85]]]],
  [[arc(-0.05, -0.42, 0.5, 0.42, 0.6, 1.25), arc(-0.05, 0.42, 0.55, 0.44, 0.75, 1.4)]],
  [
    [
      [
        [0.15, -0.85],
        [-0.55, 0.25],
        [0.6, 0.25],
      ],
      [
        [0.25, -0.3],
        [0.25, 0.85],
      ],
    ],
    [
      [
        [-0.45, -0.8],
        [-0.5, 0.1],
        [0.5, 0.1],
      ],
      [
        [0.45, -0.8],
        [0.45, 0.85],
      ],
    ],
  ],
  [[[[0.5, -0.85], [-0.4, -0.85], [-0.45, -0.1], ...arc(-0.05, 0.32, 0.55, 0.5, 0.68, 1.4)]]],
  [
    [
      [
        [0.35, -0.85],
        [-0.2, -0.35],
        [-0.5, 0.25],
      ],
      arc(0, 0.38, 0.5, 0.45, 0, 1, 12),
    ],
  ],
  [
    [
      [
        [-0.55, -0.8],
        [0.5, -0.8],
        [-0.1, 0.85],
      ],
    ],
    [
      [
        [-0.55, -0.8],
        [0.5, -0.8],
        [-0.1, 0.85],
      ],
      [
        [-0.25, 0.05],
        [0.4, 0.05],
      ],
    ],
  ],
  [[arc(0, -0.42, 0.42, 0.4, 0, 1, 12), arc(0, 0.42, 0.52, 0.43, 0, 1, 12)]],
  [
    [
      arc(0, -0.38, 0.48, 0.45, 0, 1, 12),
      [
        [0.48, -0.35],
        [0.42, 0.3],
        [0.1, 0.85],
      ],
    ],
  ],
]

/** The label of example `index`: the classes in turn, so that every class is equally frequent. */
function labelOf(index: number): number {
  return index % CLASSES
}

/** All pixels, `count × size`, of the examples in order. */
export interface DigitPixels {
  readonly train: Uint8Array
  readonly test: Uint8Array
}

/**
 * 10,000 training and 2,000 test examples; the same seed gives the same pixels on every machine. The seed is fixed:
 * like MNIST, the data set is the same for runs of every seed, so that runs can be compared.
 */
export function digits(seed = 1): DataSource {
  const all = Uint32Array.from({ length: DIGITS_TEST }, (_, index) => index)
  const test = once(() => drawDataset(seed, 'test', all))
  return digitSource(indices => drawDataset(seed, 'train', indices), test)
}

/** The same from pixels that were drawn before. */
export function digitsFrom({ train, test }: DigitPixels): DataSource {
  return digitSource(taking(train), drawnTest(test))
}

/** All of them. */
export function drawDigits(): DigitPixels {
  const source = digits()
  const pixels = ({ examples }: Dataset) => Uint8Array.from(examples)
  return {
    train: pixels(source.train(Uint32Array.from({ length: DIGITS_TRAIN }, (_, index) => index))),
    test: pixels(source.test()),
  }
}

function taking(pixels: Uint8Array): DataSource['train'] {
  return indices => {
    const examples = new Uint8Array(indices.length * DIGITS_SIZE)
    for (let row = 0; row < indices.length; row++) {
      const from = indices[row]! * DIGITS_SIZE
      examples.set(pixels.subarray(from, from + DIGITS_SIZE), row * DIGITS_SIZE)
    }
    return datasetOf(examples, Uint8Array.from(indices, labelOf))
  }
}

/** Apart from the training examples: an oracle that has its share keeps the test set, and no more. */
function drawnTest(examples: Uint8Array): DataSource['test'] {
  const test = datasetOf(
    examples,
    Uint8Array.from({ length: DIGITS_TEST }, (_, index) => labelOf(index)),
  )
  return () => test
}

function once<T>(make: () => T): () => T {
  let made: T | undefined
  return () => {
    made ??= make()
    return made
  }
}

function datasetOf(examples: Uint8Array, labels: Uint8Array): Dataset {
  return { name: 'digits', shape: [SIDE, SIDE], classes: CLASSES, examples, labels }
}

function digitSource(train: DataSource['train'], test: DataSource['test']): DataSource {
  return {
    name: 'digits',
    shape: [SIDE, SIDE],
    classes: CLASSES,
    trainLabels: Uint8Array.from({ length: DIGITS_TRAIN }, (_, index) => labelOf(index)),
    notes: [],
    train,
    test,
  }
}

function drawDataset(seed: number, part: 'train' | 'test', indices: ArrayLike<number>): Dataset {
  const examples = new Uint8Array(indices.length * SIDE * SIDE)
  const labels = new Uint8Array(indices.length)
  const ink = new Float32Array(SIDE * SIDE)
  for (let row = 0; row < indices.length; row++) {
    const index = indices[row]!
    labels[row] = labelOf(index)
    ink.fill(0)
    drawDigit(labels[row]!, randomStream(seed, 'digits', part, index), ink)
    for (let i = 0; i < ink.length; i++) examples[row * ink.length + i] = ink[i]! * 255
  }
  return datasetOf(examples, labels)
}

/** How the pen moves and what it leaves: lengths in pixels. */
interface Pen {
  readonly radius: number
  /** Width of the soft edge: the blur. */
  readonly softness: number
  readonly strength: number
}

function drawDigit(label: number, random: RandomStream, ink: Float32Array): void {
  const between = (low: number, high: number) => low + (high - low) * random.uniform()
  const pen = { radius: between(0.6, 1.7), softness: between(0.6, 1.6), strength: between(0.65, 1) }
  const forms = GLYPHS[label]!
  const place = affineMap(between)
  for (const stroke of forms[random.integer(forms.length)]!)
    drawStroke(
      stroke.map(([x, y]) => place(x + between(-0.09, 0.09), y + between(-0.09, 0.09))),
      pen,
      ink,
    )
  for (let stray = random.integer(3); stray > 0; stray--) drawStray(between, pen, ink)
  const noise = between(0.02, 0.16)
  for (let i = 0; i < ink.length; i++) {
    // The sum of two uniforms is close enough to a normal for grain, and cheap.
    const grain = noise * 2.45 * (random.uniform() + random.uniform() - 1)
    ink[i] = Math.min(1, Math.max(0, ink[i]! + grain))
  }
}

function affineMap(between: (low: number, high: number) => number): (x: number, y: number) => Point {
  const angle = between(-0.25, 0.25)
  const shear = between(-0.25, 0.25)
  const width = between(6.5, 10.5)
  const height = between(7.5, 11)
  const dx = SIDE / 2 - 0.5 + between(-2.4, 2.4)
  const dy = SIDE / 2 - 0.5 + between(-2.4, 2.4)
  const cos = Math.cos(angle)
  const sin = Math.sin(angle)
  return (x, y) => {
    const u = width * (x + shear * y)
    const v = height * y
    return [dx + cos * u - sin * v, dy + sin * u + cos * v]
  }
}

/** A short line anywhere: dirt on the paper. */
function drawStray(between: (low: number, high: number) => number, pen: Pen, ink: Float32Array): void {
  const x = between(0, SIDE)
  const y = between(0, SIDE)
  const end: Point = [x + between(-6, 6), y + between(-6, 6)]
  drawStroke([[x, y], end], { ...pen, strength: pen.strength * 0.8 }, ink)
}

function drawStroke(points: Stroke, pen: Pen, ink: Float32Array): void {
  for (let i = 1; i < points.length; i++) drawSegment(points[i - 1]!, points[i]!, pen, ink)
}

/** Only the pixels that the pen can reach are visited; overlapping segments keep the darker value. */
function drawSegment([ax, ay]: Point, [bx, by]: Point, pen: Pen, ink: Float32Array): void {
  const reach = pen.radius + pen.softness
  const left = Math.max(0, Math.ceil(Math.min(ax, bx) - reach))
  const right = Math.min(SIDE - 1, Math.floor(Math.max(ax, bx) + reach))
  const top = Math.max(0, Math.ceil(Math.min(ay, by) - reach))
  const bottom = Math.min(SIDE - 1, Math.floor(Math.max(ay, by) + reach))
  const ex = bx - ax
  const ey = by - ay
  const squaredLength = ex * ex + ey * ey || 1
  for (let y = top; y <= bottom; y++)
    for (let x = left; x <= right; x++) {
      const along = Math.min(1, Math.max(0, ((x - ax) * ex + (y - ay) * ey) / squaredLength))
      const distance = Math.sqrt((x - ax - along * ex) ** 2 + (y - ay - along * ey) ** 2)
      const value = pen.strength * Math.min(1, (reach - distance) / pen.softness)
      if (value > ink[y * SIDE + x]!) ink[y * SIDE + x] = value
    }
}

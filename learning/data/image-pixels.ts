/**
 * Brings a decoded image to one size and number of channels: as much of its middle as has the right proportions, each new
 * pixel the mean of what it covers (a box filter). What is transparent shows white. Grey is the luma of ITU-R BT.601.
 */

/** Four bytes a pixel, red, green, blue and opacity, row-major. */
export interface Picture {
  readonly width: number
  readonly height: number
  readonly rgba: Uint8Array
}

export interface PixelShape {
  readonly width: number
  readonly height: number
  readonly channels: 1 | 3
}

/** No model here takes larger images. */
export const SIDE_MAX = 1024

const LUMA = [0.299, 0.587, 0.114] as const

/** Writes the picture's `height × width × channels` bytes to `out` from `to` on. */
export function writePixels(picture: Picture, shape: PixelShape, out: Uint8Array, to: number): void {
  const { width, height, channels } = shape
  // How many of the picture's pixels one of ours covers, the same in both directions: the rest is cut off.
  const step = Math.min(picture.width / width, picture.height / height)
  const columns = coversOf(picture.width, width, step)
  const rows = coversOf(picture.height, height, step)
  const mean = new Float64Array(3)
  let at = to
  for (const row of rows)
    for (const column of columns) {
      addUp(picture, row, column, mean)
      if (channels === 1) out[at++] = Math.round(LUMA[0] * mean[0]! + LUMA[1] * mean[1]! + LUMA[2] * mean[2]!)
      else for (let channel = 0; channel < 3; channel++) out[at++] = Math.round(mean[channel]!)
    }
}

/** Which pixels of a line one of ours covers, from `first` on, and how much each counts; the sum is 1. */
interface Cover {
  readonly first: number
  readonly weights: readonly number[]
}

function coversOf(size: number, count: number, step: number): readonly Cover[] {
  const start = (size - count * step) / 2
  return Array.from({ length: count }, (_, i) => {
    const [from, to] = [start + i * step, Math.min(size, start + (i + 1) * step)]
    const first = Math.min(size - 1, Math.floor(from))
    const last = Math.max(first, Math.min(size, Math.ceil(to)) - 1)
    const parts = Array.from({ length: last - first + 1 }, (_, j) =>
      Math.max(0, Math.min(to, first + j + 1) - Math.max(from, first + j)),
    )
    const sum = parts.reduce((total, part) => total + part, 0)
    return { first, weights: parts.map(part => (sum === 0 ? 1 / parts.length : part / sum)) }
  })
}

/** The mean colour of a rectangle, on white. */
function addUp({ width, rgba }: Picture, row: Cover, column: Cover, mean: Float64Array): void {
  mean.fill(0)
  for (let y = 0; y < row.weights.length; y++)
    for (let x = 0; x < column.weights.length; x++) {
      const at = 4 * ((row.first + y) * width + column.first + x)
      const weight = row.weights[y]! * column.weights[x]!
      const opacity = rgba[at + 3]! / 255
      for (let channel = 0; channel < 3; channel++)
        mean[channel]! += weight * (opacity * rgba[at + channel]! + (1 - opacity) * 255)
    }
}

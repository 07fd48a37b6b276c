/** Scales of a plane: a unit is as long across as it is up, so that distances are what they look like. */
import { scaleLinear } from 'd3-scale'
import type { Box, Scale } from '../chart/scale.ts'

interface PlaneScales {
  readonly scaleX: Scale
  readonly scaleY: Scale
  /** Pixels of a unit. */
  readonly perUnit: number
}

export function squareScales(
  points: readonly { readonly x: number; readonly y: number }[],
  box: Box,
): PlaneScales {
  let [left, right, low, high] = [Infinity, -Infinity, Infinity, -Infinity]
  for (const { x, y } of points) {
    left = Math.min(left, x)
    right = Math.max(right, x)
    low = Math.min(low, y)
    high = Math.max(high, y)
  }
  if (left > right) [left, right, low, high] = [-1, 1, -1, 1]
  const width = box.right - box.left
  const height = box.bottom - box.top
  const largest = Math.max((right - left) / width, (high - low) / height)
  // Points that are all one still have a plane around them.
  const unit = (largest === 0 ? Math.max(Math.abs(left), 1e-9) / width : largest) * 1.16
  const [midX, midY] = [(left + right) / 2, (low + high) / 2]
  const scaleX = scaleLinear()
    .domain([midX - (unit * width) / 2, midX + (unit * width) / 2])
    .range([box.left, box.right])
  const scaleY = scaleLinear()
    .domain([midY - (unit * height) / 2, midY + (unit * height) / 2])
    .range([box.bottom, box.top])
  return { scaleX, scaleY, perUnit: 1 / unit }
}

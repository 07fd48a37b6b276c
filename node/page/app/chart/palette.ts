/**
 * How peers and kinds are told apart: by colour (after Okabe and Ito, with one set for light pages and one for dark),
 * and always by a shape and a dash as well.
 */
import {
  type SymbolType,
  symbol,
  symbolCircle,
  symbolCross,
  symbolDiamond,
  symbolSquare,
  symbolStar,
  symbolTriangle,
  symbolWye,
} from 'd3-shape'
import type { RunDocument } from '../../run.ts'

/** What a line or a point looks like; colours are names of CSS variables. */
export interface Look {
  readonly colour: string
  readonly dash: string
  readonly shape: SymbolType
}

const COLOURS = 7
const dashes = ['', '7 3', '2 3', '9 3 2 3'] as const
const liarDashes = ['2 2', '8 3', '8 3 2 3', ''] as const
const shapes = [
  ...[symbolCircle, symbolSquare, symbolTriangle, symbolDiamond],
  ...[symbolCross, symbolWye, symbolStar],
] as const

/** Neighbours differ in all three; 28 looks before the first comes back. */
export function lookOf(index: number): Look {
  return {
    colour: `--c${index % COLOURS}`,
    dash: dashes[(index + Math.floor(index / COLOURS)) % dashes.length]!,
    shape: shapes[(index + Math.floor(index / COLOURS)) % shapes.length]!,
  }
}

/** A peer that lies has a colour and a shape that no honest one has; several differ in their dashes. */
export function peerLook(run: RunDocument, peer: number): Look {
  if (run.about.peers[peer]?.honest === false) {
    const before = run.about.peers.slice(0, peer).filter(({ honest }) => honest === false)
    return { colour: '--liar', dash: liarDashes[before.length % liarDashes.length]!, shape: symbolCross }
  }
  const look = lookOf(peer)
  return look.shape === symbolCross ? { ...look, shape: symbolCircle } : look
}

export const plain: Look = { colour: '--ink', dash: '', shape: symbolCircle }
export const ghostly: Look = { colour: '--ghost', dash: '3 4', shape: symbolDiamond }
export const boundary: Look = { colour: '--bound', dash: '9 4', shape: symbolTriangle }

/** The outline of a shape around the origin. */
export function shapePath(shape: SymbolType, area = 40): string {
  return symbol(shape, area)() ?? ''
}

/** A CSS variable as a paint. */
export const paint = (colour: string): string => `var(${colour})`

/** The name of a peer as headings have it: `peer 3`, or its name. */
export function peerName(run: RunDocument, peer: number): string {
  if (peer < 0) return 'all'
  return run.about.peers[peer]?.name ?? `peer ${peer}`
}

/** The same, with what every figure must say of it. */
export function peerTitle(run: RunDocument, peer: number): string {
  return `${peerName(run, peer)}${run.about.peers[peer]?.honest === false ? ' (lies)' : ''}`
}

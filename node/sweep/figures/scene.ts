/**
 * A figure as marks on a plane, in pixels: drawn as SVG and as PDF in files, and by the page's browser with its own
 * theme. Colours are names of the page's CSS variables, or literal where they stand for a number.
 */
import { interpolateCividis } from 'd3-scale-chromatic'

export type Paint = `--${string}` | `#${string}`

interface Stroke {
  readonly paint: Paint
  readonly width: number
  /** As in SVG: lengths of dashes and gaps. */
  readonly dash?: string
}

interface Placed {
  /** Where its origin is. */
  readonly at?: readonly [x: number, y: number]
  /** Said when the pointer is over it, and by readers of the file: the whole of a text that was cut. */
  readonly title?: string
}

export interface PathMark extends Placed {
  readonly kind: 'path'
  /** An outline as in SVG. */
  readonly d: string
  readonly fill?: Paint
  readonly stroke?: Stroke
  /** Of filling and stroke; 1 if absent. */
  readonly opacity?: number
  /** Which cell it is, for the page. */
  readonly target?: string
}

export interface TextMark extends Placed {
  readonly kind: 'text'
  /** Where its baseline begins, is in the middle, or ends. */
  readonly x: number
  readonly y: number
  readonly text: string
  readonly size: number
  readonly anchor: 'start' | 'middle' | 'end'
  readonly fill: Paint
  readonly bold: boolean
  /** Degrees around its place, clockwise. */
  readonly turned: number
}

export type Mark = PathMark | TextMark

export interface Scene {
  readonly title: string
  readonly width: number
  readonly height: number
  readonly marks: readonly Mark[]
}

/** The light theme of the page (node/page/app/style.css), which files have. */
export const lightTheme: Readonly<Record<string, string>> = {
  '--paper': '#ffffff',
  '--raised': '#f6f7f9',
  '--ink': '#1b1f24',
  '--soft': '#555c66',
  '--line': '#d5d9df',
  '--accent': '#0b5cad',
  '--c0': '#0072b2',
  '--c1': '#a85b00',
  '--c2': '#00795a',
  '--c3': '#a3508a',
  '--c4': '#4a55b8',
  '--c5': '#75620a',
  '--c6': '#3f6f86',
  '--liar': '#c4260a',
  '--ghost': '#767c85',
}

export const rectangle = (x: number, y: number, width: number, height: number): string =>
  `M${places(x)} ${places(y)}h${places(width)}v${places(height)}h${places(-width)}z`

/** Two decimals are finer than any screen. */
export const places = (value: number): string => String(Math.round(value * 100) / 100)

/** About how wide a text is: exact enough to leave room for it. */
export function widthOf(text: string, size: number): number {
  let ems = 0
  for (const character of text)
    ems += /[iljtfr.,:;|!'’ ()[\]]/.test(character)
      ? 0.34
      : /[A-ZmwMW%@]/.test(character)
        ? 0.78
        : /[\u2e80-\uffff]/.test(character)
          ? 1.05
          : 0.57
  return ems * size
}

/** The text if it fits, or its beginning with an ellipsis. */
export function fitted(text: string, size: number, room: number): string {
  if (widthOf(text, size) <= room) return text
  const characters = [...text]
  while (characters.length > 1 && widthOf(`${characters.join('')}…`, size) > room) characters.pop()
  return `${characters.join('')}…`
}

/** Lines of at most this width, broken at spaces. */
export function wrapped(text: string, size: number, room: number): readonly string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const longer = lines.length === 0 ? word : `${lines.at(-1)} ${word}`
    if (lines.length > 0 && widthOf(longer, size) <= room) lines[lines.length - 1] = longer
    else lines.push(fitted(word, size, room))
  }
  return lines
}

/**
 * Dark to bright as the share goes from 0 to 1 (Nuñez, Anderton and Renslow, 2018): lightness alone tells it, so that
 * every kind of colour vision reads it the same, and a printer too.
 */
export function shade(share: number): Paint {
  const channels = /(\d+), (\d+), (\d+)/.exec(interpolateCividis(Math.min(1, Math.max(0, share))))!
  const [, red, green, blue] = channels.map(Number)
  return `#${[red, green, blue].map(channel => channel!.toString(16).padStart(2, '0')).join('')}`
}

/** Black or white, whichever is read better on it. */
export function inkOn(paint: Paint): Paint {
  const channel = (at: number) => {
    const value = Number.parseInt(paint.slice(at, at + 2), 16) / 255
    return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  }
  const luminance = 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
  return luminance > 0.179 ? '#000000' : '#ffffff'
}

/** Parallel lines at 45 degrees inside a rectangle, falling or rising. */
export function hatching(
  [x, y, width, height]: readonly [number, number, number, number],
  gap: number,
  rising: boolean,
): string {
  let d = ''
  for (let offset = gap / 2; offset < width + height; offset += gap) {
    // Along the left and upper edge, to the upper and right one.
    const [x1, y1] = [Math.max(0, offset - height), Math.min(height, offset)]
    const [x2, y2] = [Math.min(width, offset), Math.max(0, offset - width)]
    const from = rising ? y1 : height - y1
    const to = rising ? y2 : height - y2
    d += `M${places(x + x1)} ${places(y + from)}L${places(x + x2)} ${places(y + to)}`
  }
  return d
}

interface TextLook {
  readonly fill?: Paint
  readonly bold?: boolean
  readonly turned?: number
  readonly title?: string
}

/** A title only where it says more than the text. */
export function textMark(
  x: number,
  y: number,
  text: string,
  size: number,
  anchor: 'start' | 'middle' | 'end',
  { fill = '--ink', bold = false, turned = 0, title = text }: TextLook,
): Mark {
  return { kind: 'text', x, y, text, size, anchor, fill, bold, turned, title: title === text ? '' : title }
}

/** The same marks at another place. */
export function moved(marks: readonly Mark[], x: number, y: number): Mark[] {
  return marks.map(mark => ({ ...mark, at: [(mark.at?.[0] ?? 0) + x, (mark.at?.[1] ?? 0) + y] as const }))
}

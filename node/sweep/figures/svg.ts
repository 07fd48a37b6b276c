/** A scene as an SVG file that stands alone, in the light theme, for papers. */
import {
  lightTheme,
  type Mark,
  type Paint,
  type PathMark,
  places,
  type Scene,
  type TextMark,
} from './scene.ts'

const MARGIN = 8

export function svgOf({ title, width, height, marks }: Scene): string {
  const [w, h] = [places(width + 2 * MARGIN), places(height + 2 * MARGIN)]
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${w}" height="${h}" viewBox="${-MARGIN} ${-MARGIN} ${w} ${h}" font-family="Helvetica, Arial, sans-serif">
<title>${safe(title)}</title>
<rect x="${-MARGIN}" y="${-MARGIN}" width="${w}" height="${h}" fill="${colourOf('--paper')}"/>
${marks.map(markText).join('\n')}
</svg>
`
}

/** A paint as files have it. */
export function colourOf(paint: Paint): string {
  return lightTheme[paint] ?? paint
}

function markText(mark: Mark): string {
  const [dx, dy] = mark.at ?? [0, 0]
  return mark.kind === 'path' ? pathText(mark, dx, dy) : wordsText(mark, dx, dy)
}

function pathText({ d, fill, stroke, opacity, title }: PathMark, dx: number, dy: number): string {
  const drawn = [
    dx === 0 && dy === 0 ? '' : ` transform="translate(${places(dx)} ${places(dy)})"`,
    ` fill="${fill === undefined ? 'none' : colourOf(fill)}"`,
    stroke === undefined ? '' : ` stroke="${colourOf(stroke.paint)}" stroke-width="${stroke.width}"`,
    stroke?.dash ? ` stroke-dasharray="${stroke.dash}"` : '',
    opacity === undefined ? '' : ` opacity="${opacity}"`,
  ].join('')
  return `<path d="${d}"${drawn}${title ? `><title>${safe(title)}</title></path>` : '/>'}`
}

function wordsText(
  { x, y, text, size, anchor, fill, bold, turned, title }: TextMark,
  dx: number,
  dy: number,
): string {
  const [atX, atY] = [places(x + dx), places(y + dy)]
  const drawn = [
    ` x="${atX}" y="${atY}" font-size="${size}" fill="${colourOf(fill)}"`,
    anchor === 'start' ? '' : ` text-anchor="${anchor}"`,
    bold ? ' font-weight="bold"' : '',
    turned === 0 ? '' : ` transform="rotate(${turned} ${atX} ${atY})"`,
  ].join('')
  return `<text${drawn}>${title ? `<title>${safe(title)}</title>` : ''}${safe(text)}</text>`
}

/** Text as text, in an element or an attribute. */
function safe(text: string): string {
  const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
  return text.replace(/[&<>"]/g, character => entities[character]!)
}

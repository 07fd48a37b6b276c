/** A scene as a PDF of one page, the same bytes for the same scene. Its font is one that every PDF reader has. */
import { once } from 'node:events'
import type { Mark, Scene, TextMark } from './scene.ts'
import { colourOf } from './svg.ts'

const MARGIN = 8
/** Pixels are 1/96 inch, a PDF's points 1/72. */
const SCALE = 0.75

type Pdf = PDFKit.PDFDocument

export async function pdfOf({ title, width, height, marks }: Scene): Promise<Uint8Array> {
  const { default: PDFDocument } = await import('pdfkit')
  const pdf = new PDFDocument({
    size: [(width + 2 * MARGIN) * SCALE, (height + 2 * MARGIN) * SCALE],
    margin: 0,
    // A date would make every file differ.
    info: { Title: title, Creator: 'concord', CreationDate: new Date(0), ModDate: new Date(0) },
  })
  const parts: Uint8Array[] = []
  pdf.on('data', part => parts.push(part))
  const ended = once(pdf, 'end')
  pdf.scale(SCALE).translate(MARGIN, MARGIN)
  for (const mark of marks) draw(pdf, mark)
  pdf.end()
  await ended
  return Buffer.concat(parts)
}

function draw(pdf: Pdf, mark: Mark): void {
  pdf.save()
  const [dx, dy] = mark.at ?? [0, 0]
  pdf.translate(dx, dy)
  if (mark.kind === 'text') drawText(pdf, mark)
  else {
    const { d, fill, stroke, opacity = 1 } = mark
    pdf.path(d).opacity(opacity)
    if (stroke !== undefined) {
      pdf.lineWidth(stroke.width)
      // It takes a list as well, which its types do not know.
      const dashes: unknown = stroke.dash?.split(' ').map(Number)
      if (stroke.dash) pdf.dash(dashes as number, {})
    }
    if (fill !== undefined && stroke !== undefined) pdf.fillAndStroke(colourOf(fill), colourOf(stroke.paint))
    else if (fill !== undefined) pdf.fill(colourOf(fill))
    else if (stroke !== undefined) pdf.stroke(colourOf(stroke.paint))
  }
  pdf.restore()
}

function drawText(pdf: Pdf, { x, y, text, size, anchor, fill, bold, turned }: TextMark): void {
  const written = inHelvetica(text)
  pdf
    .font(bold ? 'Helvetica-Bold' : 'Helvetica')
    .fontSize(size)
    .fillColor(colourOf(fill))
  const width = pdf.widthOfString(written)
  const left = anchor === 'start' ? x : anchor === 'middle' ? x - width / 2 : x - width
  if (turned !== 0) pdf.rotate(turned, { origin: [x, y] })
  pdf.text(written, left, y, { lineBreak: false, baseline: 'alphabetic' })
}

/** What the encoding of PDF's own fonts has beyond Latin-1. */
const more = '€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ'
const replaced: Readonly<Record<string, string>> = { '−': '–', '≤': '<=', '≥': '>=', '∞': 'inf', μ: 'µ' }

/** Text in the characters that Helvetica has in every reader; others are written out, as `\u4e2d`. */
export function inHelvetica(text: string): string {
  let written = ''
  for (const character of text) {
    const code = character.codePointAt(0)!
    const isKnown =
      (code >= 0x20 && code < 0x7f) || (code >= 0xa0 && code <= 0xff) || more.includes(character)
    written += isKnown ? character : (replaced[character] ?? escaped(code))
  }
  return written
}

const escaped = (code: number): string =>
  code < 0x10000 ? `\\u${code.toString(16).padStart(4, '0')}` : `\\u{${code.toString(16)}}`

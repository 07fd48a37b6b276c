/** What the schedule is drawn with: a canvas on the page, or text of an SVG for a download. */

/** Lines are [x1, y1, x2, y2, …], all of one kind at once, because strokes one by one are slow. */
export interface Pen {
  lines(
    coordinates: ArrayLike<number>,
    length: number,
    colour: string,
    width: number,
    dash: readonly number[],
  ): void
  box(x: number, y: number, width: number, height: number, colour: string, opacity: number): void
  text(
    x: number,
    y: number,
    text: string,
    colour: string,
    align: 'start' | 'middle' | 'end',
    bold?: boolean,
  ): void
}

export function canvasPen(context: CanvasRenderingContext2D): Pen {
  return {
    lines(coordinates, length, colour, width, dash) {
      context.strokeStyle = colour
      context.lineWidth = width
      context.setLineDash(dash as number[])
      context.beginPath()
      for (let at = 0; at < length; at += 4) {
        context.moveTo(coordinates[at]!, coordinates[at + 1]!)
        context.lineTo(coordinates[at + 2]!, coordinates[at + 3]!)
      }
      context.stroke()
      context.setLineDash([])
    },
    box(x, y, width, height, colour, opacity) {
      context.globalAlpha = opacity
      context.fillStyle = colour
      context.fillRect(x, y, width, height)
      context.globalAlpha = 1
    },
    text(x, y, text, colour, align, bold = false) {
      context.fillStyle = colour
      context.font = `${bold ? '600 ' : ''}12px system-ui, "Liberation Sans", sans-serif`
      context.textAlign = align === 'middle' ? 'center' : align
      context.fillText(text, x, y)
    },
  }
}

interface SvgPen extends Pen {
  /** The drawing so far, as a document. */
  document(width: number, height: number, ground: string, title: string): string
}

const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

const rounded = (value: number) => Math.round(value * 100) / 100

export function svgPen(): SvgPen {
  const parts: string[] = []
  return {
    lines(coordinates, length, colour, width, dash) {
      let path = ''
      for (let at = 0; at < length; at += 4) {
        const [x1, y1] = [rounded(coordinates[at]!), rounded(coordinates[at + 1]!)]
        path += `M${x1} ${y1}L${rounded(coordinates[at + 2]!)} ${rounded(coordinates[at + 3]!)}`
      }
      const dashes = dash.length === 0 ? '' : ` stroke-dasharray="${dash.join(' ')}"`
      parts.push(
        `<path d="${path}" fill="none" stroke="${escaped(colour)}" stroke-width="${width}"${dashes}/>`,
      )
    },
    box(x, y, width, height, colour, opacity) {
      parts.push(
        `<rect x="${rounded(x)}" y="${rounded(y)}" width="${rounded(width)}" height="${rounded(height)}" fill="${escaped(colour)}" opacity="${opacity}"/>`,
      )
    },
    text(x, y, text, colour, align, bold = false) {
      parts.push(
        `<text x="${rounded(x)}" y="${rounded(y)}" fill="${escaped(colour)}" text-anchor="${align}"${bold ? ' font-weight="600"' : ''}>${escaped(text)}</text>`,
      )
    },
    document: (width, height, ground, title) =>
      `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="12"><title>${escaped(title)}</title><rect width="100%" height="100%" fill="${escaped(ground)}"/>${parts.join('')}</svg>`,
  }
}

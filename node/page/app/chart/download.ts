/** Downloads of a figure: its drawing as an SVG that stands alone, its numbers as CSV. Nothing leaves the page. */

export type Cell = string | number | null

export interface NumbersTable {
  readonly head: readonly string[]
  readonly rows: readonly (readonly Cell[])[]
}

/** RFC 4180. A text that a spreadsheet would run as a formula is quoted with an apostrophe. */
export function csvOf({ head, rows }: NumbersTable): string {
  return [head, ...rows].map(row => row.map(csvCell).join(',')).join('\r\n')
}

function csvCell(cell: Cell): string {
  if (cell === null) return ''
  if (typeof cell === 'number') return String(cell)
  const safe = /^[=+\-@]/.test(cell) ? `'${cell}` : cell
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

const drawn = [
  'fill',
  'stroke',
  'stroke-width',
  'stroke-dasharray',
  'opacity',
  'font-size',
  'font-weight',
] as const

/** The drawing with every style that it takes from the page written into it. */
export function svgText(drawing: SVGSVGElement, title: string): string {
  const copy = drawing.cloneNode(true) as SVGSVGElement
  const originals = drawing.querySelectorAll('*')
  for (const [at, element] of copy.querySelectorAll('*').entries()) {
    const style = getComputedStyle(originals[at]!)
    for (const name of drawn) element.setAttribute(name, style.getPropertyValue(name))
    element.removeAttribute('style')
    element.removeAttribute('class')
  }
  copy.removeAttribute('class')
  const { width, height } = drawing.getBoundingClientRect()
  const ground = document.createElementNS('http://www.w3.org/2000/svg', 'rect')
  ground.setAttribute('width', '100%')
  ground.setAttribute('height', '100%')
  ground.setAttribute('fill', getComputedStyle(document.documentElement).getPropertyValue('--paper').trim())
  const name = document.createElementNS('http://www.w3.org/2000/svg', 'title')
  name.textContent = title
  copy.prepend(name, ground)
  copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg')
  copy.setAttribute('viewBox', `0 0 ${width} ${height}`)
  copy.setAttribute('font-family', 'system-ui, sans-serif')
  return new XMLSerializer().serializeToString(copy)
}

/** Offers a text as a file, under a name made of letters, digits and hyphens. */
export function offer(name: string, ending: 'svg' | 'csv', text: string): void {
  const types = { svg: 'image/svg+xml', csv: 'text/csv' } as const
  const url = URL.createObjectURL(new Blob([text], { type: types[ending] }))
  const link = document.createElement('a')
  link.href = url
  link.download = `${fileName(name)}.${ending}`
  link.click()
  // The browser has taken the blob by the next task.
  setTimeout(() => URL.revokeObjectURL(url), 0)
}

function fileName(title: string): string {
  const plain = title.toLowerCase().replace(/[^a-z0-9]+/g, '-')
  return plain.replace(/^-|-$/g, '').slice(0, 60) || 'figure'
}

/**
 * The head of NumPy's .npy files: a magic string, a version, and a Python dictionary as text; then come the numbers.
 * Format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */

export const NPY_MAGIC = '\x93NUMPY'

/**
 * A dictionary names the three fields and a shape in well below 1 KiB. A longer one describes records, which are not
 * supported.
 */
const DICTIONARY_BYTES_MAX = 64 * 1024
/** The first bytes of a file, as many as the longest head has. */
export const NPY_HEAD_BYTES = DICTIONARY_BYTES_MAX + 12
/** NumPy's own limit. */
const DIMENSIONS_MAX = 64
/** How much of a bad dictionary is shown. */
const SHOWN_MAX = 100

interface NpyHeader {
  /** The numbers' type, as `<f4`. */
  readonly descr: string
  readonly shape: readonly number[]
  /** The product of the sides, a safe integer. */
  readonly count: number
  /** Fortran order: the first index runs fastest. */
  readonly byColumns: boolean
  /** The offset of the numbers. */
  readonly start: number
}

export function isNpy(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.subarray(0, 6)).toString('latin1') === NPY_MAGIC
}

/**
 * Reads the head out of a file or its first `NPY_HEAD_BYTES`. Null if it does not begin as an .npy file does; if its
 * header is bad, a text that says what is wrong.
 */
export function npyHeader(bytes: Uint8Array): NpyHeader | string | null {
  if (!isNpy(bytes) || bytes.length < 12) return null
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const wide = bytes[6]! >= 2
  const begin = wide ? 12 : 10
  const length = wide ? view.getUint32(8, true) : view.getUint16(8, true)
  if (length > DICTIONARY_BYTES_MAX)
    return `its header has ${length} bytes; expected at most ${DICTIONARY_BYTES_MAX}`
  const start = begin + length
  if (start > bytes.length) return 'it ends within its header'
  const fields = fieldsOf(Buffer.from(bytes.subarray(begin, start)).toString('latin1'))
  if (typeof fields === 'string') return fields
  const shape = shapeOf(fields.get('shape')!)
  if (typeof shape === 'string') return shape
  const { sides, count } = shape
  const descr = fields.get('descr')!.slice(1, -1)
  return { descr, shape: sides, count, byColumns: fields.get('fortran_order') === 'True', start }
}

const forms: ReadonlyMap<string, RegExp> = new Map([
  ['descr', /^['"].*['"]$/],
  ['shape', /^\(.*\)$/],
  ['fortran_order', /^(?:True|False)$/],
])

/**
 * The dictionary's values as they are written. It has each of the three once and nothing else: of a name that is there
 * twice, NumPy would take the other one.
 */
function fieldsOf(text: string): ReadonlyMap<string, string> | string {
  const field = /\s*(?:'(\w+)'|"(\w+)")\s*:\s*('[^']*'|"[^"]*"|\w+|\([^()]*\))\s*(,|(?=\}))/y
  const shown = text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text.trim()
  const fields = new Map<string, string>()
  field.lastIndex = text.length - text.trimStart().length + 1
  let end = field.lastIndex
  for (let found = field.exec(text); found !== null; found = field.exec(text)) {
    const name = found[1] ?? found[2]!
    if (fields.has(name)) return `its header has ${name} twice: ${shown}`
    if (!forms.get(name)?.test(found[3]!)) return `its header's ${name} is none: ${shown}`
    fields.set(name, found[3]!)
    end = field.lastIndex
  }
  for (const name of forms.keys()) if (!fields.has(name)) return `its header has no ${name}: ${shown}`
  const isWhole = text.trimStart().startsWith('{') && text.slice(end).trim() === '}'
  return isWhole ? fields : `its header is no dictionary of three fields: ${shown}`
}

function shapeOf(tuple: string): { readonly sides: readonly number[]; readonly count: number } | string {
  const parts = tuple
    .slice(1, -1)
    .split(',')
    .map(part => part.trim())
  if (parts.at(-1) === '') parts.pop()
  const shown = tuple.length > SHOWN_MAX ? `${tuple.slice(0, SHOWN_MAX)}…` : tuple
  if (parts.length > DIMENSIONS_MAX)
    return `its shape has ${parts.length} sides; expected at most ${DIMENSIONS_MAX}`
  const sides = parts.map(part => (/^\d{1,16}$/.test(part) ? Number(part) : Number.NaN))
  // A side of 0 makes the product 0 however long the others are, so they are multiplied first.
  const longest = sides.reduce((product, side) => product * Math.max(1, side), 1)
  if (!Number.isSafeInteger(longest))
    return `its shape is ${shown}; expected whole numbers, and fewer of them`
  return { sides, count: sides.includes(0) ? 0 : longest }
}

/**
 * The head of NumPy's .npy files: a magic string, a version, and a Python dictionary as text; then come the numbers.
 * Format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */

export const NPY_MAGIC = '\x93NUMPY'

export interface NpyHeader {
  /** The numbers' type, as `<f4`. */
  readonly descr: string
  readonly shape: readonly number[]
  /** Fortran order: the first index runs fastest. */
  readonly byColumns: boolean
  /** Where the numbers begin. */
  readonly start: number
}

export function isNpy(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.subarray(0, 6)).toString('latin1') === NPY_MAGIC
}

/** Null where the file does not begin as an .npy file does; text where its header is spoilt: what is wrong with it. */
export function npyHeader(bytes: Uint8Array): NpyHeader | string | null {
  if (!isNpy(bytes) || bytes.length < 12) return null
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const wide = bytes[6]! >= 2
  const begin = wide ? 12 : 10
  const start = begin + (wide ? view.getUint32(8, true) : view.getUint16(8, true))
  if (start > bytes.length) return 'it ends within its header'
  const text = Buffer.from(bytes.subarray(begin, start)).toString('latin1')
  const field = (name: string, form: RegExp) =>
    new RegExp(`['"]${name}['"]\\s*:\\s*${form.source}`).exec(text)?.[1]
  const descr = field('descr', /['"]([^'"]*)['"]/)
  const tuple = field('shape', /\(([^)]*)\)/)
  const fortran = field('fortran_order', /(True|False)/)
  for (const [name, found] of Object.entries({ descr, shape: tuple, fortran_order: fortran }))
    if (found === undefined) return `its header has no ${name}: ${text.trim()}`
  const sides = tuple!.split(',').filter(part => part.trim() !== '')
  return { descr: descr!, shape: sides.map(Number), byColumns: fortran === 'True', start }
}

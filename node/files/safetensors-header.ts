/**
 * The header of a .safetensors file, checked before room is made for any tensor. Its tensors must fill the bytes after
 * it, one after the other, with neither gap nor overlap, as the format requires. With overlaps, thousands of tensors
 * could share the same bytes, and each would be copied.
 */
import { type NumberType, viewOf } from '../../learning/data/number-type.ts'
import { DATA_BYTES_MAX } from '../../learning/data/read-file.ts'
import { FileError } from './error.ts'

/** 128 bytes for each tensor; the format itself allows 100 MB, which takes a gigabyte as parsed JSON. */
const HEADER_BYTES_MAX = 8 * 2 ** 20
/** Far more than the layers of any model that a cohort could send around. */
const TENSORS_MAX = 65_536
/** NumPy's own limit. */
const DIMENSIONS_MAX = 64
/** The header, an entry, its shape: nothing in the format is nested deeper. */
const DEPTH_MAX = 3
/** How much of a name is shown. */
const SHOWN_MAX = 60
/** How many names are shown. */
const LISTED_MAX = 12

/** The first bytes of a file, as many as the longest header has. */
export const SAFETENSORS_HEAD_BYTES = 8 + HEADER_BYTES_MAX

export interface TensorEntry {
  readonly name: string
  readonly shape: readonly number[]
  readonly type: NumberType
  /** The product of the sides. */
  readonly count: number
  /** The offset of its numbers in the file. */
  readonly start: number
}

interface SafetensorsHeader {
  /** In the order of their numbers. */
  readonly tensors: readonly TensorEntry[]
  /** The writer's notes about the file, `__metadata__`; empty if there are none. */
  readonly metadata: Readonly<Record<string, string>>
}

/** The format is little-endian throughout. */
const types: ReadonlyMap<string, NumberType> = new Map<string, NumberType>([
  ['F16', { kind: 'float', bytes: 2, little: true }],
  ['BF16', { kind: 'bfloat', bytes: 2, little: true }],
  ['F32', { kind: 'float', bytes: 4, little: true }],
  ['F64', { kind: 'float', bytes: 8, little: true }],
  ...([1, 2, 4, 8] as const).flatMap((bytes): [string, NumberType][] => [
    [`I${bytes * 8}`, { kind: 'int', bytes, little: true }],
    [`U${bytes * 8}`, { kind: 'uint', bytes, little: true }],
  ]),
  ['BOOL', { kind: 'bool', bytes: 1, little: true }],
])

/** A type as the format names it. */
export function dtypeOf({ kind, bytes }: NumberType): string {
  const [dtype] = [...types].find(([, type]) => type.kind === kind && type.bytes === bytes)!
  return dtype
}

/** Whether it looks like such a file: a header's length and an opening brace. */
export function isSafetensors(bytes: Uint8Array): boolean {
  return bytes.length > 8 && viewOf(bytes).getUint32(4, true) === 0 && bytes[8] === 0x7b
}

/**
 * @param head the file, or its first `SAFETENSORS_HEAD_BYTES`
 * @param size of the whole file, in bytes
 * @throws FileError malformed, unsupported
 */
export function safetensorsHeader(head: Uint8Array, size: number, source: string): SafetensorsHeader {
  const refuse = (why: string) =>
    new FileError('malformed', `${source} is not a .safetensors file that can be read: ${why}`)
  if (!isSafetensors(head)) throw refuse('it has no header')
  const length = viewOf(head).getUint32(0, true)
  if (length > HEADER_BYTES_MAX)
    throw refuse(`its header has ${length} bytes; expected at most ${HEADER_BYTES_MAX}`)
  if (8 + length > size) throw refuse('it has no header')
  const header = parsed(head.subarray(8, 8 + length), refuse)
  const entries = Object.entries(header).filter(([name]) => name !== '__metadata__')
  const places = entries.map(([name, entry]) => placeOf(name, entry, source, refuse))
  places.sort((a, b) => a.from - b.from || a.to - b.to)
  const held = size - 8 - length
  let end = 0
  for (const { shown, shape, from, to } of places) {
    if (to > held)
      throw refuse(
        `tensor ${shown} of shape ${shape.join('×')} does not fill bytes ${from} to ${to}: the file ends before`,
      )
    if (from !== end)
      throw refuse(
        `tensor ${shown} begins at byte ${from} of the numbers, where byte ${end} is the next: tensors may neither overlap nor leave gaps`,
      )
    end = to
  }
  if (held > end) throw refuse(`${held - end} bytes follow its tensors; expected none`)
  const room = 4 * places.reduce((sum, { count }) => sum + count, 0)
  if (room > DATA_BYTES_MAX)
    throw new FileError(
      'unsupported',
      `${source}: its numbers take ${room} bytes as 32-bit floats; expected at most ${DATA_BYTES_MAX}`,
    )
  const tensors = places.map(({ name, shape, type, count, from }) => ({
    name,
    shape,
    type,
    count,
    start: 8 + length + from,
  }))
  return { tensors, metadata: notes(header) }
}

type Refuse = (why: string) => FileError

function parsed(bytes: Uint8Array, refuse: Refuse): Readonly<Record<string, unknown>> {
  let text: string
  let value: unknown
  try {
    text = new TextDecoder('utf8', { fatal: true }).decode(bytes)
    checkNames(text, refuse)
    value = JSON.parse(text)
  } catch (error) {
    throw error instanceof FileError ? error : refuse('its header is not a JSON object')
  }
  // It begins with a brace.
  return value as Readonly<Record<string, unknown>>
}

/**
 * Checks that nothing is nested too deep, and that no object has a name twice: this reader would take the last one,
 * another reader perhaps the first. Looks only at strings and brackets, at each character once; the parser does the
 * rest.
 */
function checkNames(text: string, refuse: Refuse): void {
  const open: Set<string>[] = []
  for (let at = 0; at < text.length; at++) {
    const found = text[at]!
    if (found === '}' || found === ']') open.pop()
    else if (found === '{' || found === '[') {
      if (open.push(new Set()) > DEPTH_MAX) throw refuse('its header is nested too deep')
    } else if (found === '"') {
      const end = endOfString(text, at)
      if (isName(text, end)) addName(JSON.parse(text.slice(at, end)), open.at(-1)!, refuse)
      at = end - 1
    }
  }
}

/** The place after the closing quote, or the text's end if there is none. */
function endOfString(text: string, from: number): number {
  let at = from + 1
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return at + 1
}

function isName(text: string, end: number): boolean {
  let at = end
  while (at < text.length && ' \t\r\n'.includes(text[at]!)) at++
  return text[at] === ':'
}

function addName(name: string, names: Set<string>, refuse: Refuse): void {
  if (names.has(name)) throw refuse(`its header has ${shorten(name)} twice`)
  names.add(name)
  // One more, for the notes.
  if (names.size > TENSORS_MAX + 1) throw refuse(`it names more tensors than ${TENSORS_MAX}`)
}

interface Place extends Omit<TensorEntry, 'start'> {
  /** The name, for messages. */
  readonly shown: string
  readonly from: number
  readonly to: number
}

function placeOf(name: string, entry: unknown, source: string, refuse: Refuse): Place {
  const shown = shorten(name)
  const { dtype, shape, data_offsets: offsets } = (entry ?? {}) as Record<string, unknown>
  const whole = (value: unknown): value is number[] =>
    Array.isArray(value) && value.every(part => Number.isSafeInteger(part) && part >= 0)
  if (typeof dtype !== 'string' || !whole(shape) || !whole(offsets) || offsets.length !== 2)
    throw refuse(`tensor ${shown} lacks its dtype, shape or data_offsets`)
  const type = types.get(dtype)
  if (type === undefined)
    throw new FileError(
      'unsupported',
      `${source}: tensor ${shown} holds ${shorten(dtype)}; expected one of ${[...types.keys()].join(', ')}`,
    )
  if (shape.length > DIMENSIONS_MAX)
    throw refuse(`tensor ${shown} has ${shape.length} sides; expected at most ${DIMENSIONS_MAX}`)
  // A side of 0 makes the product 0 however long the others are, so they are multiplied first.
  const longest = shape.reduce((product, side) => product * Math.max(1, side), type.bytes)
  const count = shape.includes(0) ? 0 : longest / type.bytes
  const [from, to] = offsets as [number, number]
  if (!Number.isSafeInteger(longest) || to - from !== count * type.bytes)
    throw refuse(`tensor ${shown} of shape ${shape.join('×')} does not fill bytes ${from} to ${to}`)
  return { name, shown, shape, type, count, from, to }
}

function notes({ __metadata__: noted }: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  const entries = typeof noted === 'object' && noted !== null ? Object.entries(noted) : []
  return Object.fromEntries(entries.filter(([, value]) => typeof value === 'string'))
}

/** A tensor's name as a message shows it. */
export function shorten(name: string): string {
  return name.length > SHOWN_MAX ? `${name.slice(0, SHOWN_MAX)}…` : name
}

/** The first of some names, and how many more there are. */
export function listed(names: readonly string[]): string {
  const shown = names.slice(0, LISTED_MAX).map(shorten).join(', ')
  return names.length > LISTED_MAX ? `${shown} and ${names.length - LISTED_MAX} more` : shown
}

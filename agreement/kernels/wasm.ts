/**
 * A small assembler for WebAssembly with 128-bit SIMD: code is an array of bytes, an operation is a function from the
 * code of its operands to its own code, and so an emitted kernel reads like the expression that it computes. It has
 * only operations that give the same bits on every machine, and so nothing of relaxed SIMD.
 */

/** Bytes of code that push one value or none. */
export type Code = readonly number[]
/** A local variable, by index. */
export type Local = number

/** Unsigned LEB128. */
function unsigned(value: number): number[] {
  const bytes: number[] = []
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value % 128) | 128)
  return [...bytes, value]
}

/** Signed LEB128 of a 32-bit integer. */
function signed(value: number): number[] {
  const bytes: number[] = []
  while (value < -64 || value > 63) {
    bytes.push((value & 127) | 128)
    value >>= 7
  }
  return [...bytes, value & 127]
}

const list = (items: readonly Code[]): Code => [...unsigned(items.length), ...items.flat()]
const text = (value: string): Code => [...unsigned(value.length), ...Array.from(value, c => c.charCodeAt(0))]
const section = (id: number, body: Code): Code => [id, ...unsigned(body.length), ...body]
const bytesOf = (array: Float32Array | Float64Array): Code => Array.from(new Uint8Array(array.buffer))

export const get = (local: Local): Code => [0x20, ...unsigned(local)]
export const set = (local: Local, value: Code): Code => [...value, 0x21, ...unsigned(local)]

export const i32 = {
  const: (value: number): Code => [0x41, ...signed(value)],
  load: (address: Code, offset = 0): Code => [...address, 0x28, 2, ...unsigned(offset)],
  add: (a: Code, b: Code): Code => [...a, ...b, 0x6a],
  shiftLeft: (a: Code, by: number): Code => [...a, ...i32.const(by), 0x74],
  /** Of two numbers; running their code twice must give the same. */
  min: (a: Code, b: Code): Code => [...a, ...b, ...i32.lessUnsigned(a, b), 0x1b],
  lessUnsigned: (a: Code, b: Code): Code => [...a, ...b, 0x49],
}

const simd = (operation: number, ...operands: Code[]): Code => [
  ...operands.flat(),
  0xfd,
  ...unsigned(operation),
]

export const v128 = {
  load: (address: Code, offset = 0): Code => [...simd(0x00, address), 4, ...unsigned(offset)],
  /** One double, twice. */
  splatDouble: (address: Code, offset = 0): Code => [...simd(0x0a, address), 3, ...unsigned(offset)],
  store: (address: Code, value: Code, offset = 0): Code => [
    ...simd(0x0b, address, value),
    4,
    ...unsigned(offset),
  ],
  zero: (): Code => [...simd(0x0c), ...new Array<number>(16).fill(0)],
  /** The bits of `a` where `mask` has ones, of `b` elsewhere. */
  select: (a: Code, b: Code, mask: Code): Code => simd(0x52, a, b, mask),
  /** The high half into the low half. */
  high: (a: Code): Code => [...simd(0x0d, a, a), ...range(8, 16), ...range(0, 8)],
  /** The low halves of both. */
  lows: (a: Code, b: Code): Code => [...simd(0x0d, a, b), ...range(0, 8), ...range(16, 24)],
}

export const f32x4 = {
  add: (a: Code, b: Code): Code => simd(0xe4, a, b),
  sub: (a: Code, b: Code): Code => simd(0xe5, a, b),
  mul: (a: Code, b: Code): Code => simd(0xe6, a, b),
  /** `b < a ? b : a`, one instruction; keeps both of `−0` and `+0` together with `max`. */
  min: (a: Code, b: Code): Code => simd(0xea, a, b),
  /** `b < a ? a : b`. */
  max: (a: Code, b: Code): Code => simd(0xeb, b, a),
}

export const f64x2 = {
  const: (value: number): Code => [...simd(0x0c), ...bytesOf(Float64Array.of(value, value))],
  add: (a: Code, b: Code): Code => simd(0xf0, a, b),
  sub: (a: Code, b: Code): Code => simd(0xf1, a, b),
  mul: (a: Code, b: Code): Code => simd(0xf2, a, b),
  div: (a: Code, b: Code): Code => simd(0xf3, a, b),
  lessOrEqual: (a: Code, b: Code): Code => simd(0x4b, a, b),
  /** The two low floats as doubles. */
  promote: (a: Code): Code => simd(0x5f, a),
  /** Two doubles as the two low floats. */
  demote: (a: Code): Code => simd(0x5e, a),
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i)
}

/** Runs the body while the condition, evaluated after it, holds. */
export const loopWhile = (body: Code, condition: Code): Code => [
  0x03,
  0x40,
  ...body,
  ...condition,
  0x0d,
  0,
  0x0b,
]

/** Runs the body if the condition holds. */
export const when = (condition: Code, body: Code): Code => [...condition, 0x04, 0x40, ...body, 0x0b]

/** Gives out locals on request. */
export interface Locals {
  i32(): Local
  v128(): Local
}

/** A kernel: one function of `params` 32-bit integers and no result, over one imported memory. */
export function kernelModule(
  params: number,
  shared: SharedLimits | undefined,
  build: (locals: Locals) => Code,
): Uint8Array<ArrayBuffer> {
  const types: number[] = []
  const declare = (type: number): Local => params + types.push(type) - 1
  const body = build({ i32: () => declare(0x7f), v128: () => declare(0x7b) })
  const code = [...list(types.map(type => [1, type])), ...body, 0x0b]
  const limits = shared ? [3, ...unsigned(shared.pages), ...unsigned(shared.pagesMax)] : [0, 1]
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, list([[0x60, ...list(new Array<Code>(params).fill([0x7f])), 0]])),
    ...section(2, list([[...text('kernel'), ...text('memory'), 0x02, ...limits]])),
    ...section(3, list([[0]])),
    ...section(7, list([[...text('run'), 0x00, 0]])),
    ...section(10, list([[...unsigned(code.length), ...code]])),
  ])
}

/** Limits of a shared memory, in pages of 64 KiB; a memory that is not shared needs none. */
interface SharedLimits {
  readonly pages: number
  readonly pagesMax: number
}

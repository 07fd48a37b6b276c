/**
 * ONNX models, written as protobuf. Field numbers and types: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.
 * Operators are those of operator set 13, which runtimes have known since 2021.
 */
import { messageBytes, putNested, type Writer } from '../codec/fields.ts'

const IR_VERSION = 7
const OPERATORS = { '': 13, 'ai.onnx.ml': 2 } as const
type Domain = keyof typeof OPERATORS

const TYPES = { float: 1, uint8: 2, int64: 7, string: 8, bool: 9, double: 11 } as const
type ElementType = keyof typeof TYPES

/** Numbers or texts in row-major order. */
type Constant =
  | { readonly type: 'float'; readonly dims: readonly number[]; readonly values: Float32Array }
  | {
      readonly type: 'double' | 'int64'
      readonly dims: readonly number[]
      readonly values: readonly number[]
    }
  | { readonly type: 'string'; readonly dims: readonly number[]; readonly values: readonly string[] }

/** Whole numbers, texts, lists of them; floats are wrapped, as JavaScript does not tell 1 from 1.0. */
type Attribute =
  | number
  | string
  | readonly number[]
  | readonly string[]
  | { readonly float: number }
  | { readonly floats: readonly number[] }

/** A side of a tensor; null is the number of rows, which is open. */
type Side = number | null

/** The name of a value in the graph. */
export type Value = string

export interface Graph {
  input(name: string, type: ElementType, dims: readonly Side[]): Value
  constant(constant: Constant): Value
  /** The first output of an operator. */
  apply(
    operator: string,
    inputs: readonly Value[],
    attributes?: Readonly<Record<string, Attribute>>,
    domain?: Domain,
  ): Value
  cast(value: Value, type: ElementType): Value
  /** @returns the output's name: this one, or with underscores behind it if an input has it */
  output(name: string, value: Value, type: ElementType, dims: readonly Side[]): string
  /** The names of its inputs and outputs, in order. */
  names(): { readonly inputs: readonly string[]; readonly outputs: readonly string[] }
  /** @param notes for readers of the file */
  bytes(
    name: string,
    producer: { readonly version: string },
    notes: Readonly<Record<string, string>>,
  ): Uint8Array
}

/** @param taken names of inputs, which no other value may have */
export function createGraph(taken: readonly string[]): Graph {
  const nodes: Part[] = []
  const constants: Part[] = []
  const inputs: NamedInfo[] = []
  const outputs: NamedInfo[] = []
  const names = new Set(taken)
  const fresh = (wanted: string): string => {
    let name = wanted
    while (names.has(name)) name += '_'
    names.add(name)
    return name
  }
  const node = (
    operator: string,
    from: readonly Value[],
    to: Value,
    attributes: Readonly<Record<string, Attribute>>,
    domain: Domain,
  ) =>
    nodes.push(output => {
      for (const value of from) text(output, 1, value)
      text(output, 2, to)
      text(output, 4, operator)
      for (const [name, value] of Object.entries(attributes))
        putNested(output, 5, each => attribute(each, name, value))
      if (domain !== '') text(output, 7, domain)
    })
  const apply: Graph['apply'] = (operator, from, attributes = {}, domain = '') => {
    const to = fresh(`${operator.toLowerCase()}_${nodes.length}`)
    node(operator, from, to, attributes, domain)
    return to
  }
  return {
    apply,
    input(name, type, dims) {
      inputs.push({ name, type, dims })
      return name
    },
    constant(constant) {
      const name = fresh(`constant_${constants.length}`)
      constants.push(output => tensor(output, name, constant))
      return name
    },
    cast: (value, type) => apply('Cast', [value], { to: TYPES[type] }),
    output(wanted, value, type, dims) {
      const name = fresh(wanted)
      node('Identity', [value], name, {}, '')
      outputs.push({ name, type, dims })
      return name
    },
    names: () => ({ inputs: inputs.map(({ name }) => name), outputs: outputs.map(({ name }) => name) }),
    bytes: (name, { version }, notes) =>
      modelBytes(name, { version, nodes, constants, inputs, outputs, notes }),
  }
}

type Part = (output: Writer) => void

interface ModelParts {
  readonly version: string
  readonly nodes: readonly Part[]
  readonly constants: readonly Part[]
  readonly inputs: readonly NamedInfo[]
  readonly outputs: readonly NamedInfo[]
  readonly notes: Readonly<Record<string, string>>
}

function modelBytes(
  name: string,
  { version, nodes, constants, inputs, outputs, notes }: ModelParts,
): Uint8Array {
  return messageBytes(output => {
    integer(output, 1, IR_VERSION)
    text(output, 2, 'concord')
    text(output, 3, version)
    putNested(output, 7, graph => {
      for (const each of nodes) putNested(graph, 1, each)
      text(graph, 2, name)
      for (const each of constants) putNested(graph, 5, each)
      for (const each of inputs) putNested(graph, 11, info => valueInfo(info, each))
      for (const each of outputs) putNested(graph, 12, info => valueInfo(info, each))
    })
    for (const [domain, number] of Object.entries(OPERATORS))
      putNested(output, 8, set => {
        text(set, 1, domain)
        integer(set, 2, number)
      })
    for (const [key, value] of Object.entries(notes))
      putNested(output, 14, entry => {
        text(entry, 1, key)
        text(entry, 2, value)
      })
  })
}

const [VARINT, BYTES, FIXED32] = [0, 2, 5]

/** Here and below zeros and empty texts are written too: readers of the format's first version ask what is there. */
function integer(output: Writer, field: number, value: number): void {
  output.uint32((field << 3) | VARINT).uint64Number(value)
}

function text(output: Writer, field: number, value: string): void {
  output.uint32((field << 3) | BYTES).string(value)
}

function attribute(output: Writer, name: string, value: Attribute): void {
  text(output, 1, name)
  if (typeof value === 'number') {
    integer(output, 3, value)
    integer(output, 20, 2)
  } else if (typeof value === 'string') {
    text(output, 4, value)
    integer(output, 20, 3)
  } else if ('float' in value) {
    output.uint32((2 << 3) | FIXED32).float(value.float)
    integer(output, 20, 1)
  } else if ('floats' in value) {
    for (const each of value.floats) output.uint32((7 << 3) | FIXED32).float(each)
    integer(output, 20, 6)
  } else {
    const isText = typeof value[0] === 'string'
    for (const each of value) {
      if (typeof each === 'string') text(output, 9, each)
      else integer(output, 8, each)
    }
    integer(output, 20, isText ? 8 : 7)
  }
}

function tensor(output: Writer, name: string, constant: Constant): void {
  const { type, dims } = constant
  for (const side of dims) integer(output, 1, side)
  integer(output, 2, TYPES[type])
  text(output, 8, name)
  if (constant.type === 'string') for (const value of constant.values) text(output, 6, value)
  else output.uint32((9 << 3) | BYTES).bytes(rawBytes(constant))
}

/** Little-endian, whatever the machine. */
function rawBytes(constant: Exclude<Constant, { type: 'string' }>): Uint8Array {
  const { type, values } = constant
  const width = type === 'float' ? 4 : 8
  const bytes = new Uint8Array(values.length * width)
  const view = new DataView(bytes.buffer)
  for (let i = 0; i < values.length; i++) {
    if (type === 'float') view.setFloat32(i * 4, values[i]!, true)
    else if (type === 'double') view.setFloat64(i * 8, values[i]!, true)
    else view.setBigInt64(i * 8, BigInt(values[i]!), true)
  }
  return bytes
}

interface NamedInfo {
  readonly name: string
  readonly type: ElementType
  readonly dims: readonly Side[]
}

function valueInfo(output: Writer, { name, type, dims }: NamedInfo): void {
  text(output, 1, name)
  putNested(output, 2, info =>
    putNested(info, 1, tensorType => {
      integer(tensorType, 1, TYPES[type])
      putNested(tensorType, 2, shape => {
        for (const side of dims)
          putNested(shape, 1, each => (side === null ? text(each, 2, 'N') : integer(each, 1, side)))
      })
    }),
  )
}

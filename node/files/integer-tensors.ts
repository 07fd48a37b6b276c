/**
 * Integers of several models, such as the steps that a layer of batch normalisation has counted. A rule for vectors
 * would make fractions of them. So what all files have is carried over, otherwise what most of them have; without a
 * majority, of each element the middle value, which some file has and at most half of them exceed.
 */
import { createHash } from 'node:crypto'
import { viewOf } from '../../learning/data/number-type.ts'
import type { IntegerTensor } from './safetensors.ts'
import { dtypeOf, listed, shorten } from './safetensors-header.ts'

interface Consensus {
  /** In the order of each model's. */
  readonly integers: readonly IntegerTensor[]
  readonly notes: readonly string[]
}

/** @param models the integer tensors of each, of the same names, shapes and types in the same order */
export function consensusOf(models: readonly (readonly IntegerTensor[])[]): Consensus {
  const agreed: string[] = []
  const notes: string[] = []
  const integers = models[0]!.map((first, place) => {
    const all = models.map(tensors => tensors[place]!)
    const { tensor, votes } = mostFrequent(all)
    if (votes === all.length) agreed.push(first.name)
    else if (votes * 2 > all.length)
      notes.push(
        `${titleOf(first)}: ${votes} of ${all.length} files hold ${shown(tensor)}, which the result has`,
      )
    else {
      const middle = middleOf(all)
      notes.push(
        `${titleOf(first)}: no majority among ${all.length} files; the result has ${shown(middle)}, the middle of each element`,
      )
      return middle
    }
    return tensor
  })
  if (agreed.length > 0) notes.unshift(`carried over, since all files have the same: ${listed(agreed)}`)
  return { integers, notes }
}

function titleOf(tensor: IntegerTensor): string {
  return `${shorten(tensor.name)} (${dtypeOf(tensor.type)})`
}

/** The value of a single number; of more, only that they are values. */
function shown(tensor: IntegerTensor): string {
  return tensor.raw.length === tensor.type.bytes ? String(elementOf(tensor, 0)) : 'the same values'
}

function mostFrequent(all: readonly IntegerTensor[]): { tensor: IntegerTensor; votes: number } {
  const byContent = new Map<string, { tensor: IntegerTensor; votes: number }>()
  for (const tensor of all) {
    const content = createHash('sha256').update(tensor.raw).digest('hex')
    const known = byContent.get(content) ?? { tensor, votes: 0 }
    byContent.set(content, { tensor: known.tensor, votes: known.votes + 1 })
  }
  return [...byContent.values()].reduce((most, each) => (each.votes > most.votes ? each : most))
}

/** Of an even number of values the lower one of the two in the middle. */
function middleOf(all: readonly IntegerTensor[]): IntegerTensor {
  const [first] = all
  const { bytes } = first!.type
  const raw = new Uint8Array(first!.raw.length)
  for (let at = 0; at < raw.length; at += bytes) {
    const sorted = [...all].sort((a, b) => {
      const [x, y] = [elementOf(a, at), elementOf(b, at)]
      return x < y ? -1 : x > y ? 1 : 0
    })
    raw.set(sorted[(all.length - 1) >> 1]!.raw.subarray(at, at + bytes), at)
  }
  return { ...first!, raw }
}

/** The integer at this offset. */
function elementOf({ raw, type: { kind, bytes } }: IntegerTensor, at: number): bigint {
  const view = viewOf(raw)
  const bits = BigInt(bytes * 8)
  let value = 0n
  for (let i = bytes - 1; i >= 0; i--) value = (value << 8n) | BigInt(view.getUint8(at + i))
  return kind === 'int' ? BigInt.asIntN(Number(bits), value) : value
}

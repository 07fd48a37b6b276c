/**
 * The columns of a table's schema, or the classes of images, as a hello names them: by digests, so that two members can
 * tell which ones differ. Each side finds the names in its own schema; none is sent.
 */
import { createHash } from 'node:crypto'
import type { Schema } from '../../learning/data/schema.ts'
import { shortened } from '../../learning/data/shortened.ts'
import { canonicalText } from '../cohort/cohort.ts'

/** A schema of more parts sends none: the members then compare their files. */
export const PARTS_MAX = 256
const DIGEST_BYTES = 4
/** A digest of the name, and one of everything that the schema says of it. */
export const PART_BYTES = 2 * DIGEST_BYTES
const NAMED_MAX = 5

type Part = readonly [name: string, about: unknown]

function partsOf(schema: Schema): readonly Part[] {
  return schema.kind === 'images'
    ? schema.classes.map((name, place): Part => [name, place])
    : schema.columns.map((column): Part => [column.name, column])
}

/** Eight bytes for each part, in the schema's order; undefined for a schema of too many. */
export function encodeParts(schema: Schema | undefined): Uint8Array | undefined {
  if (schema === undefined) return undefined
  const parts = partsOf(schema)
  if (parts.length > PARTS_MAX) return undefined
  return Buffer.concat(parts.flatMap(([name, about]) => [digestOf(name), digestOf(about)]))
}

/**
 * "it has 28 columns, this peer 29: "marker" is missing there".
 * @param other what `encodeParts` makes of the other side's schema, if it is honest
 * @returns null if the two do not differ there, or too much is not said
 */
export function describeParts(schema: Schema | undefined, other: Uint8Array | undefined): string | null {
  const own = encodeParts(schema)
  if (schema === undefined || own === undefined || other === undefined) return null
  const theirs = new Map(pairsOf(other))
  const ours = new Map(pairsOf(own))
  const parts = partsOf(schema)
  const pairs = pairsOf(own)
  const named = (isChosen: (name: string, about: string) => boolean) =>
    parts.filter((_, i) => isChosen(...pairs[i]!)).map(([name]) => name)
  const missing = named(name => !theirs.has(name))
  const changed = named((name, about) => theirs.has(name) && theirs.get(name) !== about)
  const unknown = [...theirs.keys()].filter(name => !ours.has(name)).length
  const [one, many] = schema.kind === 'images' ? ['class', 'classes'] : ['column', 'columns']
  const differences = [
    ...(missing.length === 0
      ? []
      : [`${namesText(missing)} ${missing.length === 1 ? 'is' : 'are'} missing there`]),
    ...(unknown === 0 ? [] : [`${unknown} of its ${many} ${unknown === 1 ? 'is' : 'are'} missing here`]),
    ...(changed.length === 0
      ? []
      : [`${namesText(changed)} ${changed.length === 1 ? 'is' : 'are'} described in another way`]),
  ]
  if (differences.length === 0) return null
  const counts = `it has ${theirs.size} ${theirs.size === 1 ? one : many}, this peer ${parts.length}`
  return `${counts}: ${differences.join(', ')}`
}

function namesText(names: readonly string[]): string {
  const shown = names.slice(0, NAMED_MAX).map(name => JSON.stringify(shortened(name)))
  const more = names.length - shown.length
  return more > 0 ? `${shown.join(', ')} and ${more} more` : shown.join(', ')
}

function pairsOf(digests: Uint8Array): readonly (readonly [name: string, about: string])[] {
  const text = Buffer.from(digests).toString('hex')
  return Array.from({ length: Math.floor(digests.length / PART_BYTES) }, (_, i) => {
    const at = 2 * PART_BYTES * i
    return [text.slice(at, at + PART_BYTES), text.slice(at + PART_BYTES, at + 2 * PART_BYTES)] as const
  })
}

function digestOf(value: unknown): Buffer {
  return createHash('sha256').update(canonicalText(value)).digest().subarray(0, DIGEST_BYTES)
}

/**
 * The first frame in each direction: the sender, its cohort, and its clock.
 *
 *   message Hello {
 *     string cohortId = 1;
 *     string name = 2;           // for people
 *     string software = 3;       // for people
 *     uint64 clockMs = 4;        // milliseconds since 1970, as the sender's clock has it; 0: not said
 *     repeated Field fields = 5; // of the sender's cohort: tells which ones differ where the id does
 *     uint64 process = 6;        // drawn at the sender's start: another process with its key has another one
 *     uint64 startedMs = 7;      // when that was, by the sender's clock; milliseconds since 1970
 *     bytes parts = 8;           // of the schema in the sender's cohort: digests of columns or classes (schema-parts.ts)
 *   }
 *   message Field {
 *     string name = 1;
 *     string digest = 2;
 *   }
 *
 * Only members ever see a hello: a peer that has not proved a member's key gets no stream.
 */
import {
  messageBytes,
  putBytes,
  putInteger,
  putNested,
  putText,
  readFields,
  readInteger,
} from '../codec/fields.ts'
import type { Frame } from '../ports.ts'
import { printableStart } from '../text/printable.ts'
import { HELLO_FIELDS_MAX, HELLO_TEXT_MAX } from './constants.ts'
import type { ProcessId } from './process-tally.ts'
import { PART_BYTES, PARTS_MAX } from './schema-parts.ts'
import { DATE_MS_MAX } from './second-process.ts'

export interface Hello {
  readonly cohortId: string
  readonly name: string
  readonly software: string
  /** The sender's wall clock at sending, milliseconds since 1970. */
  readonly clockMs?: number
  /** A digest of each field of the cohort, by the field's name. */
  readonly fields?: ReadonlyMap<string, string>
  /** Digests of the schema's columns or classes. */
  readonly parts?: Uint8Array
  /** The process that speaks. */
  readonly process?: ProcessId
}

export function encodeHello({ cohortId, name, software, clockMs = 0, fields, process, parts }: Hello): Frame {
  return [
    messageBytes(output => {
      putText(output, 1, cohortId)
      putText(output, 2, name)
      putText(output, 3, software)
      putInteger(output, 4, clockMs)
      for (const [field, digest] of fields ?? [])
        putNested(output, 5, nested => {
          putText(nested, 1, field)
          putText(nested, 2, digest)
        })
      if (process !== undefined) {
        putInteger(output, 6, process.number)
        putInteger(output, 7, process.startedMs)
      }
      if (parts !== undefined) putBytes(output, 8, parts)
    }),
  ]
}

/** Null if the frame is not a hello. Texts are cut and cleaned: they go to logs and terminals. */
export function decodeHello(frame: Frame): Hello | null {
  const texts = ['', '', '', '']
  const fields = new Map<string, string>()
  let [clockMs, number, startedMs] = [0, 0, 0]
  let parts: Uint8Array = new Uint8Array()
  try {
    readFields(Buffer.concat(frame), (field, input) => {
      if (field >= 1 && field <= 3) texts[field] = printableStart(input.string(), HELLO_TEXT_MAX)
      else if (field === 4) clockMs = readInteger(input)
      else if (field === 5) {
        const [name, digest] = decodeField(input.bytes())
        if (fields.size < HELLO_FIELDS_MAX) fields.set(name, digest)
      } else if (field === 6) number = readInteger(input)
      else if (field === 7) startedMs = readInteger(input)
      else if (field === 8) parts = Uint8Array.from(input.bytes().subarray(0, PARTS_MAX * PART_BYTES))
      else return false
      return true
    })
  } catch {
    return null
  }
  const [, cohortId = '', name = '', software = ''] = texts
  if (cohortId === '') return null
  return {
    cohortId,
    name,
    software,
    ...(clockMs > 0 && { clockMs }),
    ...(fields.size > 0 && { fields }),
    ...(parts.length > 0 && { parts }),
    ...(number > 0 && { process: { number, startedMs: Math.min(startedMs, DATE_MS_MAX) } }),
  }
}

/** Names of the fields in which two cohorts differ; empty if one side has not said. */
export function differingFields(a: Hello, b: Hello): readonly string[] {
  if (a.fields === undefined || b.fields === undefined) return []
  const [left, right] = [a.fields, b.fields]
  return [...new Set([...left.keys(), ...right.keys()])].filter(name => left.get(name) !== right.get(name))
}

function decodeField(bytes: Uint8Array): readonly [string, string] {
  const texts = ['', '', '']
  readFields(bytes, (field, input) => {
    if (field !== 1 && field !== 2) return false
    texts[field] = printableStart(input.string(), HELLO_TEXT_MAX)
    return true
  })
  return [texts[1]!, texts[2]!]
}

/**
 * The first frame in each direction: who speaks, and of which cohort.
 *
 *   message Hello {
 *     string cohortId = 1;
 *     string name = 2;      // for people
 *     string software = 3;  // for people
 *   }
 */
import { messageBytes, putText, readFields } from '../codec/fields.ts'
import type { Frame } from '../ports.ts'
import { HELLO_TEXT_MAX } from './constants.ts'

export interface Hello {
  readonly cohortId: string
  readonly name: string
  readonly software: string
}

export function encodeHello({ cohortId, name, software }: Hello): Frame {
  return [
    messageBytes(output => {
      putText(output, 1, cohortId)
      putText(output, 2, name)
      putText(output, 3, software)
    }),
  ]
}

/** Null where the frame is no hello. Texts are cut and cleaned: they go to logs and terminals. */
export function decodeHello(frame: Frame): Hello | null {
  const texts = ['', '', '', '']
  try {
    readFields(Buffer.concat(frame), (field, input) => {
      if (field < 1 || field > 3) return false
      texts[field] = printable(input.string())
      return true
    })
  } catch {
    return null
  }
  const [, cohortId = '', name = '', software = ''] = texts
  return cohortId === '' ? null : { cohortId, name, software }
}

function printable(text: string): string {
  return text.replace(/\p{C}/gu, '?').slice(0, HELLO_TEXT_MAX)
}

/**
 * The bytes that an author signs for a slot: (cohort, slot, digest) in canonical form, distinct from everything else
 * that a key signs.
 */
import type { Digest, Slot } from '../../agreement/message.ts'

/** Domain separation: no other signature of this key can be taken for a slot's, nor one of another version. */
const DOMAIN = Buffer.from('concord/1/slot\0')
const PHASE_BYTE = { gradient: 0, parameters: 1, state: 2, metrics: 3 } as const

/**
 * domain ‖ length of the cohort id (16 bits) ‖ cohort id ‖ step (64) ‖ phase (8) ‖ iteration (32) ‖ sender (32) ‖
 * digest (32 bytes), numbers big-endian. Every field has a fixed or a stated length, so no two inputs share bytes.
 */
export function signedBytes(cohortId: string, slot: Slot, digest: Digest): Uint8Array {
  const id = Buffer.from(cohortId)
  const fields = Buffer.alloc(2 + id.length + 17 + 32)
  let at = fields.writeUInt16BE(id.length)
  at += id.copy(fields, at)
  at = fields.writeBigUInt64BE(BigInt(slot.step), at)
  at = fields.writeUInt8(PHASE_BYTE[slot.phase], at)
  at = fields.writeUInt32BE(slot.iteration, at)
  at = fields.writeUInt32BE(slot.sender, at)
  fields.write(digest, at, 'hex')
  return Buffer.concat([DOMAIN, fields])
}

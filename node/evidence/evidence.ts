/**
 * Evidence: two commitments of one author to one slot prove that it equivocates. Anyone who knows the cohort's id and
 * the author's key can check it, offline and for ever; `concord evidence verify FILE` does.
 */
import { z } from 'zod'
import type { Evidence } from '../../agreement/protocol.ts'
import type { Membership } from '../cohort/cohort.ts'
import { publicKeyOf } from '../cohort/identity.ts'
import { createVerifier, type Verifier } from '../signatures/index.ts'

/** Whether both commitments are the author's and contradict each other. */
export function proves({ slot, first, second }: Evidence, verifier: Pick<Verifier, 'verify'>): boolean {
  return (
    first.digest !== second.digest &&
    verifier.verify(slot, first.digest, first.signature) &&
    verifier.verify(slot, second.digest, second.signature)
  )
}

const hex = (bytes: number) =>
  z.string().regex(new RegExp(`^[0-9a-f]{${2 * bytes}}$`), `expected ${2 * bytes} hexadecimal digits`)
const commitmentSchema = z.strictObject({ digest: hex(32), signature: hex(64) })

const fileSchema = z.strictObject({
  format: z.literal('concord-evidence/1'),
  /** Id of the cohort: it is part of what was signed. */
  cohort: hex(32),
  accused: z.strictObject({ name: z.string(), id: z.string() }),
  slot: z.strictObject({
    step: z.int().min(1),
    phase: z.enum(['gradient', 'parameters', 'state', 'metrics']),
    iteration: z.int().min(0),
    sender: z.int().min(0).max(1023),
  }),
  first: commitmentSchema,
  second: commitmentSchema,
})

/** Our own files have less than 1 KiB; a name may be long. */
export const EVIDENCE_BYTES_MAX = 64 * 1024

export type EvidenceFile = z.infer<typeof fileSchema>

/** Evidence that is not valid: the file is not an evidence file, or proves nothing. */
export class EvidenceError extends Error {
  readonly code = 'EVIDENCE_INVALID'
  override readonly name = 'EvidenceError'
}

export function evidenceFile(
  { slot, first, second }: Evidence,
  { cohort, cohortId }: Membership,
): EvidenceFile {
  const { name, id } = cohort.members[slot.sender]!
  const { step, phase, iteration, sender } = slot
  const text = ({ digest, signature }: Evidence['first']) => ({
    digest,
    signature: Buffer.from(signature).toString('hex'),
  })
  return {
    format: 'concord-evidence/1',
    cohort: cohortId,
    accused: { name, id },
    slot: { step, phase, iteration, sender },
    first: text(first),
    second: text(second),
  }
}

/** The content of a file, as the program uses it. */
export function evidenceOf({ slot, first, second }: EvidenceFile): Evidence {
  const bytes = ({ digest, signature }: EvidenceFile['first']) => ({
    digest,
    signature: new Uint8Array(Buffer.from(signature, 'hex')),
  })
  return { slot, first: bytes(first), second: bytes(second) }
}

/** @throws EvidenceError if the text is not an evidence file, naming the field */
export function parseEvidence(text: string): EvidenceFile {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new EvidenceError(`not JSON: ${error instanceof Error ? error.message : error}`)
  }
  const parsed = fileSchema.safeParse(value)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]!
  throw new EvidenceError(`${issue.path.join('.') || 'the file'}: ${issue.message}`)
}

/**
 * Checks that the proof is about this cohort and a member of it.
 * @param name the cohort's name in messages, such as its file
 * @throws EvidenceError saying what it is about instead
 */
export function checkMembership(
  { cohort: about, accused, slot }: EvidenceFile,
  { cohort, cohortId }: Pick<Membership, 'cohort' | 'cohortId'>,
  name = 'this',
): void {
  const short = (id: string) => id.slice(0, 12)
  if (about !== cohortId)
    throw new EvidenceError(`it is about cohort ${short(about)}, and ${name} is cohort ${short(cohortId)}`)
  const member = cohort.members[slot.sender]?.id
  if (member !== accused.id)
    throw new EvidenceError(
      `member ${slot.sender} of ${name === 'this' ? 'this cohort' : name} is ${member ?? 'nobody'}, not ${accused.id}`,
    )
}

/**
 * Checks an evidence file on its own.
 * @throws EvidenceError saying which of the two signatures is not valid, or that they do not contradict each other
 */
export function verifyEvidence({ cohort, accused, slot, first, second }: EvidenceFile): void {
  if (first.digest === second.digest)
    throw new EvidenceError(
      'both commitments are to the same vector: a peer may say the same thing as often as it likes',
    )
  let key: Uint8Array
  try {
    key = publicKeyOf(accused.id)
  } catch (error) {
    throw new EvidenceError(`accused.id: ${error instanceof Error ? error.message : error}`)
  }
  const keys = Array.from({ length: slot.sender + 1 }, () => key)
  const verifier = createVerifier(cohort, keys)
  for (const [name, { digest, signature }] of Object.entries({ first, second }))
    if (!verifier.verify(slot, digest, Buffer.from(signature, 'hex')))
      throw new EvidenceError(
        `${name}.signature is not ${accused.name}'s over this slot in this cohort: this proves nothing`,
      )
}

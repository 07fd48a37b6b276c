/** Makes an averaging agreement by name, and refuses one whose bound does not hold. */
import { protocolNamed } from '../protocols/registry.ts'
import { refusalOf } from '../refusal.ts'
import type { Averaging, AveragingOptions } from './averaging.ts'
import { createBroadcastBased } from './broadcast-based.ts'
import { createSignedBroadcast } from './signed-broadcast.ts'
import { createStandardForm } from './standard-form.ts'

/** A protocol was asked to run where it guarantees nothing. */
export class BoundError extends Error {
  readonly code = 'BOUND_NOT_MET'
  override readonly name = 'BoundError'
}

/**
 * @param options.unsafe runs below the protocol's bound on purpose, to study the failure
 * @throws BoundError naming the bound, the numbers and what would satisfy it; ProtocolError
 */
export function createAveraging(options: AveragingOptions & { readonly unsafe?: boolean }): Averaging {
  const refusal = refusalOf(options)
  if (refusal !== null) throw new BoundError(refusal.why)
  const { protocol, synchrony } = options
  const { form, create } = protocolNamed(protocol)
  if (create !== undefined) return create(options)
  if (form === 'standard') return createStandardForm(options)
  return synchrony === 'synchronous' ? createSignedBroadcast(options) : createBroadcastBased(options)
}

/** When something was received: in a step of learning, or in an iteration of an averaging agreement alone. */
import { isAlone } from '../../apply.ts'
import type { Plane, RunDocument } from '../../run.ts'

export function momentOf(run: RunDocument, { step, iteration }: Plane): number {
  return isAlone(run) ? iteration : step
}

export function momentName(run: RunDocument): 'step' | 'iteration' {
  return isAlone(run) ? 'iteration' : 'step'
}

/** A slot as far as it tells anything: an agreement alone has one step, and agrees on given vectors. */
export function slotText(
  run: RunDocument,
  slot: { readonly step: number | null; readonly phase: string | null; readonly iteration: number | null },
): string {
  const { step, phase, iteration } = slot
  return [
    ...(step === null || isAlone(run) ? [] : [`step ${step}`]),
    ...(phase === null || isAlone(run) ? [] : [phase]),
    ...(iteration === null ? [] : [`iteration ${iteration}`]),
  ].join(', ')
}

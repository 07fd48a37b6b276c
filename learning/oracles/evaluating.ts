/**
 * An oracle that also evaluates: where it is asked for a gradient, it has the parameters of a step at hand. Evaluation
 * comes first and changes nothing: the gradient is that of the oracle inside.
 */
import type { SeriesPoint } from '../evaluation/series.ts'
import type { ModelOracle } from './jax-oracle.ts'

/**
 * @param every evaluates the parameters after every so many steps, beginning with the start, each once; undefined: never
 * @param onPoint called with each evaluation
 */
export function evaluating(
  oracle: ModelOracle,
  every: number | undefined,
  onPoint: (point: SeriesPoint) => void,
): ModelOracle {
  if (every === undefined) return oracle
  let newest = -1
  return {
    ...oracle,
    async gradient(request) {
      const step = request.step - 1
      // A peer that starts again asks again.
      if (step % every === 0 && step > newest) {
        newest = step
        onPoint({ step, ...(await oracle.evaluate(request.parameters)) })
      }
      return oracle.gradient(request)
    },
  }
}

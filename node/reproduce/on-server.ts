/** A classifier learnt with the trusted server: the run that three of the papers' experiments are made of. */
import type { Vector } from '../../agreement/vector.ts'
import type { Attack } from '../../learning/attacks/attack.ts'
import { createServer, type ServerOptions } from '../../learning/server/server.ts'
import type { Measurement, RunContext } from './experiment.ts'
import { type RuleKey, ruleOf } from './rule-key.ts'
import type { Point } from './statistics.ts'

interface ServerRun
  extends RuleKey,
    Pick<
      ServerOptions,
      'momentum' | 'clip' | 'weightDecay' | 'averaging' | 'workers' | 'maxFaulty' | 'missing'
    > {
  readonly model: string
  /** A path that `openData` takes. */
  readonly data: string
  readonly partition: string
  readonly liars: readonly number[]
  readonly attack: Attack | null
  readonly rate: number
  readonly batch: number
  readonly steps: number
  readonly seed: number
  /** Steps between two evaluations; the last step is always evaluated. */
  readonly every: number
  /** Of the test set, for each evaluation. */
  readonly examples: number
}

/**
 * `accuracy`: of the parameters after the last step, `late`: the mean of the evaluations in the last quarter (a run
 * without momentum goes up and down). The series are accuracy and loss on the test set.
 */
export async function runOnServer(
  run: ServerRun,
  { oraclePool, progress }: RunContext,
): Promise<Measurement> {
  const { model, data, partition, workers, seed, steps, every, liars, attack } = run
  const flipped = attack?.relabel === undefined ? [] : liars
  const task = await oraclePool.open({ model, data, partition, workers, seed, flipped })
  const server = createServer({
    ...run,
    rule: ruleOf(run),
    start: task.start,
    gradients: task.gradients,
    rate: () => run.rate,
    batch: () => run.batch,
    box: null,
  })
  const accuracy: Point[] = []
  const loss: Point[] = []
  const evaluate = async (step: number, parameters: Vector) => {
    const evaluation = await oraclePool.evaluate(model, data, parameters, run.examples)
    accuracy.push([step, evaluation.accuracy])
    loss.push([step, evaluation.loss])
  }
  await evaluate(0, server.parameters)
  for (let step = 1; step <= steps; step++) {
    const { finite } = await server.step()
    if (!finite) {
      fillDiverged(step, run, accuracy, loss)
      break
    }
    if (step % every === 0 || step === steps) await evaluate(step, server.parameters)
    progress(step / steps)
  }
  const late = accuracy.filter(([step]) => step > 0.75 * steps).map(([, value]) => value ?? 0)
  return {
    numbers: {
      accuracy: accuracy.at(-1)![1],
      late: late.reduce((a, b) => a + b, 0) / late.length,
    },
    series: { accuracy, loss },
  }
}

/** Parameters that are no numbers classify by chance; their loss does not exist. */
function fillDiverged(step: number, { steps, every }: ServerRun, accuracy: Point[], loss: Point[]): void {
  const rest = Array.from({ length: steps - step + 1 }, (_, i) => step + i)
  for (const later of rest)
    if (later % every === 0 || later === steps) {
      accuracy.push([later, 0.1])
      loss.push([later, null])
    }
}

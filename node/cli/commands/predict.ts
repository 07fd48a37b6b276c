/** `concord predict`: what a finished model says of new rows or images. */
import { defineCommand, flag, maybe, UsageError } from '../command.ts'
import { text } from '../parse.ts'
import { requireOutput } from '../report-output.ts'
import { counted, percent } from '../view/format.ts'
import { metricsLines } from '../view/metrics.ts'

export const predictCommand = defineCommand({
  name: 'predict',
  summary: 'say what a finished model predicts for new rows or images',
  about:
    "A table is read by the schema that the model carries: columns are found by their names, and the target may be missing. The result has the table's own columns, then what is predicted and the probability of each class. A model of images takes an image, a folder of them, or one with a folder for each class; another one takes data as --data does. Nothing is sent.",
  arguments: [
    { name: '<checkpoint>', about: 'what --save wrote' },
    { name: '<data>', about: 'a .csv, .tsv or .parquet file; or an image, a folder, a data set' },
  ],
  options: {
    out: maybe('-o, --out <file>', 'write the predictions there, as CSV', text, 'standard output'),
    json: flag('--json', 'print { model, cohort, step, count, known, metrics } as JSON; needs --out'),
  },
  examples: [
    'model.safetensors new-patients.csv -o predictions.csv',
    'model.safetensors scan.png',
    'lenet.safetensors path/to/mnist -o predictions.csv --json',
  ],
  async handler({ out, json }, [checkpoint, data], terminal) {
    if (json && out === null)
      throw new UsageError(
        '--json is given without --out, and both would go to standard output; expected --out with a file for the predictions',
      )
    await requireOutput('--out', out)
    if (json || out === null) terminal.reserveOutput()
    const { predict } = await import('../../models/predict.ts')
    const { model, tally, notes } = await predict(checkpoint!, data!, out ?? terminal.data)
    const { count, known, metrics, perClass } = tally
    const { cohort, step } = model.description
    terminal.print(...notes)
    if (out !== null)
      terminal.print(`wrote ${out}: ${counted(count, 'row')}${classesText(model.says, perClass)}`)
    if (metrics?.kind === 'classes')
      terminal.print(
        `${counted(Math.round(metrics.accuracy * known), 'row')} of the ${known} whose target is known are right: ${percent(metrics.accuracy)}`,
      )
    terminal.print(...metricsLines(metrics))
    if (json) terminal.json({ model: model.model.name, cohort, step, count, known, metrics })
    return 0
  },
})

/** How many classes are counted in the last line. */
const CLASSES_SHOWN = 8

function classesText(
  says: { readonly kind: string; readonly classes?: readonly string[] },
  perClass: readonly number[],
): string {
  const { classes = [] } = says
  if (classes.length === 0 || classes.length > CLASSES_SHOWN) return ''
  return `; predicted: ${classes.map((name, place) => `${name} ${perClass[place]}`).join(', ')}`
}

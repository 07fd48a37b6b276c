/** `concord predict`: what a finished model says of new rows or images, as a table. */
import { PassThrough } from 'node:stream'
import { writeOutput } from '../files/output.ts'
import { predictExamples } from './predict-examples.ts'
import { predictTable, type Write } from './predict-table.ts'
import type { Tally } from './predictions.ts'
import { openScorer } from './scorer.ts'
import { readModel, type UsableModel } from './usable-model.ts'

/** What `predict` has done. */
interface Predicted {
  readonly model: UsableModel
  readonly tally: Tally
  readonly notes: readonly string[]
}

/**
 * @param out a file, which is written whole or not at all; or what takes the lines
 * @throws FileError, DataError
 */
export async function predict(
  checkpoint: string,
  data: string,
  out: string | ((text: string) => void),
): Promise<Predicted> {
  const model = await readModel(checkpoint)
  const { says, description } = model
  const scorer = await openScorer(model)
  const { inputs } = description
  const run = (write: Write) =>
    inputs.kind === 'table'
      ? predictTable(data, { schema: inputs.schema, says, scorer }, write)
      : predictExamples(data, { form: inputs.form, says, scorer }, write)
  try {
    const made = typeof out === 'string' ? await intoFile(out, run) : await run(async text => out(text))
    return { model, ...made }
  } finally {
    scorer.close()
  }
}

/** Lines go into the file as fast as the disk takes them. */
async function intoFile<T>(path: string, run: (write: Write) => Promise<T>): Promise<T> {
  const lines = new PassThrough()
  // Both ends see it: the one that failed, and the other, which is told.
  lines.on('error', () => {})
  const write: Write = text =>
    new Promise((resolve, reject) => {
      // A stream that is destroyed forgets the text that waits in it.
      const closed = () => reject(new Error(`${path} takes no more`))
      lines.once('close', closed)
      lines.write(text, error => {
        lines.off('close', closed)
        if (error) reject(error)
        else resolve()
      })
    })
  const writing = writeOutput(path, lines)
  writing.catch(() => lines.destroy())
  const running = run(write).then(
    result => {
      lines.end()
      return result
    },
    error => {
      lines.destroy(error)
      throw error
    },
  )
  // The draft is gone before this fails.
  const [made, written] = await Promise.allSettled([running, writing])
  // If the file fails first, the lines only say that they have nowhere to go.
  if (written.status === 'rejected') throw written.reason
  if (made.status === 'rejected') throw made.reason
  return made.value
}

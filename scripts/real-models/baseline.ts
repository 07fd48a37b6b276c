/** The same learning in one process (baseline.py), without peers, agreement or liar. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { median } from '../bench/bench.ts'
import type { Evaluation, Learnt } from './learnt.ts'
import type { Run } from './run.ts'

type Line =
  | { readonly kind: 'start'; readonly dimension: number }
  | { readonly kind: 'step'; readonly step: number; readonly loss: number; readonly seconds: number }
  | ({ readonly kind: 'evaluation' } & Evaluation)

/**
 * @param workers whose gradients are averaged
 * @param save where to write what was learnt; null: nowhere
 */
export async function runBaseline(
  { python, job, steps, evaluateEvery, peers }: Run,
  workers: number,
  save: string | null,
): Promise<Learnt> {
  const { program, words, data, learning } = job
  const task = { peers, seed: 1, data, partition: 'iid', words, workers }
  const settings = { ...learning, ...task, steps, evaluateEvery, save }
  const args = [join(import.meta.dirname, 'baseline.py'), program, JSON.stringify(settings)]
  const child = spawn(python, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const closed = once(child, 'close')
  let lastWords = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    lastWords = (lastWords + text).slice(-2000)
  })
  const losses: number[] = []
  const seconds: number[] = []
  const evaluations: Evaluation[] = []
  let dimension = 0
  for await (const text of createInterface(child.stdout)) {
    const line = JSON.parse(text) as Line
    if (line.kind === 'start') dimension = line.dimension
    else if (line.kind === 'evaluation') evaluations.push(line)
    else {
      losses.push(line.loss)
      seconds.push(line.seconds)
    }
  }
  const [code] = await closed
  if (code !== 0) throw new Error(`the baseline ended with code ${code}:\n${lastWords.trim()}`)
  return { dimension, losses, evaluations, stepSeconds: median(seconds), peakBytes: null }
}

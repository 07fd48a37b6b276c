/** Feeds a target: the kept corpus first, then inputs drawn from a seed. */
import { randomStream } from '../../learning/random.ts'
import { mutate } from './mutate.ts'
import type { Target } from './target.ts'

interface Finding {
  readonly target: string
  /** Hexadecimal: a line for the corpus. */
  readonly input: string
  readonly what: string
}

interface FuzzResult {
  readonly inputs: number
  readonly findings: readonly Finding[]
  readonly seconds: number
  /** The longest that any input took. */
  readonly slowestMs: number
  /** Growth of the heap from the first tenth of the run to its end, after garbage collection if it can be run. */
  readonly grownBytes: number
}

/** An input that keeps a decoder this long could keep a peer from its work. */
const HANG_MS = 500
const FINDINGS_MAX = 5
/** The clock is read once in this many inputs. */
const LOOK_EVERY = 64

export async function feedCorpus(target: Target, corpus: readonly string[]): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  for (const line of corpus) {
    const what = await complaint(target, Buffer.from(line, 'hex'))
    if (what !== null) findings.push({ target: target.name, input: line, what })
  }
  return findings
}

export async function fuzz(target: Target, inputs: number, seed: number): Promise<FuzzResult> {
  const random = randomStream(seed, 'fuzz', target.name)
  const findings: Finding[] = []
  const startedMs = performance.now()
  let slowestMs = 0
  let heap = 0
  let fed = 0
  let sinceMs = startedMs
  for (; fed < inputs && findings.length < FINDINGS_MAX; fed++) {
    const input = mutate(target.seeds, random)
    const what = await complaint(target, input)
    if (what !== null) findings.push({ target: target.name, input: Buffer.from(input).toString('hex'), what })
    if (fed === Math.floor(inputs / 10)) heap = heapBytes()
    if (fed % LOOK_EVERY !== LOOK_EVERY - 1) continue
    const nowMs = performance.now()
    slowestMs = Math.max(slowestMs, (nowMs - sinceMs) / LOOK_EVERY)
    if (nowMs - sinceMs > LOOK_EVERY * HANG_MS)
      findings.push({
        target: target.name,
        input: Buffer.from(input).toString('hex'),
        what: 'takes too long',
      })
    sinceMs = nowMs
  }
  const seconds = (performance.now() - startedMs) / 1000
  return { inputs: fed, findings, seconds, slowestMs, grownBytes: heapBytes() - heap }
}

async function complaint(target: Target, input: Uint8Array): Promise<string | null> {
  try {
    // Most targets have no promise, and waiting for one costs as much as a small input.
    const fed = target.feed(input)
    if (fed !== undefined) await fed
    return null
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error)
  }
}

function heapBytes(): number {
  ;(globalThis as { gc?: () => void }).gc?.()
  return process.memoryUsage().heapUsed
}

/**
 * One oracle process: starts it, exchanges messages with it, ends it. Its supervisor decides whether to start another.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import type { Vector } from '../../agreement/vector.ts'
import { OracleError } from '../../learning/oracles/error.ts'
import { createFrameReader, encodeFrame } from './frame.ts'
import { type Answer, type Ask, parseAnswer } from './messages.ts'
import { createProcessOutput } from './process-output.ts'

interface ProcessOptions {
  /** As typed into a shell. */
  readonly command: string
  /** Takes what it prints, on standard error or by mistake on standard output. */
  readonly onLine: (line: string) => void
}

export interface Heard {
  readonly answer: Answer
  readonly payload: Vector
  /** True if the payload's values are known to be finite. */
  readonly foundFinite?: boolean
}

export interface OracleProcess {
  /**
   * The next answer.
   * @throws OracleError `ORACLE_DIED`, `ORACLE_TIMEOUT`, or the code of what is wrong with the answer
   */
  ask(ask: Ask, payload: Vector | null, deadlineMs: number): Promise<Heard>
  /** Says goodbye, waits a little, then kills it. */
  end(patienceMs: number): Promise<void>
  kill(): void
}

type Waiting = PromiseWithResolvers<Heard>

export function startProcess({ command, onLine }: ProcessOptions): OracleProcess {
  // A process group of its own: Ctrl-C reaches only the peer, which says goodbye first, and a kill reaches the shell's
  // children.
  const child = spawn(command, {
    shell: true,
    detached: process.platform !== 'win32',
    stdio: ['pipe', 'pipe', 'pipe'],
    windowsHide: true,
  })
  const processOutput = createProcessOutput(onLine, () => performance.now())
  let waiting: Waiting | null = null
  let over: OracleError | null = null

  const fail = (error: OracleError) => {
    over ??= error
    waiting?.reject(over)
    waiting = null
  }
  const killed = whenOver(child, processOutput.last, fail)
  const reader = createFrameReader({
    frame({ header, payload }) {
      try {
        const answer = parseAnswer(header)
        if (waiting === null)
          throw new OracleError('ORACLE_PROTOCOL', `a ${answer.type} that nobody asked for`)
        waiting.resolve({ answer, payload })
        waiting = null
      } catch (error) {
        fail(error as OracleError)
      }
    },
    stray: bytes => processOutput.add(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString()),
    broken: why => fail(new OracleError('ORACLE_PROTOCOL', `the oracle's standard output holds ${why}`)),
  })
  child.stdout.on('data', reader)
  child.stderr.setEncoding('utf8').on('data', (text: string) => processOutput.add(text))
  // The end of the process reports that it is gone.
  child.stdin.on('error', () => {})

  return {
    ask(ask, payload, deadlineMs) {
      if (over) return Promise.reject(over)
      waiting = Promise.withResolvers<Heard>()
      const { promise } = waiting
      write(child, ask, payload)
      const timer = setTimeout(() => {
        const seconds = deadlineMs / 1000
        fail(
          new OracleError(
            'ORACLE_TIMEOUT',
            `no answer to "${ask.type}" in ${seconds} s${words(processOutput.last())}`,
          ),
        )
      }, deadlineMs)
      return promise.finally(() => clearTimeout(timer))
    },
    async end(patienceMs) {
      if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
        write(child, { type: 'bye' }, null)
        child.stdin.end()
      }
      const insist = setTimeout(() => killGroup(child), patienceMs)
      await killed
      clearTimeout(insist)
    },
    kill: () => killGroup(child),
  }
}

/** However this process ends, no oracle outlives it. */
const alive = new Set<ChildProcess>()

function killAll(): void {
  for (const child of alive) killGroup(child)
}

/** Resolves when the process and all its output are over; rejects the requests that still wait. */
function whenOver(
  child: ChildProcess,
  lastWords: () => string,
  fail: (error: OracleError) => void,
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  alive.add(child)
  if (alive.size === 1) process.on('exit', killAll)
  child.on('error', error => {
    alive.delete(child)
    fail(new OracleError('ORACLE_DIED', `the oracle process did not start: ${error.message}`))
    resolve()
  })
  // A process that it left behind would keep its output open.
  child.on('exit', () => killGroup(child))
  child.on('close', (code, signal) => {
    alive.delete(child)
    if (alive.size === 0) process.off('exit', killAll)
    const how = signal === null ? `ended with exit code ${code}` : `was killed by ${signal}`
    fail(new OracleError('ORACLE_DIED', `the oracle process ${how}${words(lastWords())}`))
    resolve()
  })
  return promise
}

function words(last: string): string {
  return last === '' ? '; it printed nothing' : `; it printed last:\n${last}`
}

function write({ stdin }: ChildProcess, ask: Ask, payload: Vector | null): void {
  stdin!.cork()
  for (const part of encodeFrame(ask, payload)) stdin!.write(part)
  stdin!.uncork()
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return
  try {
    if (process.platform === 'win32') child.kill('SIGKILL')
    else process.kill(-child.pid, 'SIGKILL')
  } catch {
    // Gone already.
  }
}

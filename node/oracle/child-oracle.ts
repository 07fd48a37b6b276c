/**
 * The oracle as a process of its own, written in any language: `--oracle "python3 train.py"`. docs/oracles.md describes
 * the messages between the two.
 *
 * The process is supervised. If it dies or hangs, it is restarted and asked again; a gradient is a function of seed,
 * peer, step and parameters, so the answer is the same. After a few failures without an answer in between, the peer
 * gives up. An error that a restart cannot repair (another version, another dimension, nonsense) is final at once.
 */
import { isFiniteVector, type Vector } from '../../agreement/vector.ts'
import { OracleError } from '../../learning/oracles/error.ts'
import type { ModelOracle } from '../../learning/oracles/jax-oracle.ts'
import { type Answer, type Ask, checkHello, type HelloAnswer, ORACLE_PROTOCOL } from './messages.ts'
import { type Heard, type OracleProcess, startProcess } from './process.ts'
import { createSharedFile, type SharedFile } from './shared-file.ts'

interface ChildOracleOptions {
  /** As typed into a shell. */
  readonly command: string
  /** Told to the process in our hello. */
  readonly task: Omit<Extract<Ask, { type: 'hello' }>, 'type' | 'protocol' | 'shared'>
  /** Takes what the process prints, and what happens to it. */
  readonly onLine: (line: string) => void
  readonly limits?: Partial<ChildLimits>
}

export interface ChildLimits {
  /** Time until its hello: it may import a lot. */
  readonly startMs: number
  /** Time for a gradient or an evaluation. */
  readonly answerMs: number
  /** Time from our goodbye until it is killed. */
  readonly endMs: number
  /** Restarts in a row, without an answer in between. */
  readonly restartsMax: number
  /** Delay before the second restart, twice that before the third, and so on; the first comes at once. */
  readonly restartDelayMs: number
}

const childLimits: ChildLimits = {
  startMs: 120_000,
  answerMs: 600_000,
  endMs: 3000,
  restartsMax: 3,
  restartDelayMs: 1000,
}

interface Supervisor {
  readonly options: ChildOracleOptions
  readonly limits: ChildLimits
  process: OracleProcess | null
  /** Null: vectors are payloads. */
  shared: SharedFile | null
  hello: HelloAnswer | null
  failures: number
  isClosed: boolean
  /** Rejects the requests that are open or queued, because we close. */
  readonly open: Set<(error: OracleError) => void>
  /** One question at a time: the tail of the queue. */
  tail: Promise<unknown>
}

/**
 * Starts the process and waits for its hello.
 * @throws OracleError
 */
export async function createChildOracle(options: ChildOracleOptions): Promise<ModelOracle> {
  const supervisor: Supervisor = {
    options,
    limits: { ...childLimits, ...options.limits },
    process: null,
    shared: null,
    hello: null,
    failures: 0,
    isClosed: false,
    open: new Set(),
    tail: Promise.resolve(),
  }
  const { answer, payload: initial } = await start(supervisor)
  const { dimension, parameters, examples } = answer
  return {
    dimension,
    parameters,
    examples,
    initial,
    async gradient({ step, parameters: at, batch }) {
      checkLength(at, dimension)
      const heard = await enqueue(supervisor, id => ({ type: 'gradient', id, step, batch }), at)
      const { loss } = expect(heard.answer, 'gradient')
      return { gradient: checkGradient(heard, dimension, step), loss }
    },
    async evaluate(at) {
      checkLength(at, dimension)
      const heard = await enqueue(supervisor, id => ({ type: 'evaluate', id }), at)
      const { loss, accuracy, metrics } = expect(heard.answer, 'evaluation')
      return { loss, accuracy, metrics }
    },
    async close() {
      supervisor.isClosed = true
      for (const reject of supervisor.open) reject(closedError())
      await supervisor.process?.end(supervisor.limits.endMs)
      await abandon(supervisor)
    },
  }
}

interface Handshake {
  readonly answer: HelloAnswer
  readonly payload: Vector
}

async function start(supervisor: Supervisor): Promise<Handshake> {
  const { options, limits, hello } = supervisor
  const shared = await createSharedFile()
  supervisor.shared = shared
  const started = startProcess(options)
  supervisor.process = started
  try {
    const ask: Ask = {
      type: 'hello',
      protocol: ORACLE_PROTOCOL,
      ...options.task,
      shared: shared?.path ?? null,
    }
    const { answer, payload } = await started.ask(ask, null, limits.startMs)
    const handshake = expect(answer, 'hello')
    checkHello(handshake, payload.length)
    if (hello && hello.dimension !== handshake.dimension)
      throw new OracleError(
        'ORACLE_DIMENSION',
        `the oracle process, restarted, says dimension ${handshake.dimension}; before it was ${hello.dimension}`,
      )
    if (!isFiniteVector(payload))
      throw new OracleError('ORACLE_NOT_FINITE', 'the oracle starts at parameters that are not all finite')
    if (handshake.shared) await shared?.settle(handshake.dimension)
    else await dropShared(supervisor)
    supervisor.hello = handshake
    return { answer: handshake, payload }
  } catch (error) {
    await abandon(supervisor)
    throw error
  }
}

async function abandon(supervisor: Supervisor): Promise<void> {
  supervisor.process?.kill()
  supervisor.process = null
  await dropShared(supervisor)
}

async function dropShared(supervisor: Supervisor): Promise<void> {
  const { shared } = supervisor
  supervisor.shared = null
  await shared?.close()
}

let asked = 0

function enqueue(supervisor: Supervisor, askOf: (id: number) => Ask, payload: Vector): Promise<Heard> {
  const { promise, resolve, reject } = Promise.withResolvers<Heard>()
  supervisor.open.add(reject)
  supervisor.tail = supervisor.tail
    .then(() => run(supervisor, askOf(asked++), payload))
    .then(resolve, reject)
    .finally(() => supervisor.open.delete(reject))
  return promise
}

function closedError(): OracleError {
  return new OracleError('ORACLE_CLOSED', 'the oracle is closed')
}

/** Asks until there is an answer, and restarts the process when it must. */
async function run(supervisor: Supervisor, ask: Ask, payload: Vector): Promise<Heard> {
  const { limits, options } = supervisor
  for (;;) {
    if (supervisor.isClosed) throw closedError()
    try {
      if (supervisor.process === null) await start(supervisor)
      const heard = await exchange(supervisor, ask, payload)
      checkTurn(heard.answer, ask)
      supervisor.failures = 0
      return heard
    } catch (error) {
      if (!(error instanceof OracleError) || error.code === 'ORACLE_REFUSED') throw error
      await abandon(supervisor)
      supervisor.failures++
      const isPassing = error.code === 'ORACLE_DIED' || error.code === 'ORACLE_TIMEOUT'
      if (supervisor.isClosed || !isPassing) throw error
      if (supervisor.failures > limits.restartsMax)
        throw new OracleError(error.code, `${error.message}\n(restarted ${limits.restartsMax} times in vain)`)
      options.onLine(
        `${error.message}; starting it again (${supervisor.failures} of at most ${limits.restartsMax} times)`,
      )
      await pause(supervisor, (supervisor.failures - 1) * limits.restartDelayMs)
    }
  }
}

async function exchange({ process, shared, limits }: Supervisor, ask: Ask, payload: Vector): Promise<Heard> {
  if (!shared) return process!.ask(ask, payload, limits.answerMs)
  await shared.writeParameters(payload)
  const answering = process!.ask(ask, null, limits.answerMs)
  if (ask.type === 'gradient') shared.expectGradient()
  const { answer } = await answering
  if (answer.type !== 'gradient') return { answer, payload: new Float32Array(0) }
  const { gradient, foundFinite } = await shared.readGradient()
  return { answer, payload: gradient, foundFinite }
}

async function pause({ open }: Supervisor, ms: number): Promise<void> {
  if (ms === 0) return
  const { promise, resolve } = Promise.withResolvers<void>()
  const wake = () => resolve()
  const timer = setTimeout(wake, ms)
  open.add(wake)
  await promise
  open.delete(wake)
  clearTimeout(timer)
}

/**
 * @throws OracleError `ORACLE_REFUSED` if the oracle answered that it cannot, `ORACLE_PROTOCOL` if the answer does not
 * fit
 */
function checkTurn(answer: Answer, ask: Ask): void {
  if (answer.type === 'error')
    throw new OracleError('ORACLE_REFUSED', `the oracle cannot answer "${ask.type}": ${answer.message}`)
  if ('id' in answer && 'id' in ask && answer.id !== ask.id)
    throw new OracleError(
      'ORACLE_PROTOCOL',
      `the oracle answers question ${answer.id}, but was asked question ${ask.id}`,
    )
}

function expect<T extends Answer['type']>(answer: Answer, type: T): Extract<Answer, { type: T }> {
  if (answer.type === 'error')
    throw new OracleError('ORACLE_REFUSED', `the oracle cannot start: ${answer.message}`)
  if (answer.type !== type)
    throw new OracleError('ORACLE_PROTOCOL', `the oracle answers "${answer.type}", expected "${type}"`)
  return answer as Extract<Answer, { type: T }>
}

function checkLength(parameters: Vector, dimension: number): void {
  if (parameters.length !== dimension)
    throw new OracleError(
      'ORACLE_DIMENSION',
      `${parameters.length} parameters for an oracle of dimension ${dimension}`,
    )
}

function checkGradient({ payload: gradient, foundFinite }: Heard, dimension: number, step: number): Vector {
  if (gradient.length !== dimension)
    throw new OracleError(
      'ORACLE_DIMENSION',
      `the oracle's gradient of step ${step} has ${gradient.length} values, expected ${dimension}`,
    )
  if (!foundFinite && !isFiniteVector(gradient)) {
    const at = gradient.findIndex(value => !Number.isFinite(value))
    throw new OracleError(
      'ORACLE_NOT_FINITE',
      `the oracle's gradient of step ${step} is ${gradient[at]} at place ${at}`,
    )
  }
  return gradient
}

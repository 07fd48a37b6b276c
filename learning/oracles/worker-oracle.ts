/**
 * Oracles in threads of their own: the thread that serves the network, or runs a simulated world, only posts and
 * receives messages.
 */
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Vector } from '../../agreement/vector.ts'
import type { Evaluation, GradientReply, GradientRequest } from '../oracle.ts'
import { OracleError } from './error.ts'
import type { ModelOracle } from './jax-oracle.ts'
import type { OracleSpec } from './spec.ts'
import {
  type Ask,
  type FromThread,
  fromPlainError,
  type Question,
  type Ready,
  type ReadyOracle,
} from './worker-protocol.ts'

interface Waiting {
  readonly place: number
  readonly resolve: (message: FromThread) => void
  readonly reject: (error: Error) => void
}

/**
 * Starts the thread and waits until its data and model are ready.
 * @throws DataError and ModelError of the spec, by `name` and `code`; OracleError if the thread dies.
 */
export async function createOracle(spec: OracleSpec): Promise<ModelOracle> {
  const [oracle] = await createOracles([spec], 1)
  return oracle!
}

/**
 * Several peers' oracles in so many threads, each of which opens the data and compiles the model once.
 * @throws as createOracle
 */
export async function createOracles(specs: readonly OracleSpec[], threads: number): Promise<ModelOracle[]> {
  const posted = sharing()
  const groups = Array.from({ length: threads }, (_, thread) =>
    specs.filter((_, place) => place % threads === thread),
  )
  const opening = groups.map(group => openThread(group, posted))
  const opened = await Promise.all(opening).catch(async error => {
    for (const thread of await Promise.allSettled(opening))
      if (thread.status === 'fulfilled') for (const oracle of thread.value) await oracle.close()
    throw error
  })
  return specs.map((_, place) => opened[place % threads]![Math.floor(place / threads)]!)
}

/** Vectors as they are posted: where every thread can read them, without another copy of those posted last. */
function sharing(): (vector: Vector) => Vector {
  let last: { readonly vector: Vector; readonly shared: Vector } | null = null
  return vector => {
    if (last?.vector !== vector) {
      const shared = new Float32Array(new SharedArrayBuffer(vector.byteLength))
      shared.set(vector)
      last = { vector, shared }
    }
    return last.shared
  }
}

async function openThread(
  specs: readonly OracleSpec[],
  posted: (vector: Vector) => Vector,
): Promise<ModelOracle[]> {
  // Beside this file and of its kind: .ts in a checkout, .js in a built package.
  const file = new URL(`./oracle-thread${extname(import.meta.url)}`, import.meta.url)
  const peers = specs.map(({ peer }) => peer).join(', ')
  const thread = new Worker(file, { workerData: specs, name: `oracle of peer ${peers}` })
  const conversation = converse(thread, specs.length)
  const { oracles } = await conversation.ready
  return oracles.map((oracle, place) => oracleAt(place, oracle, conversation, posted))
}

function oracleAt(
  place: number,
  { initial, parameters, statistics, examples, form, notes }: ReadyOracle,
  conversation: Conversation,
  posted: (vector: Vector) => Vector,
): ModelOracle {
  return {
    dimension: initial.length,
    parameters,
    initial,
    statistics,
    examples,
    form,
    notes,
    async gradient(request: GradientRequest): Promise<GradientReply> {
      const question = { ...request, parameters: posted(request.parameters) }
      const answer = await conversation.ask(place, { kind: 'gradient', request: question })
      if (answer.kind !== 'gradient')
        throw new TypeError(`asked for a gradient, the thread answered ${answer.kind}`)
      return answer.reply
    },
    async evaluate(parameters: Vector): Promise<Evaluation> {
      const answer = await conversation.ask(place, { kind: 'evaluate', parameters: posted(parameters) })
      if (answer.kind !== 'evaluation')
        throw new TypeError(`asked for an evaluation, the thread answered ${answer.kind}`)
      return answer.evaluation
    },
    close: () => conversation.close(place),
  }
}

interface Conversation {
  readonly ready: Promise<Ready>
  ask(place: number, question: Question): Promise<FromThread>
  /** The thread ends with the last of its oracles. */
  close(place: number): Promise<void>
}

const closedError = () => new OracleError('ORACLE_CLOSED', 'the oracle is closed')

/** Pairs answers with questions, and rejects the open ones of an oracle that is closed, or of all when the thread ends. */
function converse(thread: Worker, oracles: number): Conversation {
  const waiting = new Map<number, Waiting>()
  const opening = Promise.withResolvers<Ready>()
  const closed = new Set<number>()
  let ended: OracleError | undefined
  let asked = 0

  const end = (error: OracleError) => {
    ended ??= error
    opening.reject(ended)
    for (const { reject } of waiting.values()) reject(ended)
    waiting.clear()
  }
  thread.on('error', error =>
    end(new OracleError('ORACLE_DIED', `the oracle's thread died: ${error.message}`)),
  )
  thread.on('exit', code =>
    end(new OracleError('ORACLE_DIED', `the oracle's thread ended with exit code ${code}`)),
  )
  thread.on('message', (message: FromThread) => {
    if (message.kind === 'ready') return opening.resolve(message)
    if (message.kind === 'unusable') {
      opening.reject(fromPlainError(message.error))
      return
    }
    const question = waiting.get(message.id)
    waiting.delete(message.id)
    if (message.kind === 'failed') question?.reject(fromPlainError(message.error))
    else question?.resolve(message)
  })
  return {
    ready: opening.promise,
    ask(place, question) {
      if (ended) return Promise.reject(ended)
      if (closed.has(place)) return Promise.reject(closedError())
      const id = asked++
      return new Promise((resolve, reject) => {
        waiting.set(id, { place, resolve, reject })
        thread.postMessage({ ...question, id, place } satisfies Ask)
      })
    },
    async close(place) {
      closed.add(place)
      for (const [id, question] of waiting)
        if (question.place === place) {
          waiting.delete(id)
          question.reject(closedError())
        }
      if (closed.size < oracles) return
      end(closedError())
      await thread.terminate()
    },
  }
}

/**
 * The oracle in a thread of its own: the thread that serves the network only posts and receives messages.
 */
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Vector } from '../../agreement/vector.ts'
import type { Evaluation, GradientReply, GradientRequest } from '../oracle.ts'
import { OracleError } from './error.ts'
import type { ModelOracle } from './jax-oracle.ts'
import type { OracleSpec } from './spec.ts'
import { type Ask, type FromThread, fromPlainError, type Ready } from './worker-protocol.ts'

interface Waiting {
  readonly resolve: (message: FromThread) => void
  readonly reject: (error: Error) => void
}

/**
 * Starts the thread and waits until its data and model are ready.
 * @throws DataError and ModelError of the spec, by `name` and `code`; OracleError if the thread dies.
 */
export async function createOracle(spec: OracleSpec): Promise<ModelOracle> {
  // Beside this file and of its kind: .ts in a checkout, .js in a built package.
  const file = new URL(`./oracle-thread${extname(import.meta.url)}`, import.meta.url)
  const thread = new Worker(file, { workerData: spec, name: `oracle of peer ${spec.peer}` })
  const conversation = converse(thread)
  const ready = await conversation.ready
  return {
    dimension: ready.initial.length,
    parameters: ready.parameters,
    initial: ready.initial,
    statistics: ready.statistics,
    examples: ready.examples,
    form: ready.form,
    notes: ready.notes,
    async gradient(request: GradientRequest): Promise<GradientReply> {
      const answer = await conversation.ask({ kind: 'gradient', request })
      if (answer.kind !== 'gradient')
        throw new TypeError(`asked for a gradient, the thread answered ${answer.kind}`)
      return answer.reply
    },
    async evaluate(parameters: Vector): Promise<Evaluation> {
      const answer = await conversation.ask({ kind: 'evaluate', parameters })
      if (answer.kind !== 'evaluation')
        throw new TypeError(`asked for an evaluation, the thread answered ${answer.kind}`)
      return answer.evaluation
    },
    close: conversation.close,
  }
}

type Question = Ask extends infer Each ? (Each extends Ask ? Omit<Each, 'id'> : never) : never

/** Pairs answers with questions, and rejects the open ones when the thread ends. */
function converse(thread: Worker) {
  const waiting = new Map<number, Waiting>()
  const opening = Promise.withResolvers<Ready>()
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
    ask(question: Question): Promise<FromThread> {
      if (ended) return Promise.reject(ended)
      const id = asked++
      return new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject })
        // Copied, not transferred: the caller still owns its parameters.
        thread.postMessage({ ...question, id })
      })
    },
    async close(): Promise<void> {
      end(new OracleError('ORACLE_CLOSED', 'the oracle is closed'))
      await thread.terminate()
    },
  }
}

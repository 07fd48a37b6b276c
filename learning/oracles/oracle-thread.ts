/** The thread behind `createOracle`: opens the spec's oracle, then answers one request after the other. */
import { parentPort, workerData } from 'node:worker_threads'
import { createJaxOracle, type ModelOracle } from './jax-oracle.ts'
import type { OracleSpec } from './spec.ts'
import { type Answer, type Ask, type FromThread, toPlainError } from './worker-protocol.ts'

const port = parentPort
if (!port) throw new Error('oracle-thread.ts runs as a worker thread; call createOracle instead')

const say = (message: FromThread, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer)

async function answer(oracle: ModelOracle, ask: Ask): Promise<Answer> {
  try {
    if (ask.kind === 'gradient')
      return { id: ask.id, kind: 'gradient', reply: await oracle.gradient(ask.request) }
    return { id: ask.id, kind: 'evaluation', evaluation: await oracle.evaluate(ask.parameters) }
  } catch (thrown) {
    return { id: ask.id, kind: 'failed', error: toPlainError(thrown) }
  }
}

try {
  const oracle = await createJaxOracle(workerData as OracleSpec)
  port.on('message', async (ask: Ask) => {
    const message = await answer(oracle, ask)
    say(message, message.kind === 'gradient' ? [message.reply.gradient.buffer as ArrayBuffer] : [])
  })
  const { parameters, initial, statistics = 0, examples, form, notes = [] } = oracle
  say({ kind: 'ready', parameters, initial, statistics, examples, form: form!, notes })
} catch (thrown) {
  say({ kind: 'unusable', error: toPlainError(thrown) })
}

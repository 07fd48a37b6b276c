/** The thread behind `createOracle`: opens the oracles of its specs, then answers one request after the other. */
import { parentPort, workerData } from 'node:worker_threads'
import { createJaxOracles, type ModelOracle } from './jax-oracle.ts'
import type { OracleSpec } from './spec.ts'
import { type Answer, type Ask, type FromThread, type ReadyOracle, toPlainError } from './worker-protocol.ts'

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

function described({
  parameters,
  initial,
  statistics = 0,
  examples,
  form,
  notes = [],
}: ModelOracle): ReadyOracle {
  return { parameters, initial, statistics, examples, form: form!, notes }
}

try {
  const oracles = await createJaxOracles(workerData as readonly OracleSpec[])
  port.on('message', async (ask: Ask) => {
    const message = await answer(oracles[ask.place]!, ask)
    say(message, message.kind === 'gradient' ? [message.reply.gradient.buffer as ArrayBuffer] : [])
  })
  say({ kind: 'ready', oracles: oracles.map(described) })
} catch (thrown) {
  say({ kind: 'unusable', error: toPlainError(thrown) })
}

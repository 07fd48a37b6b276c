/** LEARN with each of the averaging agreements against each attack, on equal and unequal shares (collaborative-learning). */
import type { ProtocolName } from '../../../agreement/bounds.ts'
import { attackNamed } from '../../../learning/attacks/registry.ts'
import { checkCohort } from '../../cohort/file.ts'
import { identityFromSeed } from '../../cohort/identity.ts'
import { keySeed } from '../../simulation/keys.ts'
import { simulate } from '../../simulation/simulate.ts'
import { defineExperiment, type Measurement, type RunContext } from '../experiment.ts'
import type { Point } from '../statistics.ts'
import { judge } from './peer-to-peer-findings.ts'
import { configurations, FAULTS, PEERS, type PeerToPeerConfig } from './peer-to-peer-plan.ts'

export const peerToPeer = defineExperiment<PeerToPeerConfig>({
  name: 'peer-to-peer',
  title: 'Learning without a server',
  source: 'collaborative-learning, Algorithm 1 with the agreements of §5 to §7',
  summary: 'each averaging agreement × each attack × equal, Dirichlet and by-label shares',
  claim: [
    'LEARN, run by peers with no server over an asynchronous network, solves collaborative learning with any averaging agreement: honest peers end with nearly the same parameters, whatever the Byzantine ones send, and the gradient there is small compared with C·K, where K measures how different the peers’ losses are.',
    'The paper proves this and prints no experiment. Held here against it: each averaging agreement under each attack learns about what it learns without one where shares are alike, and keeps the honest peers together in any case; plain averaging in its place does not.',
  ],
  needsData: true,
  configurations,
  cost: ({ steps, protocol, model }) => steps * (protocol === 'rb-tm' ? 1.8 : 1) * (model === 'mlp' ? 4 : 1),
  run,
  judge,
})

async function run(config: PeerToPeerConfig, { oraclePool, progress }: RunContext): Promise<Measurement> {
  const { data, model, partition, steps, seed } = config
  const attack = config.attack === null ? null : attackNamed(config.attack)
  const liars = attack === null ? [] : [PEERS - 1]
  const flipped = attack?.relabel === undefined ? [] : liars
  const task = await oraclePool.open({ model, data, partition, workers: PEERS, seed, flipped })
  const loss: Point[] = []
  const diameter: Point[] = []
  const result = await simulate({
    cohort: cohortOf(config),
    seed,
    byzantine: { peers: liars, attack },
    oracles: task.oracles,
    latencyMs: 5,
    gradientMs: 10,
    onStep(at) {
      if (at.step % 5 === 0 || at.step === 1) {
        loss.push([at.step, at.loss])
        diameter.push([at.step, at.diameter!.parameters])
      }
      progress(at.step / steps)
    },
  })
  const accuracies: number[] = []
  for (const peer of result.honest) {
    const parameters = result.parameters[peer]
    const evaluation = parameters ? await oraclePool.evaluate(model, data, parameters, 1000) : null
    accuracies.push(evaluation?.accuracy ?? 0)
  }
  const mean = accuracies.reduce((a, b) => a + b, 0) / accuracies.length
  return {
    numbers: {
      accuracy: mean,
      worst: Math.min(...accuracies),
      stuck: result.stuck.length,
      // How far honest peers are apart, over how far the parameters are from where they began.
      apart: apartOf(
        result.honest.map(peer => result.parameters[peer] ?? null),
        task.start,
      ),
    },
    series: { loss, diameter },
  }
}

function apartOf(family: readonly (Float32Array | null)[], start: Float32Array): number | null {
  const known = family.filter(vector => vector !== null)
  if (known.length < 2) return null
  const gap = (a: Float32Array, b: Float32Array) =>
    Math.sqrt(a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0))
  const widest = Math.max(...known.flatMap((a, i) => known.slice(i + 1).map(b => gap(a, b))))
  const way = known.reduce((sum, vector) => sum + gap(vector, start), 0) / known.length
  return way > 0 ? widest / way : null
}

function cohortOf({ protocol, model, steps, seed }: PeerToPeerConfig) {
  const members = Array.from({ length: PEERS }, (_, peer) => ({
    name: `peer-${peer}`,
    id: identityFromSeed(keySeed(seed, peer)).id,
  }))
  return checkCohort(
    {
      name: 'peer-to-peer',
      members,
      faults: FAULTS,
      protocol: protocol as ProtocolName,
      steps,
      model,
      seed,
      rate: 0.1,
      momentum: 0.9,
      clip: 2,
      weightDecay: 1e-4,
      batch: 25,
      unsafe: protocol === 'mean',
    },
    'peer-to-peer',
  )
}

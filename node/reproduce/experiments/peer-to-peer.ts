/** LEARN with each of the averaging agreements against each attack, on equal and unequal shares (collaborative-learning). */
import { attackOf, defineSweepExperiment, settingsOf } from '../sweep-experiment.ts'
import { judge, type PeerToPeerConfig } from './peer-to-peer-findings.ts'

export const peerToPeer = defineSweepExperiment<PeerToPeerConfig>({
  name: 'peer-to-peer',
  title: 'Learning without a server',
  source: 'collaborative-learning, Algorithm 1 with the agreements of §5 to §7',
  summary: 'each averaging agreement × each attack × equal, Dirichlet and by-label shares',
  claim: [
    'LEARN, run by peers with no server over an asynchronous network, solves collaborative learning with any averaging agreement: honest peers end with nearly the same parameters, whatever the Byzantine ones send, and the gradient there is small compared with C·K, where K measures how different the peers’ losses are.',
    'The paper proves this and prints no experiment. Held here against it: each averaging agreement under each attack learns about what it learns without one where shares are alike, and keeps the honest peers together in any case; plain averaging in its place does not.',
  ],
  on: 'each',
  configOf: cell => ({ ...settingsOf(cell, 'partition', 'protocol'), attack: attackOf(cell) }),
  cost: ({ steps, protocol, model }) => steps * (protocol === 'rb-tm' ? 1.8 : 1) * (model === 'mlp' ? 4 : 1),
  examples: () => 1000,
  judge,
})

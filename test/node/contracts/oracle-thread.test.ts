/** The oracle in its own thread keeps the contract of oracles. */
import { createOracle } from '../../../learning/oracles/worker-oracle.ts'
import { oracleContract } from './oracle.ts'

const spec = { model: 'softmax', data: 'digits', partition: 'label', peer: 3, peers: 20, seed: 2 }

oracleContract('oracle in a thread', () => createOracle(spec))

/** The oracle in a process of the user keeps the contract of oracles. */
import { start } from '../oracle/support.ts'
import { oracleContract } from './oracle.ts'

oracleContract('oracle in a process', async () => (await start('good')).oracle)

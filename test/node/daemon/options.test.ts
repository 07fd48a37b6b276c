/** The plan of a peer: what of the cohort reaches its oracle. */
import test from 'ava'
import { checkCohort } from '../../../node/cohort/file.ts'
import { createIdentity } from '../../../node/cohort/identity.ts'
import { planPeer } from '../../../node/daemon/options.ts'
import { cohortDocument } from '../cohorts.ts'

test('the settings of the training reach the oracle of a member from the cohort', async t => {
  const identity = createIdentity()
  const planned = async (changes: object) => {
    const members = [{ name: 'alone', id: identity.id }]
    const cohort = checkCohort(
      { ...cohortDocument(), members, faults: 0, protocol: 'mean', ...changes },
      'test',
    )
    return (await planPeer({ cohort, identity, stateDirectory: null })).oracle.spec
  }
  const plain = await planned({ model: 'mlp:5' })
  t.is(plain.model, 'mlp:5')
  t.is(plain.dropout, undefined)
  t.is(plain.classWeights, undefined)
  const set = await planned({ model: 'mlp:5', dropout: 0.25, classWeights: 'balanced' })
  t.is(set.dropout, 0.25)
  t.is(set.classWeights, 'balanced')
})

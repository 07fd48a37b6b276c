/** Where a peer keeps its proofs: a demo's peer never in a folder that somebody else may have filled. */
import test from 'ava'
import { evidenceFolderOf } from '../../../../node/cli/join/operating.ts'

test('the evidence folder of a peer of a demo has a name that nobody knows before', t => {
  const { send } = process
  process.send = () => true
  t.teardown(() => {
    if (send === undefined) delete process.send
    else process.send = send
  })
  t.not(evidenceFolderOf(null), evidenceFolderOf(null))
})

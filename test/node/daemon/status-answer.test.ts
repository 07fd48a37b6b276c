/** Only a peer's status passes as one: whatever else a socket answers is told in a sentence. */
import test from 'ava'
import { createStatusBook } from '../../../node/daemon/status.ts'
import { checkStatus } from '../../../node/daemon/status-answer.ts'
import { membership, present } from '../cli/join/seats.ts'

test('the status of a peer passes as it is, and nothing else does', t => {
  const real = createStatusBook(membership, 'concord/1', () => 0).status(present({ waitingFor: [2] }))
  t.deepEqual(checkStatus(JSON.parse(JSON.stringify(real)), 'a.sock'), real)
  for (const wrong of [null, 'x', [], { cohort: null }, { ...real, peers: [null] }])
    t.throws(() => checkStatus(wrong, 'a.sock'), {
      code: 'control-unreachable',
      message: /a\.sock: .* is no status of a peer.*expected the socket/,
    })
})

/** Only a peer's status passes as one; any other answer of a socket is a clear error. */
import test from 'ava'
import { createStatusBook } from '../../../node/daemon/status.ts'
import { checkStatus } from '../../../node/daemon/status-answer.ts'
import { membership, present } from '../cli/join/membership.ts'

test('the status of a peer passes unchanged, and nothing else passes', t => {
  const real = createStatusBook(membership, 'concord/1', () => 0).status(present({ waitingFor: [2] }))
  t.deepEqual(checkStatus(JSON.parse(JSON.stringify(real)), 'a.sock'), real)
  for (const wrong of [null, 'x', [], { cohort: null }, { ...real, peers: [null] }])
    t.throws(() => checkStatus(wrong, 'a.sock'), {
      code: 'control-unreachable',
      message: /a\.sock: .* is not the status of a peer.*expected the socket/,
    })
})

/** The folder for proofs, which for a demo's peer is always new; and the address of the metrics. */
import test from 'ava'
import { metricsAddress } from '../../../../node/cli/join/metrics-address.ts'
import { evidenceFolderHere } from '../../../../node/cli/join/operating.ts'

test('the evidence folder of a demo’s peer has a name that nobody can know beforehand', t => {
  const { send } = process
  process.send = () => true
  t.teardown(() => {
    if (send === undefined) delete process.send
    else process.send = send
  })
  t.not(evidenceFolderHere(), evidenceFolderHere())
})

test('a port alone is on this machine', t => {
  t.deepEqual(metricsAddress('9464', '--metrics'), { host: '127.0.0.1', port: 9464 })
  t.deepEqual(metricsAddress('0.0.0.0:9464', '--metrics'), { host: '0.0.0.0', port: 9464 })
  t.deepEqual(metricsAddress('[::1]:0', '--metrics'), { host: '::1', port: 0 })
  for (const wrong of ['', 'here', '1:2:3', '127.0.0.1:', '127.0.0.1:70000'])
    t.throws(() => metricsAddress(wrong, '--metrics'), {
      code: 'usage',
      message: /--metrics is .* 127\.0\.0\.1:9464/,
    })
})

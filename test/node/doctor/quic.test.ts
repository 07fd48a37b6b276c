/** The doctor of a cohort that speaks QUIC. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import test from 'ava'
import { place } from '../cli/places.ts'
import { about, asked, running } from './support.ts'

test('members are reached over QUIC; one that is down, or filtered, is named, and its port', async t => {
  const files = await place(t, {}, 'quic')
  await Promise.all([0, 3].map(peer => running(t, files, peer)))
  const diagnosis = await asked(files)
  for (const name of ['ada', 'dora']) t.is(about(diagnosis, `peer ${name}`)!.cause, 'ok')
  const finding = about(diagnosis, 'peer cleo')!
  t.like(finding, { verdict: 'failed', cause: 'peer-down-or-firewall' })
  t.true(finding.todo!.includes(`UDP port ${files.ports[2]}`))
})

test('another key behind an address', async t => {
  const files = await place(t, {}, 'quic')
  const { ports } = files
  await running(t, { ...files, ports: [ports[0]!, ports[1]!, ports[0]!, ports[3]!] }, 2)
  t.is(about(await asked(files), 'peer ada')!.cause, 'wrong-key')
})

test('a member whose file does not list this key', async t => {
  const files = await place(t, {}, 'quic')
  const members = files.cohort.members.filter((_, i) => i !== 1)
  await running(t, files, 0, { ...files.cohort, members, faults: 0 })
  t.is(about(await asked(files), 'peer ada')!.cause, 'refused')
})

test('the port of this peer in use', async t => {
  const files = await place(t, {}, 'quic')
  const socket = createSocket('udp4').bind(files.ports[1], '127.0.0.1')
  await once(socket, 'listening')
  t.teardown(() => void socket.close())
  const finding = about(await asked(files), 'ports')!
  t.like(finding, { cause: 'port-in-use', verdict: 'failed' })
  t.regex(finding.todo!, /ss -ulnp/)
})

test('QUIC that is not installed: said once, and members are still looked for', async t => {
  const files = await place(t, {}, 'quic')
  const loadQuic = () => Promise.reject(new Error("Cannot find module '@chainsafe/libp2p-quic'"))
  const diagnosis = await asked(files, { loadQuic })
  const finding = about(diagnosis, 'quic')!
  t.like(finding, { cause: 'quic-missing', verdict: 'failed' })
  t.regex(finding.says, /Cannot find module/)
  t.regex(finding.todo!, /npm install/)
  t.not(about(diagnosis, 'peer ada'), undefined)
})

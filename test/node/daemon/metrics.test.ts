/** Metrics: what Prometheus reads over HTTP, by default only on this machine. */
import { once } from 'node:events'
import { connect } from 'node:net'
import test from 'ava'
import { Registry } from 'prom-client'
import { createIdentity } from '../../../node/cohort/identity.ts'
import { createMetrics, networkMetrics, serveMetrics } from '../../../node/daemon/metrics.ts'
import { createStatusBook, type PeerStatus } from '../../../node/daemon/status.ts'
import { membership, present } from '../cli/join/membership.ts'
import { isKind, membersOf, openPeer, text } from '../network/support.ts'

test('every scrape has the present status, and leaves out numbers that do not exist', async t => {
  let nowMs = 0
  const book = createStatusBook(membership, 'concord/1', () => nowMs)
  book.see({ kind: 'connection', peer: 0, up: true, reason: 'connected' })
  let status: () => PeerStatus = () =>
    book.status(present({ waitingFor: [2], faults: [{ peer: 3, kind: 'malformed', count: 4 }] }))
  const server = await serveMetrics(
    { host: '127.0.0.1', port: 0 },
    createMetrics(
      () => status(),
      new Registry(),
      () => nowMs,
    ),
  )
  const scrape = async () => (await fetch(server.url)).text()
  let text = await scrape()
  nowMs = 3000
  for (const line of [
    'concord_step 3',
    'concord_waiting_needed 1',
    'concord_received_bytes_total 2000',
    'concord_peer_connected{peer="ada"} 1',
    'concord_peer_connected{peer="cleo"} 0',
    'concord_peer_kept_bytes{peer="dora"} 100',
    'concord_peer_kept_messages{peer="dora"} 1',
    'concord_peer_resent_bytes{peer="dora"} 0',
    'concord_faults_total{peer="dora",kind="malformed"} 4',
  ])
    t.true(text.split('\n').includes(line), `${line}\n${text}`)
  t.notRegex(text, /^concord_loss |^concord_peer_step/m)
  t.regex(text, /^process_resident_memory_bytes /m)
  t.regex(text, /^concord_array_buffer_bytes \d+$/m)
  t.regex(text, /^concord_peak_resident_bytes \d+$/m)
  const traffic = { messages: 0, bytesSent: 0, bytesReceived: 0 }
  book.see({ kind: 'step', step: 3, loss: 0.5, traffic, memory: { peakBytes: 1000 }, vectors: null })
  status = () => book.status(present({ step: 4, waitingFor: [2] }))
  text = await scrape()
  t.regex(text, /^concord_loss 0\.5$/m)
  t.regex(text, /^concord_step 4$/m)
  t.is((await fetch(server.url.replace('metrics', 'other'))).status, 404)
  t.is((await fetch(server.url, { method: 'POST' })).status, 404)
  await t.throwsAsync(
    serveMetrics({ host: '127.0.0.1', port: Number(new URL(server.url).port) }, createMetrics(status)),
    {
      code: 'metrics-address',
      message: /^metrics is .*EADDRINUSE/,
    },
  )
  await server.close()
})

test('libp2p uses the same registry', async t => {
  const registry = new Registry()
  const identities = [createIdentity(), createIdentity()]
  const metered = await openPeer(t, identities, 1, membersOf(identities), {
    metrics: networkMetrics(registry),
  })
  const other = await openPeer(t, identities, 0, membersOf(identities, [[], metered.transport.addresses]))
  for (const peer of [metered, other]) peer.transport.start(peer.events)
  await metered.until(isKind('connected'))
  other.transport.send(1, text('a frame'))
  await metered.until(isKind('frame'))
  const lines = (await registry.metrics()).split('\n')
  const figure = (start: string) =>
    Number(
      lines
        .find(line => line.startsWith(start))
        ?.split(' ')
        .at(-1),
    )
  t.is(
    figure('libp2p_connection_manager_connections{libp2p_connection_manager_connections="inbound"}'),
    1,
    lines.join('\n'),
  )
  t.true(figure('libp2p_data_transfer_bytes_total{protocol="/concord/1.3.0 received"}') > 10)
})

test('many clients at once, on one connection or on many, cost one status a second', async t => {
  let nowMs = 0
  let asked = 0
  const book = createStatusBook(membership, 'concord/1', () => 0)
  const count = () => {
    asked++
    return book.status(present())
  }
  const server = await serveMetrics(
    { host: '127.0.0.1', port: 0 },
    createMetrics(count, new Registry(), () => nowMs),
  )
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
  socket.on('error', () => {}).resume()
  socket.write('GET /metrics HTTP/1.1\r\nhost: a\r\n\r\n'.repeat(100))
  await once(socket, 'close')
  t.is(asked, 1)
  nowMs = 5000
  const answers = await Promise.all(Array.from({ length: 8 }, () => fetch(server.url)))
  for (const answer of answers) t.is(answer.headers.get('connection'), 'close')
  t.is(asked, 2)
  await server.close()
})

/** Metrics for Prometheus: a peer's status in the Prometheus text format, over HTTP. */
import { createServer } from 'node:http'
import { prometheusMetrics } from '@libp2p/prometheus-metrics'
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import { printable } from '../text/printable.ts'
import { PeerError } from './errors.ts'
import type { PeerStatus } from './status.ts'

/** Registers the metrics of the libp2p node that is made with this: connections, streams, dials, bytes. */
export const networkMetrics = (registry: Registry) =>
  prometheusMetrics({ registry, collectDefaultMetrics: false })

/** An answer is reused for this long, so that a client that asks more often costs the peer nothing. */
const KEPT_MS = 1000
const TIMEOUT_MS = 5000

interface Metrics {
  readonly registry: Registry
  /** The metrics as text, computed once for all clients that ask meanwhile or in the second after. */
  text(): Promise<string>
}

/** Every metric, filled in from one status each time that the text is computed. */
export function createMetrics(
  status: () => PeerStatus,
  registry = new Registry(),
  nowMs = () => performance.now(),
): Metrics {
  let snapshot: PeerStatus | null = null
  register(() => snapshot ?? status(), registry)
  const compute = async () => {
    try {
      snapshot = status()
      return await registry.metrics()
    } finally {
      snapshot = null
    }
  }
  let kept: { readonly text: Promise<string>; untilMs: number } | null = null
  return {
    registry,
    text() {
      if (kept !== null && nowMs() < kept.untilMs) return kept.text
      const entry = { text: compute(), untilMs: Number.POSITIVE_INFINITY }
      kept = entry
      const end = (untilMs: number) => {
        entry.untilMs = untilMs
      }
      entry.text.then(
        () => end(nowMs() + KEPT_MS),
        () => end(Number.NEGATIVE_INFINITY),
      )
      return entry.text
    },
  }
}

function register(status: () => PeerStatus, registry: Registry): void {
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  const gauge = (name: string, help: string, value: (status: PeerStatus) => number | null) =>
    new Gauge({
      name: `concord_${name}`,
      help,
      registers,
      collect() {
        const number = value(status())
        if (number === null) this.remove()
        else this.set(number)
      },
    })
  gauge('step', 'present LEARN step of the peer', ({ step }) => step)
  gauge('steps', 'last step of the cohort', ({ steps }) => steps)
  gauge('finished', '1 once the peer has learnt', ({ phase }) => Number(phase === 'finished'))
  gauge('diverged', '1 once its learning has diverged', ({ phase }) => Number(phase === 'diverged'))
  gauge('catching_up', '1 while the peer catches up with the others', ({ phase }) =>
    Number(phase === 'catching-up'),
  )
  gauge('computing', '1 while the peer computes its gradient', ({ computing }) => Number(computing))
  gauge('still_seconds', 'seconds since the step or phase last changed', ({ stillSeconds }) => stillSeconds)
  gauge('waiting_needed', 'vectors that the peer still needs to go on', ({ waiting }) => waiting?.needed ?? 0)
  gauge('loss', 'loss on its own batch, after the last step', ({ loss }) => loss)
  gauge('accuracy', 'accuracy on the test set, once finished', ({ accuracy }) => accuracy)
  gauge('evaluation_step', 'steps after which the newest metrics were agreed', status =>
    status.evaluation === null ? null : status.evaluation.step,
  )
  gauge('cohort_faults_max', 'f, the most members that may be faulty', ({ cohort }) => cohort.faults)
  gauge(
    'peak_resident_bytes',
    'largest resident memory of the process so far',
    ({ memory }) => memory.peakBytes,
  )
  gauge('array_buffer_bytes', 'memory of buffers, including vectors', ({ memory }) => memory.arrayBufferBytes)
  evaluation(registers, status)
  totals(registers, status)
  perPeer(registers, status)
}

function evaluation(registers: Registry[], status: () => PeerStatus): void {
  new Gauge({
    name: 'concord_evaluation',
    help: 'newest metrics by figure: "agreed" by the cohort, and of the peer\'s "own" test set',
    labelNames: ['figure', 'of'],
    registers,
    collect() {
      this.reset()
      const { evaluation } = status()
      for (const whose of ['agreed', 'own'] as const)
        for (const [figure, value] of Object.entries(evaluation?.[whose] ?? {}))
          if (value !== null) this.set({ figure, of: whose }, value)
    },
  })
}

function totals(registers: Registry[], status: () => PeerStatus): void {
  const counter = (name: string, help: string, value: (status: PeerStatus) => number) =>
    new Counter({
      name: `concord_${name}_total`,
      help,
      registers,
      collect() {
        this.reset()
        this.inc(value(status()))
      },
    })
  counter('messages_sent', 'protocol messages sent', ({ traffic }) => traffic.messages)
  counter('sent_bytes', 'bytes of frames handed to the network', ({ traffic }) => traffic.bytesSent)
  counter('received_bytes', 'bytes of frames taken from the network', ({ traffic }) => traffic.bytesReceived)
  new Counter({
    name: 'concord_faults_total',
    help: 'faults of others; peer "stranger" stands for all that are not members',
    labelNames: ['peer', 'kind'],
    registers,
    collect() {
      this.reset()
      const { peers, strangers } = status()
      for (const { kind, count } of strangers) this.inc({ peer: 'stranger', kind }, count)
      for (const { name, faults } of peers)
        for (const { kind, count } of faults) this.inc({ peer: printable(name), kind }, count)
    },
  })
}

function perPeer(registers: Registry[], status: () => PeerStatus): void {
  type Other = PeerStatus['peers'][number]
  const gauge = (name: string, help: string, value: (other: Other, status: PeerStatus) => number | null) =>
    new Gauge({
      name: `concord_peer_${name}`,
      help,
      labelNames: ['peer'],
      registers,
      collect() {
        this.reset()
        const all = status()
        for (const other of all.peers) {
          const number = value(other, all)
          if (number !== null) this.set({ peer: printable(other.name) }, number)
        }
      },
    })
  gauge('connected', '1 while the member is connected', ({ connected }) => Number(connected))
  gauge('step', 'latest step of a vector of the member', ({ step }) => step)
  gauge('lag_steps', 'steps by which the member is behind this peer', ({ lag }) => lag)
  gauge('equivocated', '1 once the member is proved to equivocate and is cut off', ({ convicted }) =>
    Number(convicted),
  )
  gauge(
    'unacknowledged_messages',
    'messages for the member, sent or not, that it has not acknowledged',
    ({ link }) => link?.unacknowledged ?? null,
  )
  gauge(
    'kept_bytes',
    'memory of messages kept for the member in case it restarts',
    ({ link }) => link?.keptBytes ?? null,
  )
  gauge('kept_messages', 'messages kept for the member', ({ link }) => link?.keptMessages ?? null)
  gauge('resent_bytes', 'bytes sent to the member again', ({ link }) => link?.resentBytes ?? null)
  gauge('withheld_messages', 'messages that the member cannot take yet', ({ link }) => link?.withheld ?? null)
  gauge(
    'missed_seconds',
    'seconds for which this peer has waited for the member',
    ({ peer }, { waiting }) => {
      return waiting?.missing.find(missing => missing.peer === peer)?.seconds ?? 0
    },
  )
}

/** The address at which metrics are served. */
export interface MetricsAddress {
  /** A name or an address of this machine. */
  readonly host: string
  /** 0 takes a free port. */
  readonly port: number
}

interface MetricsServer {
  /** `http://127.0.0.1:9464/metrics` */
  readonly url: string
  close(): Promise<void>
}

/** @throws PeerError `metrics-address` */
export async function serveMetrics({ host, port }: MetricsAddress, metrics: Metrics): Promise<MetricsServer> {
  const server = createServer(async (request, response) => {
    const known = request.method === 'GET' && /^\/metrics(\?|$)/.test(request.url ?? '')
    if (!known) return void response.writeHead(404).end('the metrics are at /metrics\n')
    const text = await metrics.text().catch(() => null)
    if (response.destroyed) return
    if (text === null)
      return void response.writeHead(500).end('the metrics are not available at the moment\n')
    response.writeHead(200, { 'content-type': metrics.registry.contentType }).end(text)
  })
  // One request per connection. A client that sends more at once is cut off, so no further request is answered.
  server.maxRequestsPerSocket = 1
  server.on('dropRequest', (_, socket) => socket.destroy())
  server.timeout = TIMEOUT_MS
  server.maxConnections = 16
  server.requestTimeout = TIMEOUT_MS
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject).listen(port, host, resolve)
  await promise.catch((error: NodeJS.ErrnoException) => {
    throw new PeerError(
      'metrics-address',
      `metrics is "${host}:${port}": ${error.message}; expected an address of this machine with a free port`,
    )
  })
  server.unref()
  const address = server.address()
  const taken = typeof address === 'object' && address !== null ? address.port : port
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${taken}/metrics`,
    close: () =>
      new Promise(done => {
        server.close(() => done())
        server.closeAllConnections()
      }),
  }
}

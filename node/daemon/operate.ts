/** Serves the operator of a running peer: its status over a socket, and its metrics over HTTP. */
import type { NetworkOptions } from '../network/index.ts'
import type { Recorder } from '../page/recorder.ts'
import { controlPath, openControlSocket } from './control.ts'
import type { PeerEvent } from './events.ts'
import type { MetricsAddress } from './metrics.ts'
import type { PeerPlan } from './options.ts'
import type { PeerStatus } from './status.ts'
import { openWatchSocket, watchPath } from './watch-socket.ts'

/** The metrics of a peer, which are collected from before it starts. */
interface OpenMetrics {
  /** Collects libp2p's own metrics. */
  readonly ofNetwork: NonNullable<NetworkOptions['metrics']>
  /** Serves them. @throws PeerError `metrics-address` */
  serve(status: () => PeerStatus): Promise<{ readonly url: string; close(): Promise<void> }>
}

/** Opens the metrics, and loads their library only now; null if the user did not ask for metrics. */
export async function openMetrics(address: MetricsAddress | null): Promise<OpenMetrics | null> {
  if (address === null) return null
  const [{ Registry }, { createMetrics, networkMetrics, serveMetrics }] = await Promise.all([
    import('prom-client'),
    import('./metrics.ts'),
  ])
  const registry = new Registry()
  return {
    ofNetwork: networkMetrics(registry),
    serve: status => serveMetrics(address, createMetrics(status, registry)),
  }
}

interface Operating {
  readonly metricsUrl: string | null
  close(): Promise<void>
}

/**
 * Opens the socket and serves the metrics. A socket that cannot be opened is reported; metrics that cannot be served
 * are wrong usage.
 * @throws PeerError `metrics-address`; then nothing is left open
 */
export async function operate(
  { control, stateDirectory }: PeerPlan,
  metrics: OpenMetrics | null,
  status: () => PeerStatus,
  onEvent: (event: PeerEvent) => void,
  recorder: Recorder,
): Promise<Operating> {
  const server = (await metrics?.serve(status)) ?? null
  const path = control ?? (stateDirectory === null ? null : controlPath(stateDirectory))
  const socket =
    path === null
      ? null
      : await openControlSocket(path, status).catch((error: Error) => {
          onEvent({ kind: 'log', text: `"concord status" will not work: ${error.message}` })
          return null
        })
  const watched =
    path === null
      ? null
      : await openWatchSocket(watchPath(path), recorder).catch((error: Error) => {
          onEvent({ kind: 'log', text: `"concord watch" will not work: ${error.message}` })
          return null
        })
  return {
    metricsUrl: server?.url ?? null,
    close: async () => void (await Promise.all([server?.close(), socket?.close(), watched?.close()])),
  }
}

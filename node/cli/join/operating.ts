/** What an operator sees of a running peer: its log, `concord status`, and its metrics. */
import { randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Attack } from '../../../learning/attacks/attack.ts'
import type { Membership } from '../../cohort/cohort.ts'
import { controlPath, openDoor } from '../../daemon/control.ts'
import type { RealPeer } from '../../daemon/start-peer.ts'
import type { Log } from '../../network/index.ts'
import { ownColours, type Terminal } from '../terminal.ts'
import { createJoinView, type JoinView } from './join-view.ts'
import type { OperatingValues } from './operating-options.ts'
import { quietView } from './quiet-view.ts'

interface OperatorView extends JoinView {
  /** For the network; null where warnings come as events. */
  readonly log: Log | null
}

/** The bar, or the log that was asked for. A log goes where lines for people go. */
export async function openView(
  membership: Membership,
  { log: form, logLevel: level, attack }: OperatingValues & { readonly attack: Attack | null },
  terminal: Terminal,
): Promise<OperatorView> {
  const nowMs = () => performance.now()
  if (form === 'progress')
    return quietView(
      { ...(await createJoinView(membership, attack, terminal)), log: null },
      membership,
      nowMs,
    )
  const { createLogger, createLogView } = await import('./log.ts')
  // What is in it is clean when it gets there; what colours it has are the log's own.
  const stream = { write: (text: string) => terminal.print(...ownColours(text).trimEnd().split('\n')) }
  const root = await createLogger({ form, level, stream, colours: terminal.live !== null })
  const view = createLogView(membership, root, nowMs)
  if (attack !== null) view.log.warn({ attack: attack.name }, 'this peer is Byzantine on purpose')
  return quietView(view, membership, nowMs)
}

/** What the metrics are collected in, from before there is a peer; null where nobody asked for them. */
export async function openMetrics({ metrics }: OperatingValues) {
  if (metrics === null) return null
  const [{ Registry }, { networkMetrics }] = await Promise.all([
    import('prom-client'),
    import('../../daemon/metrics.ts'),
  ])
  const registry = new Registry()
  return { registry, ofNetwork: networkMetrics(registry) }
}

export type OpenMetrics = Awaited<ReturnType<typeof openMetrics>>

interface Operating {
  close(): Promise<void>
}

/** Opens what was asked for. A status that cannot be had is worth a line; metrics that cannot, are wrong usage. */
export async function operate(
  peer: Pick<RealPeer, 'status'>,
  { metrics, control }: OperatingValues,
  opened: OpenMetrics,
  stateDirectory: string | null,
  note: (line: string) => void,
): Promise<Operating> {
  const open: Operating[] = []
  if (metrics !== null) {
    const { createMetrics, serveMetrics } = await import('../../daemon/metrics.ts')
    const server = await serveMetrics(metrics, createMetrics(peer.status, opened?.registry))
    open.push(server)
    note(`metrics: ${server.url}`)
  }
  const path = control ?? (stateDirectory === null ? null : controlPath(stateDirectory))
  if (path !== null)
    try {
      open.push(await openDoor(path, peer.status))
    } catch (error) {
      note(`"concord status" will not work: ${error instanceof Error ? error.message : error}`)
    }
  return {
    close: async () => void (await Promise.all(open.map(each => each.close()))),
  }
}

/** Where a peer remembers what it signed, unless told otherwise: beside its identity, a folder a cohort. */
export function stateDirectoryOf(state: string | null, identity: string, cohortId: string): string | null {
  if (state === 'none') return null
  return state ?? join(`${identity}.state`, cohortId.slice(0, 16))
}

/** Proofs go into the state directory, or, without one, here; those of a demo's peers where nobody can have put any. */
export function evidenceFolderOf(stateDirectory: string | null): string {
  if (stateDirectory !== null) return join(stateDirectory, 'evidence')
  return process.send === undefined ? resolve('.') : join(tmpdir(), `concord-evidence-${randomUUID()}`)
}

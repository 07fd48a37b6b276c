/** The operator's view of a peer: a bar, or the chosen log; and the folder for proofs without a state directory. */
import { randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Attack } from '../../../learning/attacks/attack.ts'
import type { Membership } from '../../cohort/cohort.ts'
import { evidenceFolderOf } from '../../daemon/places.ts'
import type { Log } from '../../network/index.ts'
import { ownColours, type Terminal } from '../terminal.ts'
import { gatheringView } from './gathering.ts'
import { createJoinView, type JoinView } from './join-view.ts'
import type { OperatingValues } from './operating-options.ts'
import { quietView } from './quiet-view.ts'

interface OperatorView extends JoinView {
  /** The network's log; null if its warnings come as events. */
  readonly log: Log | null
}

/** The bar, or the log that the user chose. A log goes where lines for people go. */
export async function openView(
  membership: Membership,
  { log: form, logLevel: level, attack }: OperatingValues & { readonly attack: Attack | null },
  terminal: Terminal,
): Promise<OperatorView> {
  const nowMs = () => performance.now()
  if (form === 'progress')
    return {
      ...gatheringView(
        quietView(await createJoinView(membership, attack, terminal), membership, nowMs),
        membership,
      ),
      log: null,
    }
  const { createLogger, createLogView } = await import('./log.ts')
  // Its text is clean already, and its colours are the log's own.
  const stream = { write: (text: string) => terminal.printWhole(...ownColours(text).trimEnd().split('\n')) }
  const root = await createLogger({ form, level, stream, colours: terminal.live !== null })
  const view = createLogView(membership, root, nowMs)
  if (attack !== null) view.log.warn({ attack: attack.name }, 'this peer is Byzantine on purpose')
  return quietView(view, membership, nowMs)
}

/** The folder for proofs without a state directory. A demo's peers get a new folder, where nobody can have put any. */
export function evidenceFolderHere(): string {
  return process.send === undefined
    ? evidenceFolderOf(null)
    : join(tmpdir(), `concord-evidence-${randomUUID()}`)
}

/** What a picked message was: its slot, its digest, what caused it and what it caused. */
import type { RunDocument } from '../../run.ts'
import { bytesText, countText, timeText } from '../chart/format.ts'
import { peerName, peerTitle } from '../chart/palette.ts'
import { causeOf, effectsOf, type Told, told } from '../schedule/model.ts'
import { slotText } from './moment.ts'

interface PickedProps {
  readonly run: RunDocument
  readonly at: number | null
  choose(at: number | null): void
}

/** Effects that are listed; a request may cause hundreds. */
const EFFECTS_MAX = 12

export function Picked({ run, at, choose }: PickedProps) {
  const message = at === null ? null : told(run, at)
  return (
    <section class="picked" aria-live="polite" aria-label="The picked message">
      {at === null || message === null ? (
        <p class="caption">No message is picked.</p>
      ) : (
        <Message run={run} at={at} message={message} choose={choose} />
      )}
    </section>
  )
}

function Message({ run, at, message, choose }: PickedProps & { at: number; message: Told }) {
  const cause = causeOf(run, at)
  const effects = effectsOf(run, at)
  return (
    <>
      <h3>
        Message {message.number}: {message.kind} from {peerTitle(run, message.from)} to{' '}
        {peerName(run, message.to)}
      </h3>
      <dl>
        {rowsOf(run, message).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <p>
        Caused by:{' '}
        {cause === null ? (
          message.cause === null ? (
            'no message'
          ) : (
            `message ${message.cause}, which is no longer kept`
          )
        ) : (
          <Jump run={run} to={cause} choose={choose} />
        )}
      </p>
      <p>
        {effects.length === 0
          ? 'It caused no message.'
          : `It caused ${countText(effects.length, 'message')}:`}
      </p>
      <ul>
        {effects.slice(0, EFFECTS_MAX).map(effect => (
          <li key={effect}>
            <Jump run={run} to={effect} choose={choose} />
          </li>
        ))}
        {effects.length > EFFECTS_MAX && <li>and {effects.length - EFFECTS_MAX} more</li>}
      </ul>
    </>
  )
}

function rowsOf(run: RunDocument, { slot, digest, sentMs, arrivedMs, bytes }: Told) {
  const where = slot === null ? 'none' : `${slotText(run, slot)}, vector of ${peerName(run, slot.sender)}`
  return [
    ['slot', where],
    ['digest', digest ?? 'none'],
    ['sent', sentMs === null ? 'not known: the clock is another peer’s' : timeText(sentMs)],
    ['arrived', arrivedMs === null ? 'not known, or not at all' : timeText(arrivedMs)],
    ['took', sentMs === null || arrivedMs === null ? '–' : timeText(arrivedMs - sentMs)],
    ['size', bytesText(bytes)],
  ] as const
}

function Jump({ run, to, choose }: { run: RunDocument; to: number; choose(at: number): void }) {
  const message = told(run, to)
  if (message === null) return null
  return (
    <button type="button" class="link" onClick={() => choose(to)}>
      message {message.number}: {message.kind} from {peerName(run, message.from)} to{' '}
      {peerName(run, message.to)}
    </button>
  )
}

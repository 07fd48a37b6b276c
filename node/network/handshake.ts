/**
 * A new stream up to a valid hello: the part of a pair’s life that is not yet admitted.
 */
import type { Stream } from '@libp2p/interface'
import type { FaultKind } from '../../agreement/protocol.ts'
import type { Schema } from '../../learning/data/schema.ts'
import type { Clock, Frame } from '../ports.ts'
import type { Boundary } from './boundary.ts'
import { HELLO_TIMEOUT_MS } from './constants.ts'
import { wholeFrame } from './framing.ts'
import { decodeHello, differingFields, encodeHello, type Hello } from './hello.ts'
import { describeParts } from './schema-parts.ts'
import { openWire, type Wire, type WireEvents, type WireLimits } from './wire.ts'

interface HandshakeEvents {
  /** The other side's hello names our cohort: the listener accepts the wire, and frames follow. */
  admitted(wire: Wire, hello: Hello): void
  drained(wire: Wire): void
  /** Called once, also for a stream that was never admitted. */
  closed(wire: Wire, reason: string): void
  fault(kind: FaultKind, detail: string): void
}

interface GreetingOptions {
  readonly own: Hello
  /** Of our cohort. */
  readonly schema: Schema | undefined
  readonly limits: WireLimits
  readonly clock: Clock
  /** The connection's boundary, in which the events run. */
  readonly boundary: Boundary
}

/** Sends our hello, and waits for the other side's, with a timeout. */
export function handshake(
  stream: Stream,
  { own, schema, limits, clock, boundary }: GreetingOptions,
  events: HandshakeEvents,
): void {
  const timer = clock.after(
    HELLO_TIMEOUT_MS,
    boundary.around(() => wire.abort(`no hello within ${HELLO_TIMEOUT_MS / 1000} s`)),
  )
  const refuse = (kind: FaultKind, detail: string): void => {
    events.fault(kind, detail)
    // Gracefully: our hello must arrive, because it tells the other side what is wrong.
    void wire.close()
  }
  const receiveHello = (frame: Frame): void => {
    timer.cancel()
    const hello = decodeHello(frame)
    if (hello === null) refuse('malformed', 'its first frame is not a hello')
    else if (hello.cohortId !== own.cohortId) refuse('wrong-cohort', describeMismatch(own, hello, schema))
    else events.admitted(wire, hello)
  }
  const wireEvents: WireEvents = {
    frame: () => wholeFrame(receiveHello),
    drained: () => events.drained(wire),
    closed(reason, fault) {
      timer.cancel()
      if (fault !== undefined) events.fault(fault, reason)
      events.closed(wire, reason)
    },
  }
  const wire = openWire(stream, limits, wireEvents, boundary)
  wire.send(encodeHello({ ...own, clockMs: Date.now() }))
}

const short = (cohortId: string): string => cohortId.slice(0, 12)

/** "its cohort file differs in rate and steps": says in both logs what has to be put right. */
export function describeMismatch(own: Hello, other: Hello, schema: Schema | undefined): string {
  const fields = differingFields(own, other)
  const ids = `cohort ${short(other.cohortId)}, here ${short(own.cohortId)}`
  const where = fields.length === 0 ? 'is another one' : `differs in ${fields.join(', ')}`
  const parts = describeParts(schema, other.parts)
  return `its cohort file ${where} (${ids})${parts === null ? '' : `: ${parts}`}; both must use the same file`
}

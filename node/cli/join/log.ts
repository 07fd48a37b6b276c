/** A peer's log by pino: JSON lines for machines, or lines for people, with fields, and never a secret. */
import { Writable } from 'node:stream'
import { type DestinationStream, type Logger, pino } from 'pino'
import type { Membership } from '../../cohort/cohort.ts'
import type { PeerEvent } from '../../daemon/events.ts'
import { printableJsonLine } from '../../text/printable.ts'
import { moreText } from '../../text/quiet.ts'
import { judged, nothingText } from '../view/verdict.ts'
import { eventLines, type JoinView } from './join-view.ts'

/** `progress` is not a log but a bar, or plain lines. */
export type LogForm = 'progress' | 'pretty' | 'json'
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent'

/** Field names under which a private key could be logged, at this level or one level deeper. */
const SECRETS = ['seed', 'privateKey', 'secretKey', 'pem', 'identity.seed']
const PRIVATE_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]*(-----END [A-Z ]*PRIVATE KEY-----)?/g

interface LoggerOptions {
  readonly form: Exclude<LogForm, 'progress'>
  readonly level: LogLevel
  readonly stream: DestinationStream
  /** Whether to use colours, if the form has any. */
  readonly colours: boolean
}

export async function createLogger({ form, level, stream, colours }: LoggerOptions): Promise<Logger> {
  const options = {
    level,
    base: {},
    timestamp: pino.stdTimeFunctions.isoTime,
    hooks: { streamWrite: printableJsonLine },
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: SECRETS.flatMap(name => [name, `*.${name}`]), censor: '[secret]' },
  }
  if (form === 'json') return pino(options, withoutKeys(stream))
  const { default: pretty } = await import('pino-pretty')
  const people = pretty({
    colorize: colours,
    ignore: 'cohort,self,event',
    translateTime: 'SYS:HH:MM:ss.l',
    singleLine: true,
    destination: withoutKeys(stream),
    sync: true,
  })
  return pino(options, people)
}

/** The last filter: no key gets out, whatever field or text it is in. */
function withoutKeys(stream: DestinationStream): Writable {
  return new Writable({
    decodeStrings: false,
    write(text: string | Buffer, _, done) {
      stream.write(String(text).replace(PRIVATE_KEY, '[secret]'))
      done()
    },
  })
}

/** At `info`, steps are logged at most at this interval; at `debug`, every step is. */
const STEP_INTERVAL_MS = 10_000

/** The view that writes a log. */
export function createLogView(
  membership: Membership,
  root: Logger,
  nowMs: () => number,
): JoinView & { readonly log: Logger } {
  const log = root.child({ cohort: membership.cohortId.slice(0, 12), self: membership.self })
  let saidMs = Number.NEGATIVE_INFINITY
  return {
    log,
    note: line => log.info(line),
    stop: () => log.flush(),
    see(event, leftOut = 0) {
      if (event.kind === 'step') {
        const isDue = nowMs() - saidMs >= STEP_INTERVAL_MS
        if (isDue) saidMs = nowMs()
        const { step, loss, traffic } = event
        log[isDue ? 'info' : 'debug'](
          { event: 'step', step, loss, ...traffic },
          `step ${step}/${membership.cohort.steps}`,
        )
      } else logEvent(log, event, membership, leftOut)
    },
  }
}

function logEvent(
  log: Logger,
  event: Exclude<PeerEvent, { kind: 'step' }>,
  membership: Membership,
  leftOut: number,
): void {
  const text = `${eventLines(event, membership).join('; ')}${moreText(leftOut)}`
  const { kind, ...fields } = event
  const rest = leftOut === 0 ? fields : { ...fields, times: leftOut + 1 }
  switch (event.kind) {
    case 'waiting':
    case 'missed':
    case 'fault':
    case 'log':
      log.warn({ event: kind, ...rest }, text)
      break
    case 'evidence':
      log.error({ event: kind, ...rest }, text)
      break
    case 'diverged':
    case 'failed':
      log.fatal({ event: kind }, event.message)
      break
    case 'finished': {
      const { parameters: _, ...ending } = event.ending
      log.info({ event: kind, ...ending }, `done: accuracy ${ending.accuracy}, loss ${ending.loss}`)
      const nothing = nothingText(judged(ending), true)
      if (nothing !== null) log.warn({ event: kind }, `this peer ${nothing}`)
      break
    }
    case 'evaluated':
      log.debug({ event: kind, ...rest }, 'evaluated on its own test set; the cohort has yet to agree')
      break
    case 'connection':
      // The network has already logged this, with the address.
      log.debug({ event: kind, ...rest }, text)
      break
    default:
      log.info({ event: kind, ...rest }, text)
  }
}

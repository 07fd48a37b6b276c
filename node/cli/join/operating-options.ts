/** Options of `join` for an operator who runs it as a service: its log, its metrics and its control socket. */
import type { MetricsAddress } from '../../daemon/metrics.ts'
import { maybe, option } from '../command.ts'
import { oneOf, text } from '../parse.ts'
import type { LogForm, LogLevel } from './log.ts'
import { metricsAddress } from './metrics-address.ts'

const logForms = ['progress', 'pretty', 'json'] as const satisfies readonly LogForm[]
const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const

export const operatingOptions = {
  log: option(
    '--log <form>',
    'progress: a bar or plain lines; pretty: a log for people; json: a log for machines',
    oneOf<LogForm>(logForms),
    'progress' as LogForm,
  ),
  logLevel: option(
    '--log-level <level>',
    `the lowest level that a log (pretty or json) shows: ${logLevels.join(', ')}`,
    oneOf<LogLevel>(logLevels),
    'info' as LogLevel,
  ),
  metrics: maybe(
    '--metrics <[host:]port>',
    'serve metrics for Prometheus at this address, under /metrics; a port alone: on 127.0.0.1',
    metricsAddress,
    'none',
  ),
  control: maybe(
    '--control <path>',
    'the socket for "concord status"',
    text,
    'control.sock in the state directory',
  ),
}

export interface OperatingValues {
  readonly log: LogForm
  readonly logLevel: LogLevel
  readonly metrics: MetricsAddress | null
  readonly control: string | null
}

/** What the network says to the log; pino's loggers fit. */

export interface Log {
  debug(fields: object, text: string): void
  info(fields: object, text: string): void
  warn(fields: object, text: string): void
}

export const silentLog: Log = { debug() {}, info() {}, warn() {} }

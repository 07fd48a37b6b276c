/** The log that the network writes to; pino's loggers fit. */

/** Takes the network's lines. */
export interface Log {
  debug(fields: object, text: string): void
  info(fields: object, text: string): void
  warn(fields: object, text: string): void
}

/** Drops every line. */
export const silentLog: Log = { debug() {}, info() {}, warn() {} }

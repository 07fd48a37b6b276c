/** What the network says to the log; pino's loggers fit. */

/** Where the network says what it does. */
export interface Log {
  debug(fields: object, text: string): void
  info(fields: object, text: string): void
  warn(fields: object, text: string): void
}

/** Says nothing. */
export const silentLog: Log = { debug() {}, info() {}, warn() {} }

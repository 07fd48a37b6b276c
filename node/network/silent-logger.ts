/**
 * libp2p's log, written nowhere. Its own makes a logger with a colour of its own for each connection and stream, which is
 * a twentieth of what a stranger's handshake costs. With `DEBUG` set it is used all the same.
 */
import type { ComponentLogger, Logger } from '@libp2p/interface'

const silent: Logger = Object.assign(() => {}, {
  error() {},
  trace() {},
  enabled: false,
  newScope: () => silent,
})

export const silentLogger: ComponentLogger = { forComponent: () => silent }

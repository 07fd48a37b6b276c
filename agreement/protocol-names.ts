/** The names of the averaging agreements, below everything that is told which one to speak of. */

/** The averaging agreements; `mean` is none, and there to be compared with. */
export const protocolNames = ['mda', 'cva', 'icwtm', 'rb-tm', 'mean'] as const
/** One of `protocolNames`. */
export type ProtocolName = (typeof protocolNames)[number]

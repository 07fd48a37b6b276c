/** The names of the averaging agreements, in a file of their own that everything may import. */

/** The averaging agreements. `mean` is not one; it is there for comparison. */
export const protocolNames = ['mda', 'cva', 'icwtm', 'rb-tm', 'mean'] as const
/** One of `protocolNames`. */
export type ProtocolName = (typeof protocolNames)[number]

/** The names of the averaging agreements, in a file of their own that everything may import. */

/** Our averaging agreements, each an entry in protocols/. `mean` is not one; it is there for comparison. */
export const protocolNames = ['mda', 'cva', 'icwtm', 'rb-tm', 'box-geom', 'box-mean', 'mean'] as const
/** One of `protocolNames`. */
export type KnownProtocol = (typeof protocolNames)[number]
/** A protocol of a user's, or a rule of a user's choice in a protocol's exchange: `mine.ts@3fa9c2d1b0e4`. */
export type OwnProtocolName = `${string}@${string}`
/** A protocol on the list: one of ours, or one that was added to it. */
export type ProtocolName = KnownProtocol | OwnProtocolName

/** Whether a protocol is one of ours. */
export function isKnownProtocol(name: string): name is KnownProtocol {
  return (protocolNames as readonly string[]).includes(name)
}

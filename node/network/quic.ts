/**
 * QUIC, for cohorts whose addresses name it (`/ip4/…/udp/4001/quic-v1`). The package has a native part and is optional,
 * so it is loaded only then. docs/operating says what it lacks in comparison with TCP, and what that costs.
 */
import type { Libp2pInit } from 'libp2p'
import * as limits from './constants.ts'
import { NetworkError } from './errors.ts'

type TransportFactory = NonNullable<Libp2pInit['transports']>[number]

type Package = Pick<typeof import('@chainsafe/libp2p-quic'), 'quic'>

export type LoadQuic = () => Promise<Package>

/** What to do if it cannot be loaded. */
export const QUIC_REMEDY =
  'install it (npm install @chainsafe/libp2p-quic), or use addresses such as /ip4/192.168.1.5/tcp/4001'

/** Throws `quic-missing` if the package, or its part for this machine, is not installed. */
export async function quicTransport(
  load: LoadQuic = () => import('@chainsafe/libp2p-quic'),
): Promise<TransportFactory> {
  try {
    const { quic } = await load()
    return quic({
      // A dial cannot be cancelled; this ends it.
      handshakeTimeout: limits.ADDRESS_DIAL_TIMEOUT_MS,
      maxConcurrentStreamLimit: limits.INBOUND_STREAMS_MAX,
    })
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n', 1)[0] : String(error)
    throw new NetworkError(
      'quic-missing',
      `an address of this cohort uses QUIC, and @chainsafe/libp2p-quic cannot be loaded (${reason}): ${QUIC_REMEDY}`,
      { cause: error },
    )
  }
}

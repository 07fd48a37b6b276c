/** What the transport calls itself on the wire, and every limit that it keeps. */

/** The version changes with anything that an older peer could not read. */
export const PROTOCOL = '/concord/1.0.0'

/** mDNS service: peers of other programs are never even considered. */
export const MDNS_SERVICE = '_concord._udp.local'
export const MDNS_INTERVAL_MS = 10_000

/** From an open stream to a valid hello. */
export const HELLO_TIMEOUT_MS = 10_000
/** A hello is the first frame, and small. */
export const HELLO_BYTES_MAX = 4096
/** Characters of the texts in a hello that are logged. */
export const HELLO_TEXT_MAX = 100
/** Fields of a cohort that a hello is taken to name. */
export const HELLO_FIELDS_MAX = 128
/** Clocks further apart than this are worth a word. */
export const CLOCK_SKEW_MAX_MS = 60_000

/** From an accepted socket to a connection with a known peer id and a multiplexer. */
export const UPGRADE_TIMEOUT_MS = 5000
export const NEGOTIATION_TIMEOUT_MS = 5000
/** A dead address must not keep the others from being tried. */
export const ADDRESS_DIAL_TIMEOUT_MS = 3000
export const DIAL_TIMEOUT_MS = 15_000
/** Addresses are tried one after the other: as many as fit. The next dial goes on with the next ones. */
export const ADDRESSES_PER_DIAL = DIAL_TIMEOUT_MS / ADDRESS_DIAL_TIMEOUT_MS
/** Of one peer, from all sources. */
export const ADDRESSES_KNOWN_MAX = 32
/** Of one peer, by mDNS, where anyone may claim any. */
export const ADDRESSES_FOUND_MAX = 8

/** Asking a member for the addresses of others. The version changes with anything that an older peer could not read. */
export const PEER_EXCHANGE_PROTOCOL = '/concord/addresses/1.0.0'
/** One question at most in this time, and one answer to each member in half of it. */
export const PEER_EXCHANGE_INTERVAL_MS = 1000
/** Members in one question, records in one answer. */
export const RECORDS_MAX = 64
/** A signed record of one member: some fifty addresses. Longer ones are not passed on. */
export const RECORD_BYTES_MAX = 2048
/** Around each record in an answer, at most. */
export const RECORD_OVERHEAD_BYTES = 16
export const ANSWER_BYTES_MAX = 64 * 1024

/**
 * Sockets without a first byte, from one source and from all, and as many more as there are members. They are cheap,
 * a descriptor and some KB, and a member's is one for as long as a packet travels: under a flood the room decides how
 * long that may take. Once for sources that members are known at, and once for all others.
 */
export const SILENT_SOCKETS_PER_SOURCE_MAX = 64
export const SILENT_SOCKETS_MAX = 128
/** The first packet of whoever dials follows its socket at once; one that was lost is sent again within this time. */
export const FIRST_BYTE_TIMEOUT_MS = 2000
/** Handshakes that go on, as above. They cost more: what libp2p makes for a connection, and a little arithmetic. */
export const HANDSHAKES_PER_SOURCE_MAX = 16
export const HANDSHAKES_MAX = 64
/** Handshakes that begin from one source, at once and then in a second: a whole cohort may share one. */
export const HANDSHAKES_PER_SECOND_MAX = 200
/** What one counts for that came to nothing: a stranger's, nonsense, or a member's that has too many. */
export const HANDSHAKE_PRICE_REFUSED = 10
/** Sources whose handshakes are counted. Who has more of them than this gains nothing by being forgotten. */
export const SOURCES_COUNTED_MAX = 1024
/** Sockets that the listener may keep open beside all that have their place: those that are just being closed. */
export const SOCKETS_CLOSING_MAX = 64
/** A peer for whose door there was no room dials members itself rather than wait for them, for so long after. */
export const CROWDED_FOR_MS = 10_000
/** Of one member, sources that it has connected from. */
export const SOURCES_MET_MAX = 4

/** Connections of one member: the one in use, one that replaces it, and a dead one not yet noticed. */
export const CONNECTIONS_PER_MEMBER_MAX = 3
/** New connections that a member may make at once, and then one each time this interval has passed. */
export const CONNECTION_BUDGET_MAX = 12
export const CONNECTION_BUDGET_INTERVAL_MS = 5000
/** Streams that one connection may have open to us: ours, identify, a question for addresses, a sign of life. */
export const INBOUND_STREAMS_MAX = 16

/** Frames of the multiplexer, and of the cipher, that a connection may bring at once, and then in a second: far more than vectors need. */
export const FRAME_CREDIT_MAX = 40_000
export const FRAME_CREDIT_PER_SECOND = 10_000
/** What is read at once may hold frames for so much more than is left; honest ones fill a socket's read with a quarter. */
export const FRAME_DEBT_MAX = 20_000
/** What some frames cost in credit; all others cost one. A ping is answered; a stream is negotiated. */
export const FRAME_PRICE_PING = 200
export const FRAME_PRICE_STREAM = 500
/** A frame of the cipher that carries nothing is deciphered all the same, and no peer has reason to send one. */
export const FRAME_PRICE_EMPTY = 100

/** Until an encrypter is agreed on, in text: an honest peer needs 40 bytes. Each wrong name would be answered. */
export const SELECTION_BYTES_MAX = 1024
/** Until the multiplexer is up: an honest peer needs some 400 bytes, and says hello right behind them. */
export const HANDSHAKE_BYTES_MAX = 16 * 1024
/** On a stream, until its protocol is agreed on, in text: an honest peer needs 60 bytes. */
export const NEGOTIATION_BYTES_MAX = 1024

/** The higher index waits this long for the lower one to dial it before it dials itself. */
export const PATIENCE_MS = 1500
/** Back-off between dials of one peer: doubled from the first to the last, each drawn from ±50 %. */
export const BACKOFF_FIRST_MS = 200
export const BACKOFF_LAST_MS = 15_000
/** A pair that was up for less than this has not been mended: the back-off goes on where it was. */
export const STEADY_AFTER_MS = 10_000
/** News of an address leads to one dial in this time at most. */
export const HURRY_INTERVAL_MS = 1000
/** A second connection of a peer is taken for its restart only once the first is this old. */
export const REPLACEABLE_AFTER_MS = 5000

/** A silent connection is asked for a sign of life this often, and given this long to answer. */
export const PING_INTERVAL_MS = 10_000
export const PING_TIMEOUT_MS = 20_000

/** How long `stop` waits for queued frames to leave. */
export const FLUSH_TIMEOUT_MS = 1000

/** Bytes that wait for one peer's socket before `send` returns false: at least this, and at least two frames. */
export const QUEUE_BYTES_MIN = 2 * 1024 * 1024
/** A stream's receive window: at least this, and at least two frames, so that one is never sent in halves. */
export const WINDOW_BYTES_MIN = 1024 * 1024

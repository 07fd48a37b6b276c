/** Every limit of the raw client: it attacks others, and must not exhaust the machine it runs on. */

/** A TCP connection that is not there by then never will be. */
export const CONNECT_TIMEOUT_MS = 10_000
/** A wait longer than this is an error, unless the caller gives another time. */
export const READ_TIMEOUT_MS = 10_000
/** Bytes that may wait to be read; above it the socket is not read from until they are fewer. */
export const UNREAD_BYTES_MAX = 4 * 2 ** 20
/** Bytes that may wait on one stream; more end the connection, for nobody has wanted them. */
export const STREAM_UNREAD_BYTES_MAX = 256 * 2 ** 20
/** Bytes that may wait to be sent: a flood that outruns its socket is a mistake of the attack. */
export const UNSENT_BYTES_MAX = 64 * 2 ** 20
/** Streams of one connection that the client remembers, and streams that wait for someone to want them. */
export const STREAMS_MAX = 4096
/** The plaintext of one Noise message. */
export const NOISE_PLAINTEXT_MAX = 65_535 - 16
/** How much each side of a Yamux stream may send at first, by the specification. Peers here use more. */
export const YAMUX_WINDOW_BYTES = 256 * 2 ** 10
/** The body of a data frame that the client makes from longer bytes: one Noise message each. */
export const YAMUX_BODY_BYTES = 60 * 2 ** 10
/** A line of multistream-select. */
export const LINE_BYTES_MAX = 1024
/** Protocols that are refused on one stream before it is given up. */
export const LINES_MAX = 16
/** A frame of a concord stream that the client is willing to collect. */
export const FRAME_BYTES_MAX = 128 * 2 ** 20

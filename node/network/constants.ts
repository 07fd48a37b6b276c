/** The transport's name on the wire, and all of its limits. */

/** The version changes with every change that an older peer could not read. */
export const PROTOCOL = '/concord/1.3.0'

/** Tells a process of another one with its key (second-process.ts). */
export const NOTICE_PROTOCOL = '/concord/notice/1.0.0'
/** How long a process may take to show that it lives where another one comes with its key. */
export const PROCESS_ANSWER_MS = 3000

/** The mDNS service: peers of other programs are not even considered. */
export const MDNS_SERVICE = '_concord._udp.local'
export const MDNS_INTERVAL_MS = 10_000
/** How often the interfaces of this machine are looked at. */
export const MDNS_LOOK_INTERVAL_MS = 2000
/** The most sockets of mDNS: a host of many containers has as many interfaces. */
export const MDNS_SOCKETS_MAX = 64
/** At most one answer in this time on each interface (RFC 6762, section 6). */
export const MDNS_ANSWER_INTERVAL_MS = 1000
/** The longest packet that is read. The longest answer of a peer has eight texts of 255 bytes: 2657 bytes in all. */
export const MDNS_PACKET_BYTES_MAX = 3072
/** The questions and records of one packet; an answer has nine. */
export const MDNS_RECORDS_MAX = 16
/** The labels and pointers that are followed in all names of one packet; an answer has 39. */
export const MDNS_NAME_STEPS_MAX = 256
/**
 * Packets that are read from one source on one interface, at once and then each second. A peer sends a question each
 * ten seconds and an answer each second at most, but several may share one machine.
 */
export const MDNS_SOURCE_BURST_MAX = 200
export const MDNS_SOURCE_PER_SECOND_MAX = 20
/**
 * Packets that are read from all sources on one interface, at once and then each second: a hundred peers that start
 * together, and all of them asking and answering as often as they may.
 */
export const MDNS_BURST_MAX = 1000
export const MDNS_PER_SECOND_MAX = 200

/** The time from an open stream to a valid hello. */
export const HELLO_TIMEOUT_MS = 10_000
/** A hello is the first frame, and small. */
export const HELLO_BYTES_MAX = 8192
/** How many characters of a hello's texts are logged. */
export const HELLO_TEXT_MAX = 100
/** How many fields of a cohort a hello may name. */
export const HELLO_FIELDS_MAX = 128
/** Clocks that are further apart than this are reported. */
export const CLOCK_SKEW_MAX_MS = 60_000

/** The time from an accepted socket to a connection with a known peer id and a multiplexer. */
export const UPGRADE_TIMEOUT_MS = 5000
export const NEGOTIATION_TIMEOUT_MS = 5000
/** Short, so that a dead address does not keep the others from being tried. */
export const ADDRESS_DIAL_TIMEOUT_MS = 3000
export const DIAL_TIMEOUT_MS = 15_000
/** The dials that a peer has under way at once: at first, and at most (dial-window.ts). */
export const DIALS_AT_ONCE_FIRST = 8
export const DIALS_AT_ONCE_MAX = 64
/** A dial that connects within this time has not waited for a processor: more of them may run at once. */
export const QUICK_DIAL_MS = 1000
/** A peer that comes and goes does not make room for more dials again before this has passed. */
export const WIDENS_AGAIN_MS = 300_000
/** Addresses are tried one after the other, as many as fit into this time. The next dial goes on with the next ones. */
export const ADDRESSES_PER_DIAL = DIAL_TIMEOUT_MS / ADDRESS_DIAL_TIMEOUT_MS
/** Addresses of one peer that are tried in turn, for whatever reason they are known. */
export const ADDRESSES_KNOWN_MAX = 40
/** Addresses of one peer by mDNS, where anyone may claim any, from one responder. */
export const ADDRESSES_FOUND_MAX = 8
/** Responders whose claims about one peer are kept; an honest peer is one on each of its interfaces. */
export const RESPONDERS_MAX = 16
/** Claims of all responders about one peer that are tried in turn: at least one of each. */
export const CLAIMS_TRIED_MAX = 16
/** Claims that go first in a dial, because they name their responder's host and were never tried. */
export const CLAIMS_FIRST_MAX = 2

/**
 * Asking a member for the addresses of others. The version changes with every change that an older peer could not read.
 */
export const PEER_EXCHANGE_PROTOCOL = '/concord/addresses/1.0.0'
/** At most one question in this time, and one answer to each member in half of it. */
export const PEER_EXCHANGE_INTERVAL_MS = 1000
/** Members in one question, records in one answer. */
export const RECORDS_MAX = 64
/** The longest signed record of one member: some fifty addresses. Longer ones are not passed on. */
export const RECORD_BYTES_MAX = 2048
/** The most bytes around each record in an answer. */
export const RECORD_OVERHEAD_BYTES = 16
export const ANSWER_BYTES_MAX = 64 * 1024

/**
 * Sockets without a first byte, from one source and from all, and as many more as there are members. They are cheap: a
 * descriptor and some KB. A member's socket is one of them only while a packet travels; under a flood this number
 * decides how long that may take. The limits apply once to sources that members are known at, and once to all others.
 */
export const SILENT_SOCKETS_PER_SOURCE_MAX = 64
export const SILENT_SOCKETS_MAX = 128
/** A dialler's first packet follows its socket at once; a lost packet is sent again within this time. */
export const FIRST_BYTE_TIMEOUT_MS = 2000
/**
 * Handshakes in progress, counted as above. Each costs arithmetic, and the objects that libp2p makes for a connection. An
 * attacker whose handshakes all have room waits for their timeout; one that is put out comes again at once, and costs more.
 */
export const HANDSHAKES_PER_SOURCE_MAX = 48
export const HANDSHAKES_MAX = 128
/**
 * Handshakes that may begin from one source: at once, beside one for each member, since a whole cohort may share one
 * source; and then each second.
 */
export const HANDSHAKES_AT_ONCE_MAX = 120
export const HANDSHAKES_PER_SECOND_MAX = 50
/**
 * A socket from a source that has begun too many is turned away so late, unread: one that comes back as soon as it is
 * turned away would cost as much as the handshakes.
 */
export const TURNED_AWAY_AFTER_MS = 250
/**
 * How many handshakes a whole one counts for whose key is not let in: such a one costs this peer most. Nonsense ends
 * early and counts for one, so that it keeps out no member that shares its address.
 */
export const HANDSHAKE_PRICE_REFUSED = 10
/**
 * How many sources' handshakes are counted. An attacker with more sources than this gains nothing by being forgotten.
 */
export const SOURCES_COUNTED_MAX = 1024
/** Sockets that the listener may keep open besides those with a place of their own: the ones that are being closed. */
export const SOCKETS_CLOSING_MAX = 64
/** A peer whose door was full dials members itself, rather than wait for them, for this long. */
export const CROWDED_FOR_MS = 10_000
/** How many sources that one member has connected from are remembered. */
export const SOURCES_MET_MAX = 4

/** Connections of one member: the one in use, one that replaces it, and a dead one that was not noticed yet. */
export const CONNECTIONS_PER_MEMBER_MAX = 3
/** New connections that a member may make at once; then one more each time this interval has passed. */
export const CONNECTION_BUDGET_MAX = 12
export const CONNECTION_BUDGET_INTERVAL_MS = 5000
/** Streams that one connection may have open to us: the session's, identify, a question for addresses, a keep-alive. */
export const INBOUND_STREAMS_MAX = 16

/**
 * Frames of the multiplexer and of the cipher that a connection may bring at once, and then each second: far more than
 * vectors need.
 */
export const FRAME_CREDIT_MAX = 40_000
export const FRAME_CREDIT_PER_SECOND = 10_000
/**
 * One read may hold frames for this much more than the credit left; an honest peer's frames in one read cost a quarter
 * of it.
 */
export const FRAME_DEBT_MAX = 20_000
/** The frames that cost more than one unit of credit. A ping is answered; a stream is negotiated. */
export const FRAME_PRICE_PING = 200
export const FRAME_PRICE_STREAM = 500
/** The price of an empty frame of the cipher: it is deciphered like any other, and no peer has a reason to send one. */
export const FRAME_PRICE_EMPTY = 100

/** Bytes of text until an encrypter is agreed on: an honest peer needs 40. Each wrong name would be answered. */
export const SELECTION_BYTES_MAX = 1024
/** Bytes until the multiplexer is up: an honest peer needs some 400, and its hello follows at once. */
export const HANDSHAKE_BYTES_MAX = 16 * 1024
/** Bytes of text on a stream until its protocol is agreed on: an honest peer needs 60. */
export const NEGOTIATION_BYTES_MAX = 1024

/** The higher index waits this long for the lower one to dial it before it dials itself. */
export const PATIENCE_MS = 1500
/** Back-off between dials of one peer: doubled from the first to the last, each drawn from ±50 %. */
export const BACKOFF_FIRST_MS = 200
export const BACKOFF_LAST_MS = 15_000
/** A pair that was up for less than this does not count as connected again: the back-off goes on where it was. */
export const STEADY_AFTER_MS = 10_000
/** News of an address leads to at most one dial in this time. */
export const HURRY_INTERVAL_MS = 1000
/** A second connection counts as a sign that the peer restarted only once the first is this old. */
export const REPLACEABLE_AFTER_MS = 5000

/** A silent connection gets a keep-alive request this often, and this long to answer it. */
export const PING_INTERVAL_MS = 10_000
export const PING_TIMEOUT_MS = 20_000

/** How long `stop` waits for queued frames to leave. */
export const FLUSH_TIMEOUT_MS = 1000

/** Bytes that wait for one peer's socket before `send` returns false: at least this, and at least two frames. */
export const QUEUE_BYTES_MIN = 2 * 1024 * 1024
/** A stream's receive window: at least this, and at least two frames, so that one is never sent in halves. */
export const WINDOW_BYTES_MIN = 1024 * 1024

/** The findings about another member, in words: each obstacle with its likely cause and what to do. */
import { type Cohort, fieldDigests } from '../cohort/cohort.ts'
import { CLOCK_SKEW_MAX_MS } from '../network/constants.ts'
import { endpointOf } from '../network/endpoint.ts'
import { differingFields, type Hello } from '../network/hello.ts'
import { describeParts } from '../network/schema-parts.ts'
import { describeSkew } from '../network/sessions.ts'
import { type Finding, failed, fine, warning } from './finding.ts'
import type { Obstacle, Reach } from './reach.ts'

interface Own {
  readonly cohort: Cohort
  readonly cohortId: string
  readonly id: string
  readonly software: string
}

export function judgeReach(own: Own, peer: number, reach: Reach): Finding {
  const { name } = own.cohort.members[peer]!
  const check = `peer ${name}`
  if (reach.kind !== 'hello') {
    const { kind, address, detail } = reach
    const port = String(endpointOf(address)?.port ?? 'its own')
    const [says, todo] = words[kind]({ name, address, port, detail, id: own.id })
    return failed(check, causes[reach.kind], says, todo)
  }
  const { hello, address, roundTripMs, clockAheadMs } = reach
  if (hello.cohortId !== own.cohortId) return otherCohort(check, own, hello)
  const says = `answers at ${address} in ${roundTripMs.toFixed(1)} ms, ${hello.software}`
  if (clockAheadMs !== null && Math.abs(clockAheadMs) > CLOCK_SKEW_MAX_MS)
    return warning(
      check,
      'clock',
      `${says}; its clock is ${describeSkew(clockAheadMs, 'this one')}.`,
      'One of the two is wrong: switch on time synchronisation (timedatectl set-ntp true) there or here.',
    )
  if (hello.software !== own.software)
    return warning(
      check,
      'other-version',
      `${says}; this is ${own.software}.`,
      'They understand each other; even so, run the same version everywhere, so that faults are known ones.',
    )
  return fine(check, says)
}

/** Short names of causes, as in `--json`. */
const causes: Readonly<Record<Obstacle, string>> = {
  'no-address': 'not-found',
  'unknown-host': 'unknown-host',
  unreachable: 'unreachable',
  filtered: 'firewall',
  down: 'peer-down',
  unanswered: 'peer-down-or-firewall',
  silent: 'peer-silent',
  'not-concord': 'not-concord',
  'other-key': 'wrong-key',
  'not-a-member': 'refused',
  'wrong-version': 'wrong-version',
  'no-hello': 'peer-silent',
}

interface Scene {
  readonly name: string
  readonly address: string
  readonly port: string
  readonly detail: string
  /** This peer's id. */
  readonly id: string
}

/** The state, and what to do. */
type Words = (scene: Scene) => readonly [string, string]

const silent: Words = ({ name, address, port }) => [
  `something listens at ${address} and then says nothing: the peer is stopped or overloaded, or the port is another program's.`,
  `Look at ${name} ("concord status" there), and at what listens on port ${port}.`,
]

const words: Readonly<Record<Obstacle, Words>> = {
  'no-address': ({ name }) => [
    `${name} has no address in the file, and mDNS found it on none of this machine's networks.`,
    `Start ${name}; if it runs, put an address of its into the cohort file here (addresses may differ from member to member).`,
  ],
  'unknown-host': ({ address, detail }) => [
    `the host of ${address} has no address: ${detail}.`,
    'Correct the name, or write its IP address.',
  ],
  unreachable: ({ address, detail }) => [
    `there is no route to ${address}: ${detail}.`,
    'Check the address, and that both machines are on networks that reach each other.',
  ],
  filtered: ({ name, address, port }) => [
    `${address} swallows packets without an answer: a firewall drops them, or the machine is off.`,
    `Ping the machine of ${name}; if it answers, let TCP port ${port} through its firewall and any in between.`,
  ],
  down: ({ name, address }) => [
    `the machine at ${address} answers, but nothing listens there: the peer is down, or at another port.`,
    `Start ${name} ("concord join"), or correct its address here.`,
  ],
  unanswered: ({ name, address, port }) => [
    `nothing answers over QUIC at ${address}: the peer is down, or a firewall drops its packets; over UDP one cannot tell.`,
    `Start ${name} ("concord join"); if it runs, let UDP port ${port} through its firewall and any in between.`,
  ],
  silent,
  'no-hello': silent,
  'not-concord': ({ name, address, detail }) => [
    `the program at ${address} did not prove a key, now and a moment before (${detail}): it is not a Concord peer, or is starting or ending.`,
    `Try again; then correct the address of ${name}, or stop the program that has taken its port.`,
  ],
  'other-key': ({ name, address, detail }) => [
    `the peer at ${address} has another key than ${name} has in this file (${detail}).`,
    `Either this address is another member's, or ${name} runs with the wrong identity file, or has made a new key: then all members need a new cohort file.`,
  ],
  'not-a-member': ({ name, address, id }) => [
    `${name} proves its key at ${address} and then refuses this one.`,
    `Its cohort file must list ${id}: compare files ("concord cohort check MINE THEIRS"). It also refuses a member that it has proof against.`,
  ],
  'wrong-version': ({ name }) => [
    `${name} speaks another version of the wire protocol.`,
    'Install the same version of Concord on both machines.',
  ],
}

function otherCohort(check: string, own: Own, hello: Hello): Finding {
  const mine: Hello = { cohortId: own.cohortId, name: '', software: '', fields: fieldDigests(own.cohort) }
  const fields = differingFields(mine, hello)
  const ids = `cohort ${hello.cohortId.slice(0, 12)} there, ${own.cohortId.slice(0, 12)} here`
  const parts = describeParts(own.cohort.schema, hello.parts)
  const where = fields.length === 0 ? '' : `; they differ in ${fields.join(', ')}`
  return failed(
    check,
    'other-cohort',
    `it has another cohort file (${ids})${where}${parts === null ? '' : `: ${parts}`}.`,
    'Give all members one and the same file, and start those again whose file was another.',
  )
}

/** Compares this clock with those of all members that answered; if none did, with the files on this machine. */
export function judgeClock(reaches: readonly Reach[], filesMs: readonly number[], nowMs: number): Finding {
  const skews = reaches
    .flatMap(reach => (reach.kind === 'hello' && reach.clockAheadMs !== null ? [reach.clockAheadMs] : []))
    .sort((a, b) => a - b)
  if (skews.length > 0) return judgeSkews(skews)
  const newest = Math.max(...filesMs, 0)
  if (newest - nowMs > CLOCK_SKEW_MAX_MS)
    return failed(
      'clock',
      'clock',
      `this clock (${new Date(nowMs).toISOString()}) is before the time at which the cohort's files were written.`,
      CLOCK_TODO,
    )
  return fine('clock', `it is ${new Date(nowMs).toISOString()} here; no member answered to compare with`)
}

const CLOCK_TODO = 'Switch on time synchronisation (timedatectl set-ntp true), then start the peer again.'

/** @param skews the others' clocks less this one, ascending, at least one; most of them are taken to be right */
function judgeSkews(skews: readonly number[]): Finding {
  const count = skews.length
  const isNear = (skew: number) => Math.abs(skew) <= CLOCK_SKEW_MAX_MS
  const near = skews.filter(isNear)
  const far = skews.filter(skew => !isNear(skew))
  const members = count === 1 ? 'the one member that answered' : `${count} other members`
  const withinMs = Math.round(Math.max(...near.map(Math.abs)))
  if (far.length === 0)
    return fine(
      'clock',
      `within ${withinMs} ms of the clock${count === 1 ? '' : 's'} of ${members}, as far as one can tell`,
    )
  // Of an even number there are two in the middle.
  const [low, high] = [skews[(count - 1) >> 1]!, skews[count >> 1]!]
  if (!isNear(low) && !isNear(high) && low > 0 === high > 0) {
    const whose = count === 1 ? 'the one member that answered' : `the middle one of ${count} members`
    return failed('clock', 'clock', `this clock is ${describeSkew(-low, `that of ${whose}`)}.`, CLOCK_TODO)
  }
  const others = [...new Set([far[0]!, far.at(-1)!].map(skew => describeSkew(skew, 'it')))].join(' to ')
  const says =
    near.length === 0
      ? `no clock of ${members} is near this one: they are ${others}`
      : `within ${withinMs} ms of the clocks of ${near.length} of ${members}; the rest are ${others}`
  if (isNear(low) && isNear(high)) return fine('clock', says)
  return warning(
    'clock',
    'clock',
    `${says}. One cannot tell from these which is right.`,
    'Switch on time synchronisation (timedatectl set-ntp true) wherever it is off, here included.',
  )
}

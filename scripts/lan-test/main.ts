/**
 * `npm run lan-test`: seven peers on a local network of namespaces find each other by mDNS alone, although a VPN owns
 * the default route of some hosts and the others have none. They learn together over links of 200 Mbit/s that lose one
 * packet in a hundred. One is Byzantine, one sits behind 30 ms of delay, one is killed and started again, one is cut off
 * for a while, the key of one is started a second time on another host, and a stranger knocks all the time. Then the
 * doctor is asked, with firewalls in the way and without; and pairs of hosts meet on networks of 169.254 or IPv6
 * addresses alone.
 *
 * `--steps N`, `--transcript FILE`. Exit code: 0 passed, 1 not, 3 where this machine cannot (it says what it lacks).
 */
import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { examineCorners } from './corners.ts'
import { type Check, examineLan } from './doctor.ts'
import { createLan, lacking, packetsLost } from './network.ts'
import { honest, type LanRun, type LogLine, roles, runUntilDone } from './run.ts'

const { values } = parseArgs({
  options: {
    steps: { type: 'string', default: '60' },
    transcript: { type: 'string' },
    verbose: { type: 'boolean', default: false },
  },
})
const DEADLINE_SECONDS = 170
/** RB-TM takes the middle of what it trusts, which learns more slowly than a mean does. */
const ACCURACY_MIN = 0.7
const CANNOT = 3
/** The exit code of `concord join` for a key that already runs elsewhere. */
const RUNS_ALREADY = 78

function checksOf(
  { endings, events, strangerEvents, copyEnd, failures, files }: LanRun,
  lost: number,
): readonly Check[] {
  const accused = endings.flatMap((ending, observer) =>
    observer === roles.liar
      ? []
      : (ending?.faults ?? []).filter(({ peer }) => peer !== null && peer !== roles.liar),
  )
  const refused = events.some(
    ({ peer, event }) =>
      honest.includes(peer) &&
      event.kind === 'fault' &&
      event.fault.peer === null &&
      /^12D3\w+ tried to connect; it is not a member/.test(event.detail ?? ''),
  )
  const strangerTexts = strangerEvents.flatMap(event => (event.kind === 'log' ? [event.text] : []))
  const saidByFirst = events.some(
    ({ peer, event }) =>
      peer === roles.copied && event.kind === 'log' && event.text.includes('this key was also started at'),
  )
  const restarted = events.filter(({ peer, event }) => peer === roles.killed && event.kind === 'listening')
  const goesOn = restarted.at(-1)?.event
  return [
    { what: 'nothing failed', holds: failures.length === 0 },
    { what: 'all honest peers finished', holds: honest.every(peer => endings[peer] !== null) },
    {
      what: `each with an accuracy of at least ${ACCURACY_MIN}`,
      holds: honest.every(peer => (endings[peer]?.accuracy ?? 0) >= ACCURACY_MIN),
    },
    { what: 'no honest peer saw a fault of another', holds: accused.length === 0 },
    {
      what: 'the killed peer went on from where it was',
      holds: restarted.length === 2 && goesOn?.kind === 'listening' && goesOn.step > 1,
    },
    {
      what: 'a second process with a member’s key ends with code 78, and says where its key already runs',
      holds: copyEnd?.code === RUNS_ALREADY && /this key already runs at \S+, since/.test(copyEnd.lastWords),
    },
    { what: 'the process that came first goes on, and says that there was another', holds: saidByFirst },
    { what: 'peers say that they refused a stranger', holds: refused },
    {
      what: 'the stranger is told what may be wrong',
      holds: strangerTexts.some(text => text.includes('its cohort file must list')),
    },
    {
      what: 'the file has no addresses: mDNS found everyone',
      holds: files.cohort.members.every(({ addresses }) => addresses.length === 0),
    },
    { what: `the links lost packets (${lost})`, holds: lost > 0 },
  ]
}

/** A peer id by its last letters. */
function lineOf({ at, who, text }: LogLine): string {
  const short = text.replaceAll(/12D3KooW\w+(\w{6})/g, '…$1')
  return `${at.toFixed(1).padStart(6)} s  ${who.padEnd(8)}  ${short}`
}

function transcript(run: LanRun, checks: readonly Check[]): string {
  // The liar's accusations are left out.
  const dull = /^listening on/
  const lines = run.lines.filter(
    ({ who, text }) => !dull.test(text) && !(who === `peer ${roles.liar}` && text.startsWith('fault')),
  )
  return [
    '# A run of the LAN test',
    '',
    '`npm run lan-test -- --transcript docs/lan-test.md`: seven network namespaces on a bridge, mDNS only, each link',
    '200 Mbit/s and one packet in a hundred lost at random on its way in. RB-TM, n = 7, f = 2.',
    `Peer ${roles.liar} sends its vectors with the sign flipped; peer ${roles.killed} is killed and started again; peer ${roles.cutOff} is cut off for a while;`,
    `peer ${roles.far} sits behind 30 ms of delay; a second process is started with the key of peer ${roles.copied}; a stranger tries to connect`,
    'all the time.',
    'A VPN owns the default route of every second host; the others have no default route.',
    'At the end `concord doctor` runs on one of the hosts, with and without nftables in front of ports, and two pairs of',
    'hosts meet on switches of their own, one with 169.254 addresses alone, one with IPv6 alone.',
    '',
    '```text',
    ...lines.map(lineOf),
    '```',
    '',
    `${run.seconds.toFixed(0)} s in all. Checked:`,
    '',
    ...checks.map(({ what, holds }) => `- ${holds ? 'yes' : '**no**'}: ${what}`),
    '',
  ].join('\n')
}

async function main(): Promise<void> {
  const lack = lacking()
  if (lack !== null) {
    console.error(`lan-test cannot run here: ${lack}.`)
    process.exitCode = CANNOT
    return
  }
  const quality = { megabitsPerSecond: 200, dropOneIn: 100, delayMs: 0 }
  const links = Array.from({ length: roles.peers + 1 }, (_, i) => ({
    ...quality,
    delayMs: i === roles.far ? 30 : 0,
    // In both, a packet to a group that is left to the routing table goes nowhere.
    kind: i % 2 === 0 ? ('vpn' as const) : ('isolated' as const),
  }))
  const lan = createLan(`concord-${process.pid}`, links)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1))
  const startedMs = performance.now()
  try {
    const run = await runUntilDone({
      lan,
      steps: Number(values.steps),
      deadlineSeconds: DEADLINE_SECONDS,
      onLine: line => console.log(lineOf(line)),
    })
    const lost = lan.hosts.reduce((sum, host) => sum + packetsLost(host), 0)
    const checks = [
      ...checksOf(run, lost),
      ...(await examineLan(lan)),
      ...(await examineCorners(`concord-${process.pid}`)),
    ]
    console.log('')
    for (const { what, holds } of checks) console.log(`${holds ? 'yes' : 'NO '}  ${what}`)
    for (const failure of run.failures) console.log(`failed: ${failure}`)
    console.log(`${((performance.now() - startedMs) / 1000).toFixed(0)} s`)
    if (values.transcript !== undefined) await writeFile(values.transcript, transcript(run, checks))
    process.exitCode = checks.every(({ holds }) => holds) ? 0 : 1
  } finally {
    lan.remove()
  }
}

await main()

/** A member that writes markup and control characters wherever it may write: real peers show it as text, or not at all. */
import { randomBytes } from 'node:crypto'
import test, { type ExecutionContext } from 'ava'
import { cohortId } from '../../../node/cohort/cohort.ts'
import {
  ADDRESSES,
  CONCORD,
  concordStream,
  dialSecure,
  dialSession,
  join,
  line,
  linkFrame,
  message,
  openSocket,
  prefixed,
  selectProtocol,
  type Target,
  targetOf,
} from '../../../scripts/hostile/raw/index.ts'
import { type Running, run, start } from '../../node/cli/concord.ts'
import { type Place, place } from '../../node/cli/places.ts'

/** Clears the screen, sets the title, turns the direction of writing, begins a line of its own, and is a page's. */
const NASTY =
  '\u001b[2J\u009b1m\u001b]0;x\u0007\u202e\u2028\r\nconcord: all is well<img src=x onerror=alert(1)>'
const FORBIDDEN = /(?!\n)[\p{Cc}\u2028-\u202e]|^concord: all is well/mu
const IDENTIFY = '/ipfs/id/1.0.0'

const [MALLORY, ...VICTIMS] = [0, 1, 2, 3] as const
const FORMS = [['--log', 'json', '--log-level', 'trace'], ['--log', 'pretty', '--log-level', 'trace'], []]

/** What libp2p asks a peer about itself: addresses, protocols, a version and a program. */
const identity = message([2, NASTY], [3, NASTY], [5, NASTY], [6, NASTY])

/** Every way in, as far as it goes; that it is turned away is what is expected. */
function visits(files: Place, target: Target): readonly (() => Promise<unknown>)[] {
  const { seed } = files.identities[MALLORY]!
  const mine = cohortId(files.cohort)
  const member = { seed, opens: true, protocols: [CONCORD, IDENTIFY] }
  return [
    async () => {
      const talk = await join(target, { ...member, hello: { cohortId: mine, name: NASTY, software: NASTY } })
      await (await talk.session.incoming(IDENTIFY)).send(prefixed(identity))
      await talk.send(linkFrame.resume({ incarnation: 7 }))
      await talk.send(linkFrame.data(1, [prefixed(Buffer.from(NASTY)), Buffer.from(NASTY)]))
      await talk.send(Buffer.from(NASTY))
    },
    () => join(target, { ...member, hello: { cohortId: NASTY, name: NASTY, software: NASTY } }),
    async () => {
      const stream = await concordStream(await dialSession(target, member), true)
      const field = message([1, NASTY], [2, NASTY])
      await stream.send(prefixed(message([1, NASTY], [2, NASTY], [3, NASTY], [5, field])))
      await stream.read(1)
    },
    async () => (await openSocket(target)).write(Buffer.from(NASTY)),
    async () => selectProtocol(await openSocket(target), NASTY),
    async () => selectProtocol(await dialSecure(target, { seed: randomBytes(32) }), NASTY),
    async () => selectProtocol(await dialSecure(target, { seed }), NASTY),
    async () => (await dialSession(target, member)).openStream().write(line(NASTY)),
    async () => selectProtocol((await dialSession(target, member)).openStream(), NASTY),
    async () => {
      const stream = (await dialSession(target, member)).openStream()
      await selectProtocol(stream, ADDRESSES)
      await stream.send(prefixed(message([1, NASTY], [2, NASTY])))
    },
  ]
}

function clean(t: ExecutionContext, text: string, what: string) {
  t.notRegex(text, FORBIDDEN, what)
}

test('what a hostile member says is text in every form of the log, in the status and in the state', async t => {
  const files = await place(t, { steps: 100_000 })
  const victims = VICTIMS.map((peer, form): Running => {
    const paths = ['--cohort', files.cohortPath, '--identity', files.identityPaths[peer]!]
    const running = start(['join', ...paths, '--no-mdns', ...FORMS[form]!])
    t.teardown(() => running.kill('SIGKILL'))
    return running
  })
  await Promise.all(victims.map(victim => victim.until(/step 1\b/)))
  for (const [place, peer] of VICTIMS.entries()) {
    const all = visits(files, targetOf(files.cohort.members[peer]!.addresses![0]!))
    // Another one is the first at each, for a member that has been let in once is not let in again so soon.
    for (const visit of [...all.slice(place), ...all.slice(0, place)])
      await visit().catch((error: Error) => t.truthy(error.message))
  }
  for (const peer of VICTIMS)
    for (const json of [[], ['--json']]) {
      const { stdout, stderr, code } = await run('status', '--identity', files.identityPaths[peer]!, ...json)
      t.is(code, 0, stderr)
      clean(t, stdout + stderr, `status of ${peer}`)
    }
  // Each of them shows something of it.
  await Promise.all(victims.map(victim => victim.until(/\\x1b\[2J/)))
  for (const victim of victims) victim.kill('SIGTERM')
  const [json, pretty, progress] = await Promise.all(victims.map(({ ended }) => ended))
  for (const { stdout, stderr, code } of [json!, pretty!, progress!]) {
    t.is(code, 143, stderr)
    clean(t, stdout + stderr, 'log')
  }
  for (const each of json!.stdout.trimEnd().split('\n')) t.notThrows(() => JSON.parse(each), each)
})

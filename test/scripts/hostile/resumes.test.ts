/** A real process, asked over and over by a member of its cohort for everything again. */
import test from 'ava'
import { cohortId } from '../../../node/cohort/cohort.ts'
import { freePorts } from '../../../node/network/free-ports.ts'
import { makeCohort } from '../../../scripts/cohort/files.ts'
import { startPeer } from '../../../scripts/cohort/processes.ts'
import { targetOf } from '../../../scripts/hostile/raw/index.ts'
import { insist } from '../../../scripts/hostile/resumes.ts'

/** The first gradient of this model, which is all that its only peer has to say: 318 KB. */
const VECTOR_BYTES = 4 * 79_510

test('a member that asks over and over on one connection gets nothing, is blamed, and harms nobody', async t => {
  const addresses = (await freePorts(2)).map(port => `/ip4/127.0.0.1/tcp/${port}`)
  const files = await makeCohort(
    'resumes',
    2,
    { protocol: 'mean', faults: 0, model: 'mlp', rate: 0.1, batch: 8, seed: 1, steps: 3 },
    peer => [addresses[peer]!],
  )
  t.teardown(files.remove)
  const listening = Promise.withResolvers<string>()
  const blamed = new AbortController()
  const child = startPeer({
    args: [
      ...['--cohort', files.cohortPath, '--identity', files.identityPaths[0]!, '--no-mdns'],
      ...['--state', `${files.folder}/state`],
    ],
    onEvent(event) {
      if (event.kind === 'listening') listening.resolve(event.addresses[0]!)
      if (event.kind === 'fault' && event.fault.kind === 'malformed') blamed.abort()
    },
  })
  t.teardown(async () => {
    child.kill('SIGKILL')
    await child.ended
  })
  void child.ended.then(({ lastWords }) => listening.reject(new Error(lastWords)))
  const { broughtBytes } = await insist(targetOf(await listening.promise), {
    seed: files.identities[1]!.seed,
    opens: false,
    hello: { cohortId: cohortId(files.cohort) },
    self: 1,
    asksMax: 10_000,
    signal: blamed.signal,
  })
  t.true(blamed.signal.aborted)
  t.true(broughtBytes < VECTOR_BYTES, `${broughtBytes} bytes`)
  t.false(child.hasEnded())
})

/** A member that starts again with another table than it first joined with is told, and decides. */
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { tableSchema } from '../../../learning/data/schema.ts'
import { checkCohort } from '../../../node/cohort/file.ts'
import { PeerError } from '../../../node/daemon/errors.ts'
import type { PeerEvent } from '../../../node/daemon/events.ts'
import { planPeer, type StartPeerOptions } from '../../../node/daemon/options.ts'
import { startPeer } from '../../../node/daemon/start-peer.ts'
import { run } from '../cli/concord.ts'
import { place, writeCohort } from '../cli/places.ts'

const schema = tableSchema.parse({
  kind: 'table',
  columns: [{ name: 'age', type: 'number' }],
  target: { name: 'outcome', type: 'class', classes: ['well', 'ill'] },
})
const table = (ages: readonly number[]) =>
  `age,outcome\n${ages.map(age => `${age},${age > 0 ? 'ill' : 'well'}\n`).join('')}`

/** A cohort of one, which learns in a moment. */
async function scene(t: ExecutionContext) {
  const { folder, cohort, identities, identityPaths } = await place(t)
  const alone = checkCohort(
    {
      name: 'alone',
      members: cohort.members.slice(0, 1),
      faults: 0,
      protocol: 'mean',
      steps: 2,
      model: 'softmax',
      rate: 0.1,
      batch: 4,
      seed: 1,
      schema,
    },
    'test',
  )
  const data = join(folder, 'ours.csv')
  await writeFile(data, table([-1, 2, -3, 4]))
  const state = join(folder, 'state')
  const options: StartPeerOptions = {
    cohort: alone,
    identity: identities[0]!,
    data,
    mdns: false,
    listen: ['/ip4/127.0.0.1/tcp/0'],
    stateDirectory: state,
  }
  /** What the peer logs from its start to its end. */
  const learn = async (more: Partial<StartPeerOptions> = {}): Promise<string> => {
    const heard: PeerEvent[] = []
    const peer = await startPeer({ ...options, ...more, onEvent: event => heard.push(event) })
    await peer.finished
    await peer.stop()
    return heard.flatMap(event => (event.kind === 'log' ? [event.text] : [])).join('\n')
  }
  return { folder, alone, data, state, options, learn, identityPath: identityPaths[0]! }
}

test('data that has changed is refused until its owner accepts it, and then it is what is expected', async t => {
  const { data, state, learn } = await scene(t)
  t.notRegex(await learn(), /data/)
  t.notRegex(await learn(), /data/)
  t.regex(await learn({ dataChanged: true }), /the data is as it was: --data-changed was not needed/)
  await writeFile(data, table([-1, 2, -3, 4, 5]))
  const error = await t.throwsAsync(learn(), { instanceOf: PeerError })
  t.is((error as PeerError).code, 'data-changed')
  t.regex(
    error.message,
    /^data is ".*ours\.csv", which has changed since this peer first joined: 1 file of 40 bytes \(SHA-256 [0-9a-f]{8}…\) then, 1 file of 46 bytes \(SHA-256 [0-9a-f]{8}…\) now; expected the same data as before, or --data-changed/,
  )
  await t.throwsAsync(learn(), { message: /has changed/ }, 'asking once does not accept it')
  t.regex(
    await learn({ dataChanged: true }),
    /has changed .* as --data-changed says, learning goes on with it/,
  )
  t.notRegex(await learn(), /data/)
  await writeFile(data, table([-1, 2, -3, 4]))
  await t.throwsAsync(learn(), { message: /46 bytes .* then, 1 file of 40 bytes .* now/ })
  t.true((await readdir(state)).includes('data.json'))
})

test('the note holds a digest and sizes, for its owner alone', async t => {
  const { state, learn } = await scene(t)
  await learn()
  const path = join(state, 'data.json')
  t.regex(await readFile(path, 'utf8'), /^\{"sha256":"[0-9a-f]{64}","files":1,"bytes":40\}\n$/)
  t.is((await stat(path)).mode & 0o777, 0o600)
})

test('a note that cannot be read is no silent agreement', async t => {
  const { state, learn } = await scene(t)
  await learn()
  await writeFile(join(state, 'data.json'), '{"sha256":1}')
  await t.throwsAsync(learn(), {
    instanceOf: PeerError,
    message: /data\.json, which says what it was before, cannot be read; .*--data-changed/,
  })
  await learn({ dataChanged: true })
  await learn()
})

test('data that does not fit the schema is never noted', async t => {
  const { data, state, learn } = await scene(t)
  const fitting = await readFile(data)
  await writeFile(data, table([1, 2]).replace('ill', 'gone'))
  await t.throwsAsync(learn(), { message: /is "gone"/ })
  t.false((await readdir(state)).includes('data.json'))
  await writeFile(data, fitting)
  await learn()
})

test('without a state directory nothing is remembered, and there is nothing to accept', async t => {
  const { data, learn, options, alone } = await scene(t)
  await learn({ stateDirectory: null })
  await writeFile(data, table([-1, 2]))
  t.notRegex(await learn({ stateDirectory: null }), /changed/)
  await t.throwsAsync(planPeer({ ...options, stateDirectory: null, dataChanged: true }), {
    message: /^dataChanged needs a state directory/,
  })
  const { schema: _, partition: __, ...rest } = alone
  await t.throwsAsync(planPeer({ ...options, cohort: rest, dataChanged: true }), {
    message: /^dataChanged needs a schema in the cohort file/,
  })
})

test('join says so, with the name of the flag', async t => {
  const { folder, alone, data, identityPath } = await scene(t)
  const cohortPath = await writeCohort(folder, 'alone.yaml', alone)
  const joined = (...more: readonly string[]) =>
    run(
      'join',
      '--cohort',
      cohortPath,
      '--identity',
      identityPath,
      '--data',
      data,
      '--no-mdns',
      '--listen',
      '/ip4/127.0.0.1/tcp/0',
      ...more,
    )
  t.is((await joined()).code, 0)
  await writeFile(data, table([-1, 2, 3]))
  const refused = await joined()
  t.is(refused.code, 2)
  t.regex(
    refused.stderr,
    /--data is ".*ours\.csv", which has changed since this peer first joined: .*--data-changed/,
  )
  const accepted = await joined('--data-changed')
  t.is(accepted.code, 0, accepted.stderr)
  t.regex(accepted.stdout + accepted.stderr, /as --data-changed says, learning goes on with it/)
  const none = await joined('--data-changed', '--state', 'none')
  t.is(none.code, 2)
  t.regex(none.stderr, /--data-changed needs a state directory, and --state is "none"/)
  const { schema: _, partition: __, ...rest } = alone
  const bare = await writeCohort(folder, 'bare.yaml', rest)
  const unneeded = await run('join', '--cohort', bare, '--identity', identityPath, '--data-changed')
  t.is(unneeded.code, 2)
  t.regex(unneeded.stderr, /--data-changed needs a schema/)
})

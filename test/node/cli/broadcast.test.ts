/** `simulate --architecture broadcast`, and θ̂ as a server's output, from outside. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { reportSchema } from '../../../node/daemon/report.ts'
import { run } from './concord.ts'

const small = [
  '--model',
  'softmax',
  '--steps',
  '6',
  '--peers',
  '7',
  '--faults',
  '2',
  '--rule',
  'cge',
  '--json',
]

const told = async (...args: string[]) => {
  const { code, stdout, stderr } = await run('simulate', ...args)
  return { code, stderr, report: code === 0 ? reportSchema.parse(JSON.parse(stdout)) : null }
}

test('peers that broadcast learn what a server does, to the bit, and say what it costs', async t => {
  const args = [...small, '--attack', 'little']
  const [server, peers] = await Promise.all([
    told('--architecture', 'server', ...args),
    told('--architecture', 'broadcast', ...args),
  ])
  t.is(peers.code, 0, peers.stderr)
  t.is(peers.report!.cohort.protocol, 'broadcast cge')
  t.is(peers.report!.honest[0]!.loss, server.report!.honest[0]!.loss)
  t.not(peers.report!.cohort.id, server.report!.cohort.id)
  t.true(peers.report!.bytes > server.report!.bytes)
  const text = await run('simulate', '--architecture', 'broadcast', ...args.filter(arg => arg !== '--json'))
  t.regex(text.stdout, /7 peers broadcast to each other and filter by cge, at most 2 faulty/)
  t.regex(text.stdout, /every honest peer had the same estimate after each step, to the bit; \d+ rounds/)
})

test('attacks on messages act on broadcast; what does not act there is refused, and more than n/3 liars', async t => {
  const broadcast = ['--architecture', 'broadcast', ...small]
  for (const attack of ['lie', 'refuse', 'crash', 'equivocate'])
    t.is((await told(...broadcast, '--attack', attack, '--missing', 'eliminated')).code, 0, attack)
  const refused: [string[], RegExp][] = [
    [['--attack', 'slow'], /--attack slow acts on links .* broadcast has neither/],
    [['--attack', 'withhold'], /--attack withhold acts on links/],
    [['--attack', 'little', '--faults', '3'], /--faults is 3; broadcast stands at most 2 of 7 peers/],
    [['--attack', 'zero', '--rotating'], /--rotating with --architecture broadcast/],
    [['--protocol', 'rb-tm'], /--protocol is about agreement between peers; expected none with .*broadcast/],
    [['--page', 'none.html'], /--page is given, but a page shows agreements/],
  ]
  for (const [args, message] of refused) {
    const { code, stderr } = await told(...broadcast, ...args)
    t.is(code, 2, args.join(' '))
    t.regex(stderr.replaceAll(/\s+/g, ' '), message)
  }
})

test('RESAM’s θ̂: a server’s output is that of a drawn step, which a shorter run ends at', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'drawn-'))
  t.teardown(() => rm(folder, { recursive: true }))
  const server = ['--architecture', 'server', '--model', 'softmax', '--rate', '0.2', '--seed', '5']
  const saved = async (name: string, ...args: string[]) => {
    const file = join(folder, name)
    const ended = await run('simulate', ...server, ...args, '--save', file)
    t.is(ended.code, 0, ended.stderr)
    return { bytes: await readFile(file), stdout: ended.stdout }
  }
  const drawn = await saved('drawn.safetensors', '--steps', '20', '--output', 'drawn')
  const step = Number(/θ̂ is drawn: the parameters before step (\d+)/.exec(drawn.stdout)![1])
  t.true(step >= 1 && step <= 20)
  t.true(step > 1, 'another seed, please: step 1 is the start')
  const short = await saved('short.safetensors', '--steps', String(step - 1))
  t.deepEqual(numbersOf(drawn.bytes), numbersOf(short.bytes))
  const last = await saved('last.safetensors', '--steps', '20')
  t.notDeepEqual(numbersOf(drawn.bytes), numbersOf(last.bytes))
  const gossip = await run('simulate', '--architecture', 'gossip', '--output', 'drawn')
  t.regex(gossip.stderr, /--output is about parameters that all agree on/)
})

/** What stands behind the header of a checkpoint. */
function numbersOf(bytes: Buffer): string {
  return bytes.subarray(8 + Number(bytes.readBigUInt64LE(0))).toString('hex')
}

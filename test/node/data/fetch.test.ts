/** Fetching from a server on this machine: good mirrors, broken ones, wrong bytes, and going on where it broke off. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { gzipSync } from 'node:zlib'
import test, { type ExecutionContext } from 'ava'
import { catalogue, type DataSet } from '../../../node/data/catalogue.ts'
import { FetchError, fetchDataSet } from '../../../node/data/fetch.ts'

const content = Buffer.from(Array.from({ length: 50_000 }, (_, i) => (i * 7919) % 251))

type Answer = (request: IncomingMessage, response: ServerResponse) => void

type Tunnel = (request: IncomingMessage, socket: Duplex) => void

async function mirrorOf(t: ExecutionContext, answer: Answer, tunnel?: Tunnel): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1')
  const tunnels = new Set<Duplex>()
  if (tunnel !== undefined)
    server.on('connect', (request, socket) => {
      tunnels.add(socket)
      tunnel(request, socket)
    })
  await once(server, 'listening')
  t.teardown(() => {
    for (const socket of tunnels) socket.destroy()
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

/** Answers ranges, as a good server does, and remembers what it was asked. */
function serving(bytes: Buffer, asked: string[] = []): Answer {
  return (request, response) => {
    const { range } = request.headers
    asked.push(`${request.url} ${range ?? 'all'}`)
    const from = Number(/bytes=(\d+)-/.exec(range ?? '')?.[1] ?? 0)
    response.writeHead(range ? 206 : 200).end(bytes.subarray(from))
  }
}

async function scene(t: ExecutionContext, mirrors: readonly string[], bytes = content, name = 'set.bin') {
  const directory = await mkdtemp(join(tmpdir(), 'concord-fetch-'))
  t.teardown(() => rm(directory, { recursive: true }))
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const set: DataSet = { name: 'set', about: '', mirrors, files: [{ name, bytes: bytes.length, sha256 }] }
  const notes: string[] = []
  const seen: number[] = []
  const run = (changes: Partial<DataSet> = {}, silenceMs = 10_000, environment = {}) =>
    fetchDataSet({
      environment,
      set: { ...set, ...changes },
      directory,
      silenceMs,
      onProgress: ({ bytes }) => seen.push(bytes),
      onNote: line => notes.push(line),
    })
  return { directory, notes, seen, run, path: join(directory, name) }
}

test('a file comes, with its progress, and is not fetched twice', async t => {
  const asked: string[] = []
  const { run, path, seen, notes } = await scene(t, [await mirrorOf(t, serving(content, asked))])
  await run()
  t.deepEqual(await readFile(path), content)
  t.is(seen.at(-1), content.length)
  await run()
  t.deepEqual(asked, ['/set.bin all'])
  t.regex(notes.join(), /is there already/)
})

test('what was broken off is gone on with, by the next mirror', async t => {
  const asked: string[] = []
  const breaking = await mirrorOf(t, (_, response) => {
    // It stops in the middle and says no more: a reset could overtake the bytes before it.
    response.writeHead(200, { 'content-length': content.length })
    response.write(content.subarray(0, 20_000))
  })
  const { run, path, notes } = await scene(t, [breaking, await mirrorOf(t, serving(content, asked))])
  await run({}, 500)
  t.deepEqual(await readFile(path), content)
  t.regex(asked[0]!, /bytes=[1-9]\d*-/)
  t.is(notes.length, 1)
})

test('a partial file of before is gone on with; a server without ranges sends all again', async t => {
  const whole = await mirrorOf(t, (_, response) => response.writeHead(200).end(content))
  const { run, path, directory } = await scene(t, [whole])
  await writeFile(`${path}.partial`, content.subarray(0, 1000))
  await run()
  t.deepEqual(await readFile(path), content)
  t.deepEqual(await readdir(directory), ['set.bin'])
})

test('wrong bytes are not kept, and the error says both digests', async t => {
  const wrong = Buffer.alloc(content.length)
  const { run, directory } = await scene(t, [await mirrorOf(t, serving(wrong))])
  const error = await t.throwsAsync(run(), { instanceOf: FetchError })
  t.is(error?.code, 'FETCH_DIGEST')
  t.regex(error!.message, /SHA-256 is [0-9a-f]{64}, expected [0-9a-f]{64}; not kept/)
  t.deepEqual(await readdir(directory), [])
})

test('no mirror answers: each is named with its reason, and what to do by hand', async t => {
  const missing = await mirrorOf(t, (_, response) => response.writeHead(404).end())
  const long = await mirrorOf(t, (_, response) => response.writeHead(200).end(Buffer.alloc(60_000)))
  const { run } = await scene(t, ['http://127.0.0.1:1/', missing, long])
  const error = await t.throwsAsync(run(), { instanceOf: FetchError })
  t.is(error?.code, 'FETCH_UNREACHABLE')
  for (const says of [
    /127\.0\.0\.1:1\/set\.bin: /,
    /answers 404/,
    /sends more than the 50000 bytes/,
    /by hand: set\.bin/,
  ])
    t.regex(error!.message, says)
})

test('a mirror that falls silent is left', async t => {
  const silent = await mirrorOf(t, (_, response) => response.writeHead(200).write(content.subarray(0, 10)))
  const { run, path, notes } = await scene(t, [silent, await mirrorOf(t, serving(content))])
  await run({}, 300)
  t.deepEqual(await readFile(path), content)
  t.regex(notes[0]!, /silent for 0\.3 s/)
})

/** A ustar archive of these members. */
function tarOf(members: Readonly<Record<string, Buffer>>): Buffer {
  const blocks = Object.entries(members).flatMap(([name, bytes]) => {
    const head = Buffer.alloc(512)
    head.write(name, 0)
    head.write(bytes.length.toString(8).padStart(11, '0'), 124)
    head.write(name.endsWith('/') ? '5' : '0', 156)
    return [head, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]
  })
  return Buffer.concat([...blocks, Buffer.alloc(1024)])
}

test('of an archive the members wanted are unpacked, without their folder', async t => {
  const archive = gzipSync(
    tarOf({
      'cifar-10-batches-bin/': Buffer.alloc(0),
      'cifar-10-batches-bin/data_batch_1.bin': Buffer.from('one'),
      'cifar-10-batches-bin/readme.html': Buffer.alloc(700),
      'cifar-10-batches-bin/test_batch.bin': Buffer.alloc(513, 7),
    }),
  )
  const { run, directory } = await scene(t, [await mirrorOf(t, serving(archive))], archive, 'all.tar.gz')
  const { unpack } = catalogue.find(({ name }) => name === 'cifar-10')!
  await run({ unpack: unpack! })
  t.deepEqual((await readdir(directory)).sort(), ['all.tar.gz', 'data_batch_1.bin', 'test_batch.bin'])
  t.is(await readFile(join(directory, 'data_batch_1.bin'), 'utf8'), 'one')
  t.is((await readFile(join(directory, 'test_batch.bin'))).length, 513)
})

test('the catalogue: every digest is one, every mirror an address of a folder', t => {
  for (const { files, mirrors } of catalogue) {
    for (const { sha256 } of files) t.regex(sha256, /^[0-9a-f]{64}$/)
    for (const mirror of mirrors) t.true(URL.canParse(mirror) && mirror.endsWith('/'))
  }
})

test.serial(
  'a proxy that the environment names is gone through, and only then, and not for the hosts of NO_PROXY',
  async t => {
    const asked: string[] = []
    const inside = createServer(serving(content))
    const proxy = await mirrorOf(t, serving(Buffer.from('no tunnel')), (request, socket) => {
      asked.push(request.url!)
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      inside.emit('connection', socket)
    })
    const direct = await mirrorOf(t, serving(content))
    const far = await scene(t, ['http://far.invalid/'])
    await far.run({}, 10_000, { HTTP_PROXY: proxy })
    t.deepEqual(await readFile(far.path), content)
    t.deepEqual(asked, ['far.invalid:80'])
    const near = await scene(t, [direct])
    await near.run({}, 10_000, { http_proxy: proxy, no_proxy: '127.0.0.1' })
    t.deepEqual(await readFile(near.path), content)
    const without = await scene(t, ['http://far.invalid/'])
    await t.throwsAsync(without.run(), { instanceOf: FetchError, message: /no such host/ })
    t.is(asked.length, 1)
  },
)

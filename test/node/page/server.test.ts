/** The page's server: for browsers of this machine, from its own page, and nothing else. */
import { get, request } from 'node:http'
import { connect } from 'node:net'
import test from 'ava'
import { createRecorder } from '../../../node/page/recorder.ts'
import { servePage } from '../../../node/page/server.ts'
import { sampleAbout, sampleEvents } from '../../../scripts/page/samples.ts'

const app = { script: 'console.log(1)', style: 'p { margin: 0 }' }

interface Answer {
  readonly status: number
  readonly headers: NodeJS.Dict<string | string[]>
  readonly text: string
}

/** @param until the answer is read until it holds this; absent: to its end */
function ask(
  url: string,
  options: { method?: string; headers?: Record<string, string> } = {},
  until?: RegExp,
): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  const asked = request(url, options, response => {
    let text = ''
    const done = () => resolve({ status: response.statusCode!, headers: response.headers, text })
    response.setEncoding('utf8').on('data', (part: string) => {
      text += part
      if (until?.test(text)) {
        done()
        asked.destroy()
      }
    })
    response.on('end', done).on('error', () => {})
  })
  asked.on('error', reject)
  asked.end()
  return promise
}

async function served() {
  const recorder = createRecorder(sampleAbout(), { isKept: true })
  const server = await servePage({ app, title: 'A <b>run</b>', port: 0, source: recorder })
  return { recorder, server }
}

/** An answer has begun once the server counts a reader. */
async function followed(server: Awaited<ReturnType<typeof served>>['server']) {
  while (server.readers() === 0) await new Promise(resolve => setImmediate(resolve))
}

test('it listens on the loopback address alone, and gives a page that may fetch from nowhere else', async t => {
  const { server } = await served()
  t.regex(server.url, /^http:\/\/127\.0\.0\.1:\d+\/$/)
  const { status, headers, text } = await ask(server.url)
  t.is(status, 200)
  const policy = String(headers['content-security-policy'])
  t.regex(policy, /default-src 'none'/)
  t.regex(policy, /script-src 'sha256-[\w+/=]+'(;|$)/)
  t.regex(policy, /connect-src 'self'/)
  t.notRegex(policy, /unsafe|\*|https?:/)
  t.true(text.includes('A &lt;b&gt;run&lt;/b&gt;'))
  t.false(text.includes('<b>run'))
  await server.close()
})

test('other hosts, origins, sites and methods are refused, and learn nothing of the run', async t => {
  const { server, recorder } = await served()
  recorder.tell({ kind: 'note', ms: 1, text: 'a secret of the run' })
  const refused: [number, { method?: string; headers?: Record<string, string> }][] = [
    [421, { headers: { host: 'evil.example' } }],
    [421, { headers: { host: `evil.example:${new URL(server.url).port}` } }],
    [421, { headers: { host: '127.0.0.1:1' } }],
    [403, { headers: { origin: 'http://evil.example' } }],
    [403, { headers: { origin: 'null' } }],
    [403, { headers: { origin: 'http://127.0.0.1:1' } }],
    [403, { headers: { 'sec-fetch-site': 'cross-site' } }],
    [403, { headers: { 'sec-fetch-site': 'same-site' } }],
    ...(['POST', 'PUT', 'DELETE', 'OPTIONS', 'HEAD'].map(method => [405, { method }]) as [number, object][]),
  ]
  for (const path of ['', 'events'])
    for (const [status, options] of refused) {
      const answer = await ask(server.url + path, options)
      t.is(answer.status, status, JSON.stringify(options))
      t.false(answer.text.includes('secret'))
      t.is(answer.headers['access-control-allow-origin'], undefined)
    }
  t.is((await ask(`${server.url}../etc/passwd`)).status, 404)
  t.is((await ask(server.url, { headers: { origin: new URL(server.url).origin } })).status, 200)
  await server.close()
})

test('a page that opens late gets the whole run, then each event, and the end of the stream', async t => {
  const { server, recorder } = await served()
  const events = [...sampleEvents({ steps: 10 })]
  const half = events.length >> 1
  for (const event of events.slice(0, half)) recorder.tell(event)
  const late = ask(`${server.url}events`, {})
  await followed(server)
  for (const event of events.slice(half)) recorder.tell(event)
  recorder.flush()
  await server.close()
  const { text, headers } = await late
  t.regex(String(headers['content-type']), /^text\/event-stream/)
  const messages = text
    .split('\n\n')
    .filter(Boolean)
    .map(part => JSON.parse(part.replace(/^data: /, '')))
  t.is(messages[0].kind, 'run')
  t.is(messages[0].document.events, half)
  t.deepEqual(
    messages.slice(1).flatMap(({ events: told }) => told),
    JSON.parse(JSON.stringify(events.slice(half))),
  )
})

test('a text with line ends and markup does not end an event of the stream', async t => {
  const { server, recorder } = await served()
  const text = 'x\n\ndata: {"kind":"run"}\r\n</script><script>alert(1)</script>\u2028\u0000'
  recorder.tell({ kind: 'note', ms: 1, text })
  const answer = await ask(`${server.url}events`, {}, /\n\n/)
  const [first] = answer.text.split('\n\n')
  t.is(JSON.parse(first!.replace(/^data: /, '')).document.notes[0].text, text)
  await server.close()
})

test('it is unread once the last page has gone, and not while one follows or comes back at once', async t => {
  const { server } = await served()
  await server.unread(0)
  const open = () => get(`${server.url}events`).on('error', () => {})
  const first = open()
  await followed(server)
  let isUnread = false
  const unread = server.unread(60_000).then(() => {
    isUnread = true
  })
  const shortly = server.unread(0)
  first.destroy()
  await shortly
  t.is(server.readers(), 0)
  t.false(isUnread, 'a page that is loaded anew is waited for')
  void unread
  await server.close()
})

test('requests that wait behind one another on a socket count once, and leave with it', async t => {
  const { server } = await served()
  const port = Number(new URL(server.url).port)
  const one = `GET /events HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`
  const socket = connect({ host: '127.0.0.1', port }).on('error', () => {})
  socket.write(one.repeat(16))
  await followed(server)
  t.is(server.readers(), 1)
  socket.destroy()
  await server.unread(0)
  t.is(server.readers(), 0)
  await server.close()
})

test('pages that come within a second get the run that was written for the first, and all events since', async t => {
  const { server, recorder } = await served()
  const events = [...sampleEvents({ steps: 4 })]
  const half = events.length >> 1
  for (const event of events.slice(0, half)) recorder.tell(event)
  const first = ask(`${server.url}events`, {})
  await followed(server)
  for (const event of events.slice(half)) recorder.tell(event)
  recorder.flush()
  const second = ask(`${server.url}events`, {})
  while (server.readers() < 2) await new Promise(resolve => setImmediate(resolve))
  await server.close()
  t.is((await second).text, (await first).text)
})

/**
 * Shows a run that goes on: a small HTTP server on this machine's loopback address, for browsers of this machine alone.
 * It gives the page and its stream of events, and takes nothing.
 */
import { EventEmitter, once } from 'node:events'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { LiveMessage, RunEvent } from './events.ts'
import { livePage, livePolicy, type PageApp } from './shell.ts'

// An import of node:http reads all its exports, and one of them loads the whole of fetch: 60 ms that no page needs.
const { createServer } = process.getBuiltinModule('node:http')

/** Where a server gets its run from: a recorder, or a peer's control socket. */
export interface RunSource {
  document(): unknown
  subscribe(listener: (first: number, events: readonly RunEvent[]) => void): () => void
}

export interface PageServer {
  /** `http://127.0.0.1:PORT/` */
  readonly url: string
  /** How many pages follow now. */
  readers(): number
  /** Resolves once no page follows any more, and none has come back for so long. */
  unread(forMs?: number): Promise<void>
  close(): Promise<void>
}

interface ServerOptions {
  readonly app: PageApp
  readonly title: string
  /** 0: any free one. */
  readonly port: number
  readonly source: RunSource
}

/** Pages that may follow at a time. */
const READERS_MAX = 16
/** A page that reads so slowly is sent the run anew once it asks again. A run is a few megabytes. */
const UNREAD_BYTES_MAX = 16 * 1024 * 1024
/** How long the run's text serves pages that come one after the other: it takes long to make. */
const FRESH_MS = 1000
/** A browser sends its request at once. */
const REQUEST_MS = 5000
const LIMITS = {
  headersTimeout: REQUEST_MS,
  requestTimeout: REQUEST_MS,
  connectionsCheckingInterval: 1000,
} as const

/** @throws the system's error, where the port is taken */
export async function servePage(options: ServerOptions): Promise<PageServer> {
  const { app, title, port, source } = options
  const html = livePage(app, title)
  const policy = livePolicy(app)
  const readers = new Set<ServerResponse>()
  const left = new EventEmitter()
  const following: Following = { source, readers, left, sockets: new WeakSet(), run: null, leave: null }
  let own = ''
  const server = createServer(LIMITS, (request, response) => {
    response.on('error', () => {})
    for (const [name, value] of headersOf(policy)) response.setHeader(name, value)
    const refusal = refusalOf(request, own)
    if (refusal !== null) {
      response
        .writeHead(refusal.status, { 'content-type': 'text/plain; charset=utf-8' })
        .end(`${refusal.why}\n`)
      return
    }
    if (request.url === '/events') follow(request, response, following)
    else if (request.url === '/')
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(html)
    else
      response
        .writeHead(404, { 'content-type': 'text/plain; charset=utf-8' })
        .end('There is only the page: /\n')
  })
  server.maxConnections = 4 * READERS_MAX
  await listen(server, port)
  own = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url: `http://${own}/`,
    readers: () => readers.size,
    async unread(forMs = RELOAD_MS) {
      for (;;) {
        while (readers.size > 0) await once(left, 'left')
        await sleep(forMs, undefined, { ref: false }) // the server keeps the process
        if (readers.size === 0) return
      }
    },
    close() {
      for (const reader of readers) reader.end()
      const { promise, resolve } = Promise.withResolvers<void>()
      server.close(() => resolve())
      // What a browser keeps open for later requests must not keep this process.
      server.closeIdleConnections()
      setTimeout(() => server.closeAllConnections(), CLOSE_MS).unref()
      return promise
    },
  }
}

/** A page that is loaded anew is away for a moment. */
const RELOAD_MS = 3000

/** How long a page has to read the last events. */
const CLOSE_MS = 500

function listen(server: Server, port: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen({ port, host: '127.0.0.1' }, () => {
    server.off('error', reject)
    resolve()
  })
  return promise
}

function headersOf(policy: string): readonly (readonly [string, string])[] {
  return [
    ['content-security-policy', policy],
    ['x-content-type-options', 'nosniff'],
    ['referrer-policy', 'no-referrer'],
    ['cross-origin-opener-policy', 'same-origin'],
    ['cross-origin-resource-policy', 'same-origin'],
    ['cache-control', 'no-store'],
  ]
}

interface Refusal {
  readonly status: number
  readonly why: string
}

/**
 * Another site may make a browser of this machine ask here: by a name that it lets point to this address, or from its
 * own pages. Neither learns anything.
 */
function refusalOf({ method, headers }: IncomingMessage, own: string): Refusal | null {
  const port = own.slice(own.indexOf(':'))
  if (headers.host !== own && headers.host !== `localhost${port}`)
    return { status: 421, why: `This page is at http://${own}/ alone.` }
  const { origin } = headers
  if (origin !== undefined && origin !== `http://${headers.host}`)
    return { status: 403, why: 'Pages of other origins may not read this.' }
  const site = headers['sec-fetch-site']
  if (site !== undefined && site !== 'same-origin' && site !== 'none')
    return { status: 403, why: 'Pages of other sites may not read this.' }
  if (method !== 'GET') return { status: 405, why: 'There is nothing to write here: only GET.' }
  return null
}

interface RunText {
  readonly text: string
  readonly untilMs: number
  /** The events after it. */
  readonly since: string[]
}

/**
 * What all pages of a server follow. Each message is made into text once, and the run's own text serves those that come
 * within a second, with the events behind it.
 */
interface Following {
  readonly source: RunSource
  readonly readers: Set<ServerResponse>
  readonly left: EventEmitter
  /** Sockets on which a page follows: one each, as further requests of a socket wait behind an answer that never ends. */
  readonly sockets: WeakSet<Socket>
  run: RunText | null
  leave: (() => void) | null
}

function textOf(message: LiveMessage): string {
  return `data: ${JSON.stringify(message)}\n\n`
}

/** While a page follows, events go to all pages, and behind the run's text. */
function subscribed(state: Following): void {
  state.leave ??= state.source.subscribe((first, events) => {
    const text = textOf({ kind: 'events', first, events })
    if (isFresh(state)) state.run.since.push(text)
    else state.run = null
    for (const reader of state.readers) sendTo(reader, text)
  })
}

function sendTo(reader: ServerResponse, text: string): void {
  // It connects again and gets the run as it is then.
  if (reader.writableLength > UNREAD_BYTES_MAX) reader.destroy()
  else reader.write(text)
}

function isFresh(state: Following): state is Following & { readonly run: RunText } {
  return state.run !== null && performance.now() <= state.run.untilMs
}

function runText(state: Following): string {
  if (isFresh(state)) return state.run.text + state.run.since.join('')
  const text = textOf({ kind: 'run', document: state.source.document() })
  state.run = { text, untilMs: performance.now() + FRESH_MS, since: [] }
  return text
}

function follow(request: IncomingMessage, response: ServerResponse, state: Following): void {
  const { readers, sockets, left } = state
  const { socket } = request
  if (readers.size >= READERS_MAX || sockets.has(socket)) {
    response
      .writeHead(503, { 'content-type': 'text/plain; charset=utf-8' })
      .end('Too many pages follow this run.\n')
    return
  }
  sockets.add(socket)
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
  subscribed(state)
  response.write(runText(state))
  readers.add(response)
  // An answer behind another one on its socket would not hear that the socket has gone.
  socket.once('close', () => {
    readers.delete(response)
    if (readers.size === 0) {
      state.leave?.()
      state.leave = null
      state.run = null
    }
    left.emit('left')
  })
}

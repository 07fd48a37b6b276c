/**
 * Shows a run that goes on: a small HTTP server on this machine's loopback address, for browsers of this machine alone.
 * It gives the page and its stream of events, and takes nothing.
 */
import { EventEmitter, once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { LiveMessage, RunEvent } from './events.ts'
import { livePage, livePolicy, type PageApp } from './shell.ts'

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
/** A page that reads so slowly is sent the run anew once it asks again. */
const UNREAD_BYTES_MAX = 64 * 1024 * 1024

/** @throws the system's error, where the port is taken */
export async function servePage(options: ServerOptions): Promise<PageServer> {
  const { app, title, port, source } = options
  const html = livePage(app, title)
  const policy = livePolicy(app)
  const readers = new Set<ServerResponse>()
  const left = new EventEmitter()
  let own = ''
  const server = createServer((request, response) => {
    response.on('error', () => {})
    for (const [name, value] of headersOf(policy)) response.setHeader(name, value)
    const refusal = refusalOf(request, own)
    if (refusal !== null) {
      response
        .writeHead(refusal.status, { 'content-type': 'text/plain; charset=utf-8' })
        .end(`${refusal.why}\n`)
      return
    }
    if (request.url === '/events') follow(request, response, readers, left, source)
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

function follow(
  request: IncomingMessage,
  response: ServerResponse,
  readers: Set<ServerResponse>,
  left: EventEmitter,
  source: RunSource,
): void {
  if (readers.size >= READERS_MAX) {
    response
      .writeHead(503, { 'content-type': 'text/plain; charset=utf-8' })
      .end('Too many pages follow this run.\n')
    return
  }
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
  const send = (message: LiveMessage) => {
    response.write(`data: ${JSON.stringify(message)}\n\n`)
    // It connects again and gets the run as it is then.
    if (response.writableLength > UNREAD_BYTES_MAX) response.destroy()
  }
  const leave = source.subscribe((first, events) => send({ kind: 'events', first, events }))
  readers.add(response)
  send({ kind: 'run', document: source.document() })
  const gone = () => {
    leave()
    readers.delete(response)
    left.emit('left')
  }
  request.on('close', gone)
  response.on('close', gone)
}

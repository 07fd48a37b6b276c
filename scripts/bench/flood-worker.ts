/**
 * The attacker of the flood benchmark, in a process of its own: sockets that never say a word. It needs no key, and
 * works whether or not anyone listens.
 */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export interface FloodAssignment {
  readonly ports: readonly number[]
  /** Addresses of this machine that the sockets come from. */
  readonly sources: readonly string[]
  readonly attack:
    | { readonly kind: 'rate'; readonly perSecond: number }
    /** How many are open at each port all the time: a closed one is opened again. */
    | { readonly kind: 'held'; readonly perPort: number }
}

/** Sockets that were opened, whether anyone listened or not, and for how long this went on. */
export interface FloodReport {
  readonly opened: number
  readonly seconds: number
}

const TICK_MS = 5
const REOPEN_AFTER_MS = 100
/** Below the limit of files of most systems; the oldest are dropped first. */
const OPEN_MAX = 15_000

process.once('disconnect', () => process.exit())
const [{ ports, sources, attack }] = (await once(process, 'message')) as [FloodAssignment]
const open = new Set<Socket>()
let opened = 0
const startedMs = performance.now()

function openSocket(port: number, onClose: () => void): void {
  const localAddress = sources[opened++ % sources.length]!
  const socket = connect({ port, host: '127.0.0.1', localAddress })
  open.add(socket)
  if (open.size > OPEN_MAX) open.values().next().value?.destroy()
  socket.on('error', () => {})
  socket.on('close', () => {
    open.delete(socket)
    onClose()
  })
  // Without this the end of the other side is never noticed.
  socket.resume()
}

if (attack.kind === 'rate')
  setInterval(() => {
    const due = ((performance.now() - startedMs) / 1000) * attack.perSecond
    // Each source meets each port.
    while (opened < due) openSocket(ports[Math.floor(opened / sources.length) % ports.length]!, () => {})
  }, TICK_MS)
else {
  const hold = (port: number): void => openSocket(port, () => void setTimeout(hold, REOPEN_AFTER_MS, port))
  for (const port of ports) for (let i = 0; i < attack.perPort; i++) hold(port)
}
process.once('message', () =>
  process.send!({ opened, seconds: (performance.now() - startedMs) / 1000 } satisfies FloodReport),
)

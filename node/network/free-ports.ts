/** Ports of this machine for peers that are about to start. */
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:net'

/** Below the ports that systems use for outgoing connections, so that no connection takes one before the peer does. */
const LOWEST = 10_000
const HIGHEST = 32_000
const ATTEMPTS_MAX = 1000

/** This many different ports that are free on the loopback address at the moment. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = new Map<number, Server>()
  try {
    for (let attempt = 0; servers.size < count; attempt++) {
      if (attempt === ATTEMPTS_MAX + count)
        throw new Error(`found only ${servers.size} of ${count} free ports between ${LOWEST} and ${HIGHEST}`)
      const port = randomInt(LOWEST, HIGHEST)
      if (servers.has(port)) continue
      const server = createServer().listen(port, '127.0.0.1')
      const isFree = await once(server, 'listening').then(
        () => true,
        () => false,
      )
      if (isFree) servers.set(port, server)
    }
    return [...servers.keys()]
  } finally {
    await Promise.all([...servers.values()].map(server => new Promise(resolve => server.close(resolve))))
  }
}

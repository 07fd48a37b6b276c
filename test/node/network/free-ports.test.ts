/** Free ports: as many as asked for, all different, none that somebody has. */
import { once } from 'node:events'
import { createServer } from 'node:net'
import test from 'ava'
import { freePorts } from '../../../node/network/free-ports.ts'

test('as many different ports as asked for, each of which can be had', async t => {
  const ports = await freePorts(50)
  t.is(new Set(ports).size, 50)
  for (const port of ports.slice(0, 10)) {
    const server = createServer().listen(port, '127.0.0.1')
    await once(server, 'listening')
    t.teardown(() => server.close())
  }
  t.true(
    ports.every(port => port < 32_768),
    'no port that the system gives to outgoing connections',
  )
})

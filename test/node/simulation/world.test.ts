/** Virtual time and links: the promises of the simulated world, and its freedoms. */
import test from 'ava'
import { randomStream } from '../../../learning/random.ts'
import { wholeFrame } from '../../../node/network/framing.ts'
import type { Transport } from '../../../node/ports.ts'
import { calmConditions, extraDelay } from '../../../node/simulation/conditions.ts'
import { createLatency, type LatencyModel, latencyMaxMs } from '../../../node/simulation/latency.ts'
import { createNetwork, type NetworkOptions } from '../../../node/simulation/network.ts'
import { createWorld } from '../../../node/simulation/world.ts'

test('events run in order of time, then of arrival; cancelled ones do not', t => {
  const world = createWorld()
  const seen: string[] = []
  world.after(5, () => seen.push('late'))
  world.after(1, () => seen.push('first'))
  world.at(1, () => seen.push('second'))
  world.after(1, () => seen.push('never')).cancel()
  t.deepEqual(world.runSync(), { reason: 'quiet', events: 3 })
  t.deepEqual(seen, ['first', 'second', 'late'])
  t.is(world.nowMs(), 5)
})

test('a run ends by its limits, and a world that waits for real work says so', async t => {
  const world = createWorld()
  for (let i = 1; i <= 4; i++) world.after(i, () => {})
  t.is(world.runSync({ maxEvents: 1 }).reason, 'events')
  t.is(world.runSync({ maxTimeMs: 2 }).reason, 'time')
  t.is(world.runSync({ until: () => world.nowMs() >= 3 }).reason, 'done')
  world.afterWork(0, Promise.reject(new Error('broke')), value => t.true(value instanceof Error))
  t.throws(() => world.runSync(), { message: /use run\(\)/ })
  const other = createWorld()
  other.afterWork(7, Promise.resolve('done'), value => t.is(value, 'done'))
  t.is((await other.run()).events, 1)
})

interface Heard {
  readonly frames: string[]
  readonly events: string[]
}

function pair(options: Partial<NetworkOptions> = {}) {
  const world = createWorld()
  const network = createNetwork({ world, peers: 2, latencyMs: () => 1, bytesPerMs: Infinity, ...options })
  const heard: Heard[] = []
  const transports: Transport[] = []
  const open = (self: number) => {
    const own: Heard = { frames: [], events: [] }
    heard[self] = own
    transports[self] = network.attach(self)
    transports[self].start({
      connected: peer => own.events.push(`+${peer}`),
      disconnected: peer => own.events.push(`-${peer}`),
      frame: () => wholeFrame(frame => own.frames.push(Buffer.concat(frame).toString())),
      drained: peer => own.events.push(`~${peer}`),
      fault: (_, kind) => own.events.push(kind),
    })
  }
  open(0)
  open(1)
  world.runSync()
  const say = (text: string) => transports[0]!.send(1, [Buffer.from(text)])
  return { world, network, heard, transports, open, say }
}

test('between events a run waits for what its caller has it wait for, and then goes on in the same order', async t => {
  const world = createWorld()
  const seen: string[] = []
  for (let i = 1; i <= 3; i++) world.after(i, () => seen.push(`event ${i}`))
  let asked = 0
  const other = () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    setImmediate(() => {
      seen.push('other work')
      resolve()
    })
    return promise
  }
  await world.run({ pause: () => (++asked === 2 ? other() : null) })
  t.deepEqual(seen, ['event 1', 'other work', 'event 2', 'event 3'])
})

test('frames of a link stay in order, whatever their delays', t => {
  const random = randomStream(1, 'test')
  const { world, heard, say } = pair({
    extraMs: extraDelay({ ...calmConditions, loss: 0.5, jitterMs: 50 }, random),
  })
  const words = Array.from({ length: 200 }, (_, i) => `${i}`)
  for (const word of words) {
    say(word)
    world.runSync({ maxTimeMs: world.nowMs() + 0.1 })
  }
  world.runSync()
  t.deepEqual(heard[1]!.frames, words)
  t.true(world.nowMs() > 200, 'a lost frame is resent by the transport, later')
})

test('bandwidth delays frames, and a broken link loses those in flight', t => {
  const { world, network, heard, say } = pair({ bytesPerMs: 1 })
  say('x'.repeat(100))
  const before = world.nowMs()
  world.runSync()
  t.is(world.nowMs() - before, 101)
  say('lost')
  network.setAllowed(0, 1, false)
  t.false(say('refused'))
  world.runSync()
  network.setAllowed(0, 1, true)
  world.runSync()
  say('heard')
  world.runSync()
  t.deepEqual(heard[1]!.frames.slice(1), ['heard'])
  t.deepEqual(heard[1]!.events, ['+0', '-0', '+0'])
})

test('a full socket refuses frames, and reports when the receiver has read all that waited', t => {
  const { world, heard, transports, say } = pair({ queueBytesMax: 10 })
  transports[1]!.pause(0)
  t.deepEqual(
    ['12345', '678901', 'x'].map(say),
    [true, true, false],
    'frames that begin below the limit are taken',
  )
  world.runSync()
  t.false(say('y'), 'frames count until they are read')
  transports[1]!.resume(0)
  world.runSync()
  t.deepEqual(heard[0]!.events, ['+1', '~1'])
  t.true(say('z'))
  world.runSync()
  t.deepEqual(heard[1]!.frames, ['12345', '678901', 'z'])
  t.deepEqual(heard[0]!.events, ['+1', '~1'], 'no frame was refused since')
})

test('a connection that breaks takes a full socket with it', t => {
  const { world, network, heard, transports, say } = pair({ queueBytesMax: 1 })
  transports[1]!.pause(0)
  t.deepEqual(['a', 'b'].map(say), [true, false])
  network.setAllowed(0, 1, false)
  network.setAllowed(0, 1, true)
  world.runSync()
  t.true(say('c'))
  world.runSync()
  t.deepEqual(heard[1]!.frames, ['c'])
  t.deepEqual(heard[0]!.events, ['+1', '-1', '+1'])
})

test('frames held by a stall arrive in order at its end, over the same connection; no new one comes up', t => {
  const { world, network, heard, say } = pair()
  network.setStalled(0, 1, true)
  network.setStalled(0, 1, true)
  for (const word of ['one', 'two']) say(word)
  world.runSync()
  network.setStalled(0, 1, false)
  world.runSync()
  t.deepEqual(heard[1]!.frames, [])
  network.setStalled(0, 1, false)
  world.runSync()
  t.deepEqual(heard[1]!.frames, ['one', 'two'])
  t.deepEqual(heard[1]!.events, ['+0'])
  network.setAllowed(0, 1, false)
  network.setStalled(0, 1, true)
  network.setAllowed(0, 1, true)
  world.runSync()
  t.deepEqual(heard[1]!.events, ['+0', '-0'])
  network.setStalled(0, 1, false)
  world.runSync()
  t.deepEqual(heard[1]!.events, ['+0', '-0', '+0'])
})

test('a paused peer gets everything afterwards, in order; a held link waits', t => {
  const { world, network, heard, transports, say } = pair()
  network.setPaused(1, true)
  say('one')
  say('two')
  world.runSync()
  t.deepEqual(heard[1]!.frames, [])
  network.setPaused(1, false)
  t.deepEqual(heard[1]!.frames, ['one', 'two'])
  transports[1]!.pause(0)
  say('three')
  world.runSync()
  t.is(heard[1]!.frames.length, 2)
  transports[1]!.resume(0)
  say('four')
  world.runSync()
  t.deepEqual(heard[1]!.frames, ['one', 'two', 'three', 'four'])
})

test('a crashed peer gets nothing; its next incarnation does, and the earlier transport is dead', t => {
  const { world, network, heard, transports, open, say } = pair()
  network.detach(1)
  t.false(say('nobody'))
  const old = transports[1]!
  open(1)
  world.runSync()
  t.true(say('again'))
  world.runSync()
  t.deepEqual(heard[1]!.frames, ['again'])
  t.false(old.send(0, [Buffer.from('ghost')]))
})

test('a frame beyond the limit is a fault, and costs the connection for a while', t => {
  const { world, heard, say } = pair({ frameBytesMax: 10 })
  say('far too long a frame')
  world.runSync()
  t.deepEqual(heard[1]!.events, ['+0', 'oversize', '-0', '+0'])
  t.deepEqual(heard[1]!.frames, [])
})

test('latency: every model stays within its bounds, and the wide area is symmetric in the mean', t => {
  const models: LatencyModel[] = [
    { kind: 'constant', ms: 3 },
    { kind: 'uniform', minMs: 1, maxMs: 4 },
    { kind: 'around', meanMs: 4 },
    { kind: 'log-normal', medianMs: 10, sigma: 0.5 },
    { kind: 'lan' },
    { kind: 'wan' },
  ]
  for (const model of models) {
    const latency = createLatency(model, randomStream(1, model.kind))
    const drawn = Array.from({ length: 1000 }, (_, i) => latency(i % 10, (i * 7 + 3) % 10))
    t.true(Math.min(...drawn) > 0)
    t.true(Math.max(...drawn) <= latencyMaxMs(model))
  }
  const wan = createLatency({ kind: 'wan' }, randomStream(1, 'wan'))
  const near = wan(3, 4)
  t.true(near >= 13 / 2 && near <= (13 / 2) * 1.05, 'Frankfurt to London and back: 13 ms')
  t.true(wan(7, 9) > 160, 'Sydney to São Paulo')
})

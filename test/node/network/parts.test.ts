/** The parts of the transport that need no network: hello, back-off, cipher, the guard in front of Yamux. */
import { randomBytes } from 'node:crypto'
import { defaultCrypto } from '@chainsafe/libp2p-noise/crypto'
import { generateKeyPair } from '@libp2p/crypto/keys'
import test from 'ava'
import fc from 'fast-check'
import { Uint8ArrayList } from 'uint8arraylist'
import { createTokenBuckets } from '../../../node/network/connection-budget.ts'
import {
  BACKOFF_LAST_MS,
  CONNECTION_BUDGET_INTERVAL_MS,
  CONNECTION_BUDGET_MAX,
  FRAME_CREDIT_MAX,
  FRAME_CREDIT_PER_SECOND,
  FRAME_DEBT_MAX,
  FRAME_PRICE_PING,
  FRAME_PRICE_STREAM,
  HURRY_INTERVAL_MS,
  PATIENCE_MS,
  STEADY_AFTER_MS,
} from '../../../node/network/constants.ts'
import { createFrameBudget, yamuxPrice } from '../../../node/network/frame-budget.ts'
import { decodeHello, encodeHello } from '../../../node/network/hello.ts'
import { noiseCrypto } from '../../../node/network/noise-crypto.ts'
import { signingOnce } from '../../../node/network/noise-keys.ts'
import { createPeerLog } from '../../../node/network/quiet-log.ts'
import { backoffMs, createRedial } from '../../../node/network/redial.ts'
import { oversizeDetector } from '../../../node/network/yamux-guard.ts'
import { isPrintable } from '../../../node/text/printable.ts'
import { manualClock, recordingLog } from './support.ts'

test('a hello comes back as it was sent', t => {
  const hello = { cohortId: 'c0ffee', name: 'Ada', software: 'concord/0.1.0' }
  t.deepEqual(decodeHello(encodeHello(hello)), hello)
  t.deepEqual(decodeHello([...encodeHello(hello)[0]!].map(byte => Uint8Array.of(byte))), hello)
})

test('whatever arrives as a hello is one that is safe to print, or none', t => {
  t.is(decodeHello([]), null)
  t.is(decodeHello(encodeHello({ cohortId: '', name: 'x', software: '' })), null)
  const nasty = { cohortId: 'c0ffee', name: '\u001b[31mred\nline\u202e', software: 'x'.repeat(500) }
  t.deepEqual(decodeHello(encodeHello(nasty)), {
    cohortId: 'c0ffee',
    name: '\\x1b[31mred\\nline\\u202e',
    software: 'x'.repeat(100),
  })
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
      const hello = decodeHello([bytes])
      t.true(hello === null || isPrintable(hello.cohortId + hello.name + hello.software))
    }),
    { numRuns: 1000 },
  )
})

/** A redial whose dials are recorded and answered by hand. */
function redialing(self: number) {
  const clock = manualClock()
  const dials: { readonly peer: number; readonly atMs: number; fail(): void }[] = []
  const redial = createRedial({
    self,
    faults: 1,
    clock,
    random: () => 0.5,
    dial: peer =>
      new Promise(resolve => dials.push({ peer, atMs: clock.nowMs(), fail: () => resolve(false) })),
  })
  return { clock, dials, redial }
}
const settled = () => new Promise(resolve => setImmediate(resolve))

test('the lower index dials at once, the higher after some patience', t => {
  const { clock, dials, redial } = redialing(1)
  redial.want(2)
  redial.want(0)
  clock.advance(0)
  t.deepEqual(
    dials.map(({ peer }) => peer),
    [2],
  )
  clock.advance(PATIENCE_MS)
  t.deepEqual(
    dials.map(({ peer }) => peer),
    [2, 0],
  )
})

test('failures back off, doubling up to a limit, and success begins anew', async t => {
  const { clock, dials, redial } = redialing(0)
  redial.want(1)
  for (let i = 0; i < 12; i++) {
    clock.advance(i === 0 ? 0 : BACKOFF_LAST_MS)
    t.is(dials.length, i + 1)
    clock.advance(BACKOFF_LAST_MS)
    t.is(dials.length, i + 1, 'one dial of a peer at a time')
    dials[i]!.fail()
    await settled()
  }
  redial.settle(1)
  clock.advance(10 * BACKOFF_LAST_MS)
  t.is(dials.length, 12)
  redial.want(1)
  clock.advance(0)
  t.is(dials.length, 13)
  const delays = Array.from({ length: 12 }, (_, i) => backoffMs(i + 1, () => 0.5))
  t.deepEqual(delays.slice(0, 7), [200, 400, 800, 1600, 3200, 6400, 12800])
  t.true(delays.slice(7).every(delay => delay === BACKOFF_LAST_MS))
  t.is(
    backoffMs(1, () => 0),
    100,
  )
})

test('news of an address cuts the wait short; a stopped redial dials nobody', async t => {
  const { clock, dials, redial } = redialing(0)
  redial.want(1)
  for (let i = 0; i < 8; i++) {
    clock.advance(BACKOFF_LAST_MS)
    dials[i]!.fail()
    await settled()
  }
  redial.hurry(1)
  redial.hurry(2)
  clock.advance(HURRY_INTERVAL_MS - 1)
  t.is(dials.length, 8, 'constant lies about addresses do not make this peer dial as often')
  clock.advance(1)
  t.deepEqual(
    dials.slice(8).map(({ peer }) => peer),
    [1],
  )
  redial.stop()
  dials[8]!.fail()
  await settled()
  clock.advance(10 * BACKOFF_LAST_MS)
  t.is(dials.length, 9)
})

test('a pair that comes and goes is dialled ever more rarely; one that lasted, at once', async t => {
  const { clock, dials, redial } = redialing(0)
  const comeAndGo = async (lastsMs: number) => {
    const before = dials.length
    redial.want(1)
    const start = clock.nowMs()
    while (dials.length === before) clock.advance(50)
    redial.settle(1)
    dials.at(-1)!.fail()
    await settled()
    clock.advance(lastsMs)
    return clock.nowMs() - lastsMs - start
  }
  const waits: number[] = []
  for (let i = 0; i < 9; i++) waits.push(await comeAndGo(100))
  t.deepEqual(waits.slice(0, 5), [50, 200, 400, 800, 1600])
  t.is(waits.at(-1), BACKOFF_LAST_MS)
  await comeAndGo(STEADY_AFTER_MS)
  t.is(await comeAndGo(100), 50)
})

test('news that would come later than the next dial changes nothing', async t => {
  const { clock, dials, redial } = redialing(0)
  redial.want(1)
  clock.advance(0)
  dials[0]!.fail()
  await settled()
  redial.hurry(1)
  clock.advance(200)
  t.is(dials.length, 2)
  t.deepEqual(redial.missing(), [1])
  redial.settle(1)
  t.deepEqual(redial.missing(), [])
})

test('a member may connect some times at once, and then now and then', t => {
  const clock = manualClock()
  const { take: allowed } = createTokenBuckets<number>(clock)
  const inARow = () => {
    let count = 0
    while (count < 100 && allowed(3)) count++
    return count
  }
  t.is(inARow(), CONNECTION_BUDGET_MAX)
  t.true(allowed(4), 'each has its own')
  clock.advance(CONNECTION_BUDGET_INTERVAL_MS)
  t.is(inARow(), 1)
  clock.advance(1000 * CONNECTION_BUDGET_INTERVAL_MS)
  t.is(inARow(), CONNECTION_BUDGET_MAX)
})

test('what cost more is charged more, and a source that stops is welcome again', t => {
  const clock = manualClock()
  const allowance = createTokenBuckets<number>(clock, { max: 4, intervalMs: 100, keysMax: 10 })
  t.true(allowance.take(3))
  allowance.charge(3, 2)
  t.true(allowance.take(3))
  t.false(allowance.has(3))
  t.true(allowance.has(4))
  t.false(allowance.take(3))
  allowance.charge(3, 1000)
  clock.advance(499)
  t.false(allowance.take(3))
  clock.advance(1)
  t.true(allowance.take(3))
})

test('a new source takes the place of the one that was counted the longest ago', t => {
  const allowance = createTokenBuckets<string>(manualClock(), { max: 1, intervalMs: 100, keysMax: 2 })
  t.true(allowance.take('a'))
  t.true(allowance.take('b'))
  t.false(allowance.take('a'))
  t.true(allowance.take('c'))
  t.false(allowance.has('a'), 'it was counted again, although it got nothing')
  t.true(allowance.has('b'), 'it is forgotten')
})

test('what repeats itself is logged at once, and then once a minute with a count', t => {
  const clock = manualClock()
  const { lines, ...log } = recordingLog()
  const peers = createPeerLog(log, clock, peer => ['ada', 'bob', 'cleo'][peer]!)
  for (let second = 0; second < 150; second++) {
    peers.warn(1, 'clock', `a at ${second}`)
    if (second === 10) peers.warn(2, 'clock', 'b')
    clock.advance(1000)
  }
  t.deepEqual(
    lines.map(({ text }) => text),
    [
      'a at 0',
      'b',
      'a at 60 (and 59 more since the last such line)',
      'a at 120 (and 59 more since the last such line)',
    ],
  )
  clock.advance(100_000)
  peers.warn(2, 'clock', 'b again')
  t.is(lines.at(-1)!.text, 'b again')
  peers.rest()
  t.is(lines.at(-1)!.text, 'bob: 29 lines about "clock" were left out')
})

test('a stranger under a thousand names has one line, and a peer that comes and goes has a few', t => {
  const { lines, ...log } = recordingLog()
  const peers = createPeerLog(log, manualClock(), String)
  for (let i = 0; i < 1000; i++) {
    peers.fault(null, 'stranger', `refused ${i}`, { id: String(i) })
    peers.info(3, 'connected', 'connected')
    peers.info(3, 'disconnected', 'disconnected')
  }
  t.is(lines.length, 1 + 3 + 3)
  t.is(lines[0]!.text, 'refused 0')
})

test('honest frames are never waited for; streams and pings without end are, and more at once is refused', t => {
  const frameBudget = createFrameBudget()
  let nowMs = 0
  const rest = () => frameBudget.restMs(nowMs)
  // What fits into a read of 64 KiB at most, twice a second: frames of one byte.
  for (let i = 0; i < 100; i++, nowMs += 500) {
    for (let frame = 0; frame < 65_536 / 13; frame++) frameBudget.pay(yamuxPrice(0, false))
    t.is(rest(), 0)
  }
  nowMs += 10_000
  t.is(rest(), 0)
  for (let i = 0; i < FRAME_CREDIT_MAX / FRAME_PRICE_STREAM; i++) frameBudget.pay(yamuxPrice(1, true))
  t.is(rest(), 0)
  frameBudget.pay(yamuxPrice(1, true))
  t.is(rest(), (1000 * FRAME_PRICE_STREAM) / FRAME_CREDIT_PER_SECOND)
  nowMs += rest()!
  t.is(rest(), 0)
  for (let i = 0; i <= FRAME_DEBT_MAX / FRAME_PRICE_PING; i++) frameBudget.pay(yamuxPrice(2, false))
  t.is(rest(), null)
})

test('after a long silence a connection may bring no more frames at once than at first', t => {
  const frameBudget = createFrameBudget()
  const burst = (price: number, nowMs: number) => {
    frameBudget.pay(price)
    return frameBudget.restMs(nowMs)
  }
  t.is(burst(0, 0), 0)
  t.is(burst(FRAME_CREDIT_MAX, 1e6), 0)
  t.is(burst(FRAME_CREDIT_MAX + FRAME_PRICE_PING, 2e6), (1000 * FRAME_PRICE_PING) / FRAME_CREDIT_PER_SECOND)
  t.is(burst(FRAME_CREDIT_MAX + FRAME_DEBT_MAX + 1, 3e6), null)
})

test('the cipher is the library’s, byte for byte, in both directions and however the bytes are cut', t => {
  const key = new Uint8Array(randomBytes(32))
  const ad = new Uint8Array(0)
  for (const size of [0, 1, 1199, 1200, 5000, 65_519]) {
    const nonce = new Uint8Array(randomBytes(12))
    const plain = new Uint8Array(randomBytes(size))
    const cut = Math.floor(size / 3)
    for (const input of [plain, new Uint8ArrayList(plain.subarray(0, cut), plain.subarray(cut))]) {
      const sealed = noiseCrypto.chaCha20Poly1305Encrypt(input as Uint8Array, nonce, ad, key).subarray()
      t.true(
        Buffer.from(sealed).equals(defaultCrypto.chaCha20Poly1305Encrypt(plain, nonce, ad, key).subarray()),
      )
      const joined = sealed.slice(0, size)
      const pieces = new Uint8ArrayList(sealed.slice(0, cut), sealed.slice(cut)) as unknown as Uint8Array
      for (const ciphertext of [sealed, pieces]) {
        const opened = noiseCrypto.chaCha20Poly1305Decrypt(ciphertext, nonce, ad, key, joined.slice())
        t.true(Buffer.from(opened.subarray()).equals(plain))
      }
      const forged = sealed.slice()
      forged[sealed.length - 1]! ^= 1
      t.throws(() => noiseCrypto.chaCha20Poly1305Decrypt(forged, nonce, ad, key, forged.slice(0, size)))
    }
  }
})

test('two sides share the key that they share by the library, each time, and however its bytes came', t => {
  const [own, theirs] = [noiseCrypto.generateX25519KeyPair(), defaultCrypto.generateX25519KeyPair()]
  const [fresh, received] = [
    own.privateKey.slice(),
    new Uint8ArrayList(theirs.publicKey.subarray()) as unknown as Uint8Array,
  ]
  const shared = defaultCrypto.generateX25519SharedKey(theirs.privateKey, own.publicKey)
  for (const mine of [own.privateKey, fresh])
    for (const their of [theirs.publicKey, received, received])
      t.deepEqual(noiseCrypto.generateX25519SharedKey(mine, their), shared)
  t.throws(() => noiseCrypto.generateX25519SharedKey(own.privateKey, new Uint8Array(32)))
})

test('a key signs the same message once, and any other by itself', async t => {
  const key = await generateKeyPair('Ed25519')
  let signed = 0
  const counted = Object.create(key, {
    sign: { value: (bytes: Uint8Array) => [signed++, key.sign(bytes)][1] },
  })
  const once = signingOnce(counted)
  const [first, second] = [Buffer.from('first'), Buffer.from('second')]
  for (const message of [first, Buffer.from(first), new Uint8ArrayList(first)])
    t.deepEqual(await once.sign(message), await key.sign(first))
  t.is(signed, 1)
  for (const message of [second, first]) t.true(await key.publicKey.verify(message, await once.sign(message)))
  t.is(signed, 3)
  t.true(once.publicKey.equals(key.publicKey))
})

/** A Yamux data frame's header, and a body. */
function yamuxFrame(type: number, length: number): Buffer {
  const header = Buffer.alloc(12)
  header[1] = type
  header.writeUInt32BE(length, 8)
  return type === 0 ? Buffer.concat([header, Buffer.alloc(length, 255)]) : header
}

test('a data frame above the window is seen at its header, and nothing else is taken for one', t => {
  const frames = fc.array(fc.tuple(fc.constantFrom(0, 1, 2, 3), fc.integer({ min: 0, max: 50 })), {
    maxLength: 10,
  })
  const sizes = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 5 })
  fc.assert(
    fc.property(frames, fc.boolean(), sizes, (good, withBad, cut) => {
      const parts = good.map(([type, length]) => yamuxFrame(type, type === 0 ? length : 0xffffffff))
      if (withBad) parts.push(yamuxFrame(0, 51).subarray(0, 12))
      const bytes = Buffer.concat(parts)
      const isOversize = oversizeDetector(50)
      let seen = false
      for (let start = 0, i = 0; start < bytes.length; start += cut[i++ % cut.length]!)
        seen = isOversize(bytes.subarray(start, start + cut[i % cut.length]!)) || seen
      t.is(seen, withBad)
    }),
  )
})

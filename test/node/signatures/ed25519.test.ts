/** Ed25519: the published vectors, and one answer from both implementations whatever is asked. */
import test from 'ava'
import fc from 'fast-check'
import nacl from 'tweetnacl'
import { isStrictPoint, isStrictSignature, nativeIfAny, portable } from '../../../node/signatures/index.ts'

const native = nativeIfAny!
const both = [native, portable]
const bytes = (hexadecimal: string) => new Uint8Array(Buffer.from(hexadecimal, 'hex'))

/** RFC 8032, §7.1, tests 1 to 3: seed, public key, message, signature. */
const RFC_8032 = [
  [
    '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    '',
    'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  ],
  [
    '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
    '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    '72',
    '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  ],
  [
    'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
    'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    'af82',
    '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  ],
].map(row => row.map(bytes) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array])

test('the vectors of RFC 8032 come out of both implementations', t => {
  for (const { publicKey, sign, verify } of both)
    for (const [seed, key, message, signature] of RFC_8032) {
      t.deepEqual(publicKey(seed), key)
      t.deepEqual(sign(seed, message), signature)
      t.true(verify(key, message, signature))
    }
})

/**
 * The test vectors published with "Taming the many EdDSAs" (Chalkias, Garillot, Nikolaenko, 2020), in its order:
 * message, key, signature, and what our criterion says of it.
 */
const TAMING = [
  // 0 to 2: A, or R, or both of small order
  [
    '8c93255d71dcab10e8f379c26200f3c7bd5f09d9bc3068d3ef4edeb4853022b6',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a0000000000000000000000000000000000000000000000000000000000000000',
    false,
  ],
  [
    '9bd9f44f4dcc75bd531b56b2cd280b0bb38fc1cd6d1230e14861d861de092e79',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
    'f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43a5bb704786be79fc476f91d3f3f89b03984d8068dcf1bb7dfc6637b45450ac04',
    false,
  ],
  [
    'aebf3f2601a0c8c5d39cc7d8911642f740b78168218da8471772b35f9d35b9ab',
    'f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa8c4bd45aecaca5b24fb97bc10ac27ac8751a7dfe1baff8b953ec9f5833ca260e',
    false,
  ],
  // 3: A and R of mixed order, the equation holds without cofactor
  [
    '9bd9f44f4dcc75bd531b56b2cd280b0bb38fc1cd6d1230e14861d861de092e79',
    'cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d',
    '9046a64750444938de19f227bb80485e92b83fdb4b6506c160484c016cc1852f87909e14428a7a1d62e9f22f3d3ad7802db02eb2e688b6c52fcd6648a98bd009',
    true,
  ],
  // 4 and 5: it holds only with cofactor
  [
    'e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec4011eaccd55b53f56c',
    'cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d',
    '160a1cb0dc9c0258cd0a7d23e94d8fa878bcb1925f2c64246b2dee1796bed5125ec6bc982a269b723e0668e540911a9a6a58921d6925e434ab10aa7940551a09',
    false,
  ],
  [
    'e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec4011eaccd55b53f56c',
    'cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d',
    '21122a84e0b5fca4052f5b1235c80a537878b38f3142356b2c2384ebad4668b7e40bc836dac0f71076f9abe3a53f9c03c1ceeeddb658d0030494ace586687405',
    false,
  ],
  // 6 and 7: S ≥ L
  [
    '85e241a07d148b41e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec40',
    '442aad9f089ad9e14647b1ef9099a1ff4798d78589e66f28eca69c11f582a623',
    'e96f66be976d82e60150baecff9906684aebb1ef181f67a7189ac78ea23b6c0e547f7690a0e2ddcd04d87dbc3490dc19b3b3052f7ff0538cb68afb369ba3a514',
    false,
  ],
  [
    '85e241a07d148b41e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec40',
    '442aad9f089ad9e14647b1ef9099a1ff4798d78589e66f28eca69c11f582a623',
    '8ce5b96c8f26d0ab6c47958c9e68b937104cd36e13c33566acd2fe8d38aa19427e71f98a473474f2f13f06f97c20d58cc3f54b8bd0d272f42b695dd7e89a8c22',
    false,
  ],
  // 8 and 9: R not canonical
  [
    'fdaebc429f4a735932a160da1301080c13280eea8bc280d1b392c6b9e6ba3a5a',
    'f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43',
    'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f454d370c8d9fc323a41450f8d513eafeb5b0697390c1e505a0d4ddc71f566607',
    false,
  ],
  [
    '84b698d39be126ff55fe45079e6c8bf64a0d7db6994560b4e96b7021eb39c1a1',
    'f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43',
    'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f084d5b99c2a9463d9c8bd5026916996984eeec87ddf1d3be329006ace1b37b09',
    false,
  ],
] as const

test('the cases of "Taming the many EdDSAs" are decided alike, by our criterion', t => {
  for (const { name, verify } of both)
    for (const [index, [message, key, signature, valid]] of TAMING.entries())
      t.is(verify(bytes(key), bytes(message), bytes(signature)), valid, `${name}, case ${index}`)
})

test('tweetnacl alone takes what the runtime refuses: the criterion is needed', t => {
  const taken = TAMING.flatMap(([message, key, signature], index) =>
    nacl.sign.detached.verify(bytes(message), bytes(signature), bytes(key)) ? [index] : [],
  )
  t.true(taken.includes(6))
  t.true(taken.includes(0))
})

/** Every encoding of a point of order 1, 2, 4 or 8, canonical or not (the paper's Table 6). */
const SMALL_ORDER = [
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '0000000000000000000000000000000000000000000000000000000000000080',
  '0000000000000000000000000000000000000000000000000000000000000000',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
  '0100000000000000000000000000000000000000000000000000000000000080',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
].map(bytes)

test('no point of small order is a key, nor the R of a signature', t => {
  for (const point of SMALL_ORDER) {
    t.false(isStrictPoint(point))
    t.false(isStrictSignature(new Uint8Array(Buffer.concat([point, new Uint8Array(32)]))))
  }
  t.true(isStrictPoint(RFC_8032[0]![1]))
  t.true(isStrictSignature(RFC_8032[0]![3]))
})

const L = 2n ** 252n + 27742317777372353535851937790883648493n

/** The signature with `S + k·L` for `S`: valid for who reduces S, another signature for the same bytes. */
function malleated(signature: Uint8Array, k: bigint): Uint8Array | null {
  const s = BigInt(`0x${Buffer.from(signature.subarray(32)).reverse().toString('hex')}`) + k * L
  if (s >= 2n ** 256n) return null
  const copy = signature.slice()
  copy.set(Buffer.from(s.toString(16).padStart(64, '0'), 'hex').reverse(), 32)
  return copy
}

test('a signature cannot be changed into another one', t => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      fc.uint8Array(),
      fc.bigInt(1n, 14n),
      (seed, message, k) => {
        const signature = native.sign(seed, message)
        const key = native.publicKey(seed)
        const other = malleated(signature, k)
        for (const { verify } of both) {
          t.true(verify(key, message, signature))
          t.false(other !== null && verify(key, message, other))
        }
      },
    ),
    { numRuns: 15 },
  )
})

test('both implementations agree on damaged keys, messages and signatures', t => {
  const [seed, key, message, signature] = RFC_8032[2]!
  t.deepEqual(portable.sign(seed, message), signature)
  const flips = fc.array(
    fc.tuple(fc.constantFrom('key', 'message', 'signature'), fc.nat(63), fc.integer({ min: 0, max: 255 })),
    { minLength: 1, maxLength: 3 },
  )
  fc.assert(
    fc.property(flips, changes => {
      const parts = { key: key.slice(), message: message.slice(), signature: signature.slice() }
      for (const [part, at, value] of changes)
        parts[part as keyof typeof parts][at % parts[part as keyof typeof parts].length] = value
      const [first, second] = both.map(({ verify }) => verify(parts.key, parts.message, parts.signature))
      t.is(first, second)
    }),
    { numRuns: 60 },
  )
})

test('what is no key or no signature verifies nothing, and throws nothing', t => {
  const [, key, message, signature] = RFC_8032[0]!
  for (const { verify } of both) {
    for (const length of [0, 1, 31, 33, 64]) t.false(verify(new Uint8Array(length), message, signature))
    for (const length of [0, 32, 63, 65, 128]) t.false(verify(key, message, new Uint8Array(length).fill(7)))
    // y = 2 is on no point of the curve
    t.false(verify(bytes(`02${'00'.repeat(31)}`), message, signature))
  }
  t.throws(() => native.sign(new Uint8Array(31), message), { instanceOf: RangeError })
})

test('both implementations make the same keys and signatures', t => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      fc.uint8Array({ maxLength: 200 }),
      (seed, message) => {
        t.deepEqual(native.publicKey(seed), portable.publicKey(seed))
        t.deepEqual(native.sign(seed, message), portable.sign(seed, message))
      },
    ),
    { numRuns: 10 },
  )
})

/** .safetensors and .npy files that somebody made to harm who reads them: refused by their headers, at no cost. */

import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { inMemory } from '../../../learning/data/read-file.ts'
import { readCheckpoint, vectorOf } from '../../../node/files/checkpoint.ts'
import { FileError } from '../../../node/files/error.ts'
import { familyOf, readPart } from '../../../node/files/family.ts'
import { parseNpyVectors } from '../../../node/files/npy.ts'
import { parseSafetensors } from '../../../node/files/safetensors.ts'
import { safetensorsHeader } from '../../../node/files/safetensors-header.ts'
import { LITTLE_MEGABYTES, peakOf } from '../../learning/data/peak.ts'

/** A header, given as text or as what JSON makes of it, in front of so many bytes of numbers. */
function file(header: unknown, numbers = 0): Buffer {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(json.length))
  return Buffer.concat([length, json, Buffer.alloc(numbers)])
}

const entry = (from: number, to: number, shape = [(to - from) / 4]) => ({
  dtype: 'F32',
  shape,
  data_offsets: [from, to],
})
const refusal = (bytes: Uint8Array) => {
  try {
    parseSafetensors(bytes, 'x')
    return 'read'
  } catch (error) {
    return error instanceof FileError ? `${error.code} ${error.message}` : `other: ${error}`
  }
}

test('.safetensors: thousands of tensors of the same bytes are refused, at no cost', async t => {
  const bytes = 10 * 2 ** 20
  const entries = Array.from({ length: 400 }, (_, i) => [`t${i}`, entry(0, bytes)])
  const folder = await mkdtemp(join(tmpdir(), 'concord-hostile-'))
  t.teardown(() => rm(folder, { recursive: true }))
  const path = join(folder, 'overlap.safetensors')
  await writeFile(path, file(Object.fromEntries(entries), bytes))
  const { said, megabytes } = await peakOf('node/files/checkpoint.ts', 'readCheckpoint', path)
  t.regex(said, /^malformed .*tensor t1 begins at byte 0 .*where byte 10485760 is the next/)
  t.true(megabytes < LITTLE_MEGABYTES, `${megabytes} MB`)
})

test('.safetensors: a file with holes is refused by its header before the rest is read', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'concord-hostile-'))
  t.teardown(() => rm(folder, { recursive: true }))
  const path = join(folder, 'holes.safetensors')
  await writeFile(path, file({ a: entry(0, 4) }, 4))
  await truncate(path, 2 ** 31 - 1)
  const { said, megabytes } = await peakOf('node/files/checkpoint.ts', 'readCheckpoint', path)
  t.regex(said, /^malformed .* 21474835\d\d bytes follow its tensors; expected none/)
  t.true(megabytes < LITTLE_MEGABYTES, `${megabytes} MB`)
})

test('.safetensors: tensors lie one after the other, in whatever order they are named', t => {
  t.deepEqual(
    parseSafetensors(file({ b: entry(4, 12), a: entry(0, 4), none: entry(4, 4) }, 12), 'x').tensors.map(
      ({ name }) => name,
    ),
    ['a', 'none', 'b'],
  )
  t.regex(
    refusal(file({ a: entry(0, 8), b: entry(4, 12) }, 12)),
    /tensor b begins at byte 4 .* byte 8 is the next/,
  )
  t.regex(
    refusal(file({ a: entry(0, 4), b: entry(8, 12) }, 12)),
    /tensor b begins at byte 8 .* byte 4 is the next/,
  )
  t.regex(refusal(file({ a: entry(4, 8) }, 8)), /tensor a begins at byte 4 .* byte 0 is the next/)
  t.regex(refusal(file({ a: entry(0, 4) }, 8)), /4 bytes follow its tensors; expected none/)
  t.regex(refusal(file({ a: entry(0, 8) }, 4)), /fill bytes 0 to 8: the file ends before/)
})

test('.safetensors: shape, type and bytes agree, in whole numbers that a double holds', t => {
  const with_ = (changes: object) => refusal(file({ a: { ...entry(0, 4), ...changes } }, 4))
  t.is(with_({}), 'read')
  for (const shape of [[2], [0], [2 ** 32, 2 ** 32, 2 ** 32], [0, 2 ** 52, 2 ** 52], Array(65).fill(1)])
    t.regex(with_({ shape }), /^malformed .*(does not fill|65 sides)/, shape.join())
  for (const shape of [[-1], [1.5], ['1'], 1, null, [1e300], { length: 1 }, [2 ** 53]])
    t.regex(with_({ shape }), /^malformed .*lacks its dtype, shape or data_offsets/, JSON.stringify(shape))
  for (const offsets of [[4, 0], [0, 5], [-4, 0], [0], [0, 4, 8], [0, 2 ** 53], ['0', '4']])
    t.regex(with_({ data_offsets: offsets }), /^malformed/, JSON.stringify(offsets))
  for (const dtype of ['constructor', '__proto__', 'toString', 'f32', 'C64'])
    t.regex(with_({ dtype }), /^unsupported .*expected one of F16, BF16, F32, F64/, dtype)
  for (const value of [null, 'F32', 5, []])
    t.regex(refusal(file({ a: value })), /^malformed .*tensor a lacks/)
})

test('.safetensors: the header is a JSON object without depths or names that stand there twice', t => {
  const one = JSON.stringify(entry(0, 4))
  t.regex(refusal(file(`{"a":${one},"a":${one}}`, 4)), /its header has a twice/)
  t.regex(refusal(file(`{"a":${one},"\\u0061" :${one}}`, 4)), /its header has a twice/)
  t.regex(refusal(file(`{"a":{"dtype":"F32",${one.slice(1)}}`, 4)), /its header has dtype twice/)
  t.regex(refusal(file(`{"a":[[[]]]}`)), /nested too deep/)
  t.regex(refusal(file(`{${'"a":{'.repeat(10_000)}`)), /nested too deep/)
  for (const text of ['{', '{"a', '{"a":', '{"a\\', '{]', '{"a":1}}', '{"a":1} x'])
    t.regex(refusal(file(text)), /not a JSON object/, text)
  t.regex(refusal(Buffer.concat([file(''), Buffer.from('{}')])), /not a JSON object/)
  const broken = file('{"\x01":1}')
  broken[10] = 0xff
  t.regex(refusal(broken), /not a JSON object/)
})

test('.safetensors: names that mean something to JavaScript are names', t => {
  const header = `{"__metadata__":{"__proto__":"x","layout":"own"},"__proto__":${JSON.stringify(entry(0, 4))},"constructor":${JSON.stringify(entry(4, 8))}}`
  const bytes = file(header, 8)
  t.deepEqual(
    parseSafetensors(bytes, 'x').tensors.map(({ name }) => name),
    ['__proto__', 'constructor'],
  )
  const { metadata } = safetensorsHeader(bytes, bytes.length, 'x')
  t.deepEqual(Object.keys(metadata), ['__proto__', 'layout'])
  t.is(({} as { layout?: string }).layout, undefined)
  const values = new Float32Array(1)
  const checkpoint = {
    tensors: [{ name: '__proto__', shape: [1], values }],
    layout: 'own',
    notes: {},
    model: null,
  } as const
  t.throws(() => vectorOf(checkpoint, [{ name: 'w', shape: [1] }], 'x'), {
    message: /holds __proto__, which/,
  })
})

test('.safetensors: header and tensors are limited, and no message is long', async t => {
  const long = file(`{${' '.repeat(8 * 2 ** 20)}}`)
  t.regex(refusal(long), /header has 8388610 bytes; expected at most 8388608/)
  const many = Object.fromEntries(Array.from({ length: 65_538 }, (_, i) => [i.toString(36), 0]))
  t.regex(refusal(file(many)), /names more tensors than 65536/)
  const name = 'n'.repeat(2 ** 20)
  t.true(refusal(file({ [name]: entry(0, 8) }, 4)).length < 300)
  t.true(refusal(file(`{"${name}":1,"${name}":1}`)).length < 300)
  const models = await Promise.all(
    [1, 2].map(size => {
      const entries = Array.from({ length: 3000 }, (_, i) => [`${i}`, entry(0, 0, [0, size])])
      return readPart(inMemory(file(Object.fromEntries(entries))), 'm')
    }),
  )
  const error = t.throws(() => familyOf(models), { code: 'mismatch' })
  t.true(error!.message.length < 300)
  t.true(t.throws(() => familyOf([models[0]!]), { code: 'unsupported' })!.message.length < 500)
})

test('.safetensors: a long note is no reason to refuse, and escapes in it cost nothing', t => {
  const note = '\\'.repeat(10_000) + '"'.repeat(10_000) + randomBytes(50_000).toString('hex')
  t.is(refusal(file({ __metadata__: { note }, a: entry(0, 4) }, 4)), 'read')
  t.regex(refusal(file(`{"${'\\"'.repeat(500_000)}`)), /not a JSON object/)
})

test('rows without numbers cost memory too: there are at most so many', async t => {
  const npy = (shape: string) => {
    const dictionary = `{'descr': '<f4', 'fortran_order': False, 'shape': ${shape}, }`
    const head = Buffer.from(`\x93NUMPY\x01\0\0\0${dictionary}`, 'latin1')
    head.writeUInt16LE(dictionary.length, 8)
    return head
  }
  t.is(parseNpyVectors(npy('(3, 0)'), 'x').rows.length, 3)
  for (const order of ['(1000000000, 0)', '(4294967296, 0)'])
    t.throws(() => parseNpyVectors(npy(order), 'x'), {
      instanceOf: FileError,
      message: /rows; expected at most 262144/,
    })
  t.throws(() => parseNpyVectors(npy('(-1, -1)'), 'x'), {
    instanceOf: FileError,
    message: /expected whole numbers/,
  })
  t.throws(() => parseNpyVectors(Buffer.concat([npy('(1, 0)'), Buffer.alloc(4)]), 'x'), {
    message: /4 bytes follow/,
  })
  const matrix = await readPart(inMemory(file({ m: entry(0, 0, [1_000_000_000, 0]) })), 'm')
  t.throws(() => familyOf([matrix]), { instanceOf: FileError, message: /at most 262144/ })
})

test('a checkpoint that is a device or a pipe is told', async t => {
  await t.throwsAsync(readCheckpoint('/dev/zero'), {
    instanceOf: FileError,
    message: '/dev/zero cannot be read: it is a device; expected a file',
  })
})

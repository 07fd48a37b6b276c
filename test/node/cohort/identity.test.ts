/** Identities: one key, its peer id, and a file that only its owner may read. */
import { generateKeyPairSync } from 'node:crypto'
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import {
  createIdentity,
  identityFromSeed,
  peerIdOf,
  publicKeyOf,
  readIdentity,
  writeIdentity,
} from '../../../node/cohort/identity.ts'
import { ed25519 } from '../../../node/signatures/index.ts'

const temporary = async (t: { teardown(fn: () => Promise<void>): void }): Promise<string> => {
  const directory = await mkdtemp(join(tmpdir(), 'concord-identity-'))
  t.teardown(() => rm(directory, { recursive: true, force: true }))
  return join(directory, 'peer.key')
}

test('an identity is a key and its libp2p peer id', t => {
  const identity = createIdentity()
  t.regex(identity.id, /^12D3KooW/)
  t.deepEqual(publicKeyOf(identity.id), identity.publicKey)
  t.is(peerIdOf(identity.publicKey), identity.id)
  t.true(ed25519.verify(identity.publicKey, Uint8Array.of(1), ed25519.sign(identity.seed, Uint8Array.of(1))))
  t.not(createIdentity().id, identity.id)
  t.deepEqual(identityFromSeed(identity.seed), identity)
})

test('a written identity is read again, and only its owner can read the file', async t => {
  const path = await temporary(t)
  const identity = createIdentity()
  await writeIdentity(path, identity)
  t.deepEqual({ ...(await readIdentity(path)) }, identity)
  t.is((await stat(path)).mode & 0o777, 0o600)
  t.true((await readFile(path, 'utf8')).startsWith(`Concord identity of ${identity.id}\n`))
})

test('a key is never replaced', async t => {
  const path = await temporary(t)
  const identity = createIdentity()
  await writeIdentity(path, identity)
  await t.throwsAsync(writeIdentity(path, createIdentity()), {
    code: 'identity-exists',
    message: /peer\.key exists already/,
  })
  t.is((await readIdentity(path)).id, identity.id)
})

test('a file that others can read is refused, with the remedy', async t => {
  const path = await temporary(t)
  await writeIdentity(path, createIdentity())
  for (const mode of [0o640, 0o604, 0o644, 0o620]) {
    await chmod(path, mode)
    await t.throwsAsync(readIdentity(path), {
      code: 'identity-readable',
      message: new RegExp(`chmod 600 ${path}`),
    })
  }
  await chmod(path, 0o400)
  await t.notThrowsAsync(readIdentity(path))
})

test('what is no identity file is refused with what is wrong', async t => {
  const path = await temporary(t)
  await t.throwsAsync(readIdentity(path), { code: 'identity-missing', message: /concord keygen/ })
  const cases = [
    ['', /no "BEGIN PRIVATE KEY" block/],
    ['-----BEGIN PRIVATE KEY-----\nnonsense\n-----END PRIVATE KEY-----\n', /not an Ed25519 key/],
    [generateKeyPairSync('x25519').privateKey.export({ type: 'pkcs8', format: 'pem' }), /not an Ed25519 key/],
  ] as const
  for (const [content, message] of cases) {
    await writeFile(path, content, { mode: 0o600 })
    await t.throwsAsync(readIdentity(path), { code: 'identity-malformed', message })
  }
})

test('a file that says one id and holds the key of another was edited', async t => {
  const path = await temporary(t)
  const [first, second] = [createIdentity(), createIdentity()]
  await writeIdentity(path, first)
  await writeFile(path, (await readFile(path, 'utf8')).replace(first.id, second.id))
  await t.throwsAsync(readIdentity(path), {
    code: 'identity-malformed',
    message: new RegExp(`says ${second.id}, but its key is that of ${first.id}`),
  })
})

test('a peer id that is none, or has no Ed25519 key inside, is refused', t => {
  for (const id of [
    '',
    'peer',
    '12D3KooW',
    'QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N',
    '16Uiu2HAmSeymVhEAJkVsPHQAoRqPPjVNWwzLVFPPR5HeDa9QPHYQ',
  ])
    t.throws(() => publicKeyOf(id), { code: 'peer-id-malformed', message: /is not the id of a Concord peer/ })
})

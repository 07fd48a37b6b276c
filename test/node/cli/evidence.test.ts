/** `concord evidence`: what proves and what does not, by exit code and in words. */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import test, { type ExecutionContext } from 'ava'
import { formatCohort } from '../../../node/cohort/file.ts'
import { evidenceFile } from '../../../node/evidence/evidence.ts'
import { writeEvidence } from '../../../node/evidence/folder.ts'
import { createSigner } from '../../../node/signatures/index.ts'
import { main } from './concord.ts'
import { runInside } from './inside.ts'
import { cohort, membership } from './join/membership.ts'

/** dora, who is member 3 and has key 4, signed two vectors for one slot. */
async function proof(t: ExecutionContext) {
  const folder = await mkdtemp(join(tmpdir(), 'concord-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const slot = { step: 2, phase: 'gradient', iteration: 0, sender: 3 } as const
  const { sign } = createSigner(membership.cohortId, new Uint8Array(32).fill(4))
  const [first, second] = ['aa', 'bb'].map(digit => {
    const digest = digit.repeat(32)
    return { digest, signature: sign(slot, digest) }
  })
  const file = evidenceFile({ slot, first: first!, second: second! }, membership)
  const path = await writeEvidence(join(folder, 'a.state', 'evidence'), file)
  return { folder, path, file }
}

test('a proof is verified with nothing but itself, and against a cohort', async t => {
  const { folder, path } = await proof(t)
  const { code, stdout } = await runInside('evidence', 'verify', path)
  t.is(code, 0)
  t.regex(
    stdout,
    /^dora \(12D3KooW\w+\) signed two different vectors for step 2, phase gradient, iteration 0/,
  )
  const mine = join(folder, 'cohort.yaml')
  await writeFile(mine, formatCohort(cohort))
  t.is((await runInside('evidence', 'verify', path, '--cohort', mine)).code, 0)
  const other = join(folder, 'other.yaml')
  await writeFile(other, formatCohort({ ...cohort, steps: 11 }))
  const refused = await runInside('evidence', 'verify', path, '--cohort', other)
  t.is(refused.code, 1)
  t.regex(refused.stderr, /proves nothing: it is about cohort .* is cohort/)
})

test('what was tampered with proves nothing, and the list says which', async t => {
  const { folder, path, file } = await proof(t)
  await writeEvidence(join(folder, 'b.state'), { ...file, slot: { ...file.slot, step: 3 } })
  const bad = join(folder, 'b.state', 'peer-3-step-3-gradient-0.json')
  const { code, stdout } = await runInside('evidence', 'verify', bad, '--json')
  t.is(code, 1)
  t.like(JSON.parse(stdout), { holds: false })
  t.regex(JSON.parse(stdout).why, /first\.signature is not dora's/)
  const listed = await runInside('evidence', 'list', folder)
  t.is(listed.code, 1)
  t.regex(listed.stdout, /a\.state.*dora .* equivocated\n.*b\.state.*proves nothing/)
  t.true((await readFile(path, 'utf8')).endsWith('}\n'))
})

test('what is no evidence file is named as such; a missing one is wrong usage', async t => {
  const { folder } = await proof(t)
  const path = join(folder, 'x.json')
  await writeFile(path, '{"format": "something else"}')
  const { code, stderr } = await runInside('evidence', 'verify', path)
  t.is(code, 1)
  t.regex(stderr, /format/)
  t.is((await runInside('evidence', 'verify', join(folder, 'nothing.json'))).code, 2)
  const nowhere = await runInside('evidence', 'list', join(folder, 'nowhere'))
  t.is(nowhere.code, 2)
  t.regex(nowhere.stderr, /nowhere": there is no such folder; expected a folder, such as alice\.pem\.state$/m)
  const empty = await runInside('evidence', 'list', join(folder, 'a.state', 'evidence'), '--json')
  t.is(JSON.parse(empty.stdout).length, 1)
})

test('a folder of more proofs than a process may open is listed', async t => {
  const { folder } = await proof(t)
  const many = 600
  const names = Array.from({ length: many }, (_, index) => `peer-0-step-${index}-gradient-0.json`)
  for (const name of names) await writeFile(join(folder, name), '{}')
  const command = 'ulimit -n 100; exec "$0" "$@" || exit 99'
  const list = [process.execPath, main, 'evidence', 'list', folder, '--json']
  const ended = await promisify(execFile)('sh', ['-c', command, ...list]).catch(error => error)
  t.is(ended.stderr, '')
  t.is(JSON.parse(ended.stdout).length, many + 1)
})

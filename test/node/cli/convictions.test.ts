/** Convictions of real peers: what lies in a peer's own folder holds from its first moment on, and reaches the others. */
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import type { Evidence } from '../../../agreement/protocol.ts'
import { cohortId, type Membership } from '../../../node/cohort/cohort.ts'
import { askStatus, controlPath } from '../../../node/daemon/control.ts'
import { evidenceFolderOf, stateBeside } from '../../../node/daemon/places.ts'
import { evidenceFile } from '../../../node/evidence/evidence.ts'
import { loadEvidence, writeEvidence } from '../../../node/evidence/folder.ts'
import { createSigner } from '../../../node/signatures/index.ts'
import { type Running, run, start } from './concord.ts'
import { type Place, place } from './places.ts'

const seatOf = ({ cohort }: Place, self = 0): Membership => ({ cohort, cohortId: cohortId(cohort), self })

/** Two vectors of one member for one slot, signed in this cohort or another. */
function doubleTalk(files: Place, accused: number, { step = 1, id = cohortId(files.cohort) } = {}): Evidence {
  const slot = { step, phase: 'gradient', iteration: 0, sender: accused } as const
  const { sign } = createSigner(id, files.identities[accused]!.seed)
  const [first, second] = ['aa', 'bb'].map(digit => {
    const digest = digit.repeat(32)
    return { digest, signature: sign(slot, digest) }
  })
  return { slot, first: first!, second: second! }
}

const stateOf = (files: Place, peer: number) =>
  stateBeside(files.identityPaths[peer]!, cohortId(files.cohort))

test('only proofs about members of this cohort are taken; what proves nothing is told in a line and left', async t => {
  const files = await place(t)
  const folder = join(files.folder, 'evidence')
  const complaints: string[] = []
  const load = () => loadEvidence(folder, seatOf(files), line => void complaints.push(line))
  t.deepEqual(await load(), [], 'no folder is no proof')
  const good = await writeEvidence(folder, evidenceFile(doubleTalk(files, 3), seatOf(files)))
  await writeEvidence(folder, evidenceFile(doubleTalk(files, 3, { step: 2 }), seatOf(files)))
  t.deepEqual(complaints, [])
  const other = evidenceFile(doubleTalk(files, 2, { id: 'ab'.repeat(32) }), seatOf(files))
  const wrong = {
    'peer-2-step-1-a.json': { ...other, cohort: 'ab'.repeat(32) },
    'peer-2-step-1-b.json': other,
    'peer-2-step-1-c.json': { ...evidenceFile(doubleTalk(files, 3), seatOf(files)), slot: other.slot },
    'peer-2-step-1-d.json': 'x'.repeat(100_000),
    'notes.json': 'mine',
  }
  for (const [name, value] of Object.entries(wrong))
    await writeFile(join(folder, name), JSON.stringify(value))
  await mkdir(join(folder, 'peer-2-step-1-e.json'))
  const names = await readdir(folder)
  const kept = await load()
  t.deepEqual(kept, [{ path: good, evidence: doubleTalk(files, 3) }])
  t.is(complaints.length, 1)
  for (const why of [
    /a\.json: it is about cohort abab/,
    /b\.json: first\.signature is not/,
    /d\.json: it holds \d+ bytes/,
  ])
    t.regex(complaints[0]!, why)
  t.regex(complaints[0]!, /c\.json: member 2 of this cohort is/)
  t.notRegex(complaints[0]!, /notes/)
  t.deepEqual(await readdir(folder), names, 'and left')
})

function joining(t: ExecutionContext, { cohortPath, identityPaths }: Place, peer: number): Running {
  const running = start(['join', '--cohort', cohortPath, '--identity', identityPaths[peer]!, '--no-mdns'])
  t.teardown(() => running.kill('SIGKILL'))
  return running
}

interface Told {
  readonly peers: readonly {
    readonly peer: number
    readonly connected: boolean
    readonly seconds: number | null
    readonly convicted: boolean
    readonly evidence: string | null
  }[]
}

test.serial(
  'a peer with a proof in its folder never meets the convict, and shows it to every peer that connects',
  async t => {
    const files = await place(t)
    const folder = evidenceFolderOf(stateOf(files, 0))
    const path = await writeEvidence(folder, evidenceFile(doubleTalk(files, 3), seatOf(files)))
    const dora = joining(t, files, 3)
    await dora.until(/listening on/)
    const ada = joining(t, files, 0)
    await ada.until(/dora signed two vectors for one slot in an earlier run, and stays cut off; the proof is/)
    const bob = joining(t, files, 1)
    await bob.until(/dora signed two vectors for one slot and is cut off; the proof is/)
    await dora.until(/^1 of 4 members is here; waiting for ada, bob and cleo$/m)
    const status = async (peer: number): Promise<Told['peers'][number]> => {
      const told = (await askStatus(controlPath(stateOf(files, peer)))) as Told
      return told.peers.find(each => each.peer === 3)!
    }
    t.like(await status(0), { connected: false, seconds: null, convicted: true, evidence: path })
    t.like(await status(1), { connected: false, convicted: true })
    const text = await run('status', '--identity', files.identityPaths[0]!)
    t.regex(text.stdout, /dora .*cut off/)
    // Its log alone is enough: who deletes the folder gets it back.
    bob.kill('SIGTERM')
    await bob.ended
    await rm(evidenceFolderOf(stateOf(files, 1)), { recursive: true })
    ada.kill('SIGTERM')
    await ada.ended
    const again = joining(t, files, 1)
    await again.until(/dora signed two vectors for one slot in an earlier run/)
    t.like(await status(1), { seconds: null, convicted: true })
    t.is((await readdir(evidenceFolderOf(stateOf(files, 1)))).length, 1)
  },
)

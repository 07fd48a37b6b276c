/** `concord evidence verify|list`: proofs that a peer signed two vectors for one slot, checked by anyone, offline. */
import type { EvidenceFile } from '../../evidence/evidence.ts'
import { type CommandGroup, defineCommand, flag, maybe, UsageError } from '../command.ts'
import { text } from '../parse.ts'
import type { Terminal } from '../terminal.ts'

const verify = defineCommand({
  name: 'verify',
  summary: 'check a proof that a peer equivocated: exit code 0 if it is valid, 1 if it proves nothing',
  about:
    'Needs nothing but the file: both signatures are checked with the key inside the peer id. With --cohort, also that ' +
    'the accused is a member of that cohort.',
  arguments: [{ name: '<file>', about: 'the evidence file' }],
  options: {
    cohort: maybe('--cohort <file>', 'the cohort that it must be about', text, 'whichever it names'),
    json: flag('--json', 'print { holds, why, evidence } as JSON'),
  },
  examples: ['peer-2-step-17-gradient-0.json', 'proof.json --cohort cohort.yaml'],
  async handler({ cohort, json }, [path], terminal) {
    const { EvidenceError, parseEvidence, verifyEvidence } = await import('../../evidence/evidence.ts')
    const content = await textOf(path!)
    let evidence: EvidenceFile | null = null
    try {
      evidence = parseEvidence(content)
      verifyEvidence(evidence)
      if (cohort !== null) await checkCohort(evidence, cohort)
    } catch (error) {
      if (!(error instanceof EvidenceError)) throw error
      if (json) printJson(terminal, { holds: false, why: error.message, evidence })
      else terminal.warn(`${path} proves nothing: ${error.message}`)
      return 1
    }
    if (json) printJson(terminal, { holds: true, why: null, evidence })
    else terminal.print(verdict(evidence))
    return 0
  },
})

const list = defineCommand({
  name: 'list',
  summary: 'list and check the proofs that a peer of this machine has collected',
  arguments: [
    { name: '[folder]', about: "a peer's state directory, or any folder above it (default: here)" },
  ],
  options: { json: flag('--json', 'print [{ path, holds, why, evidence }] as JSON') },
  examples: ['alice.pem.state', '--json'],
  async handler({ json }, [folder = '.'], terminal) {
    const { listEvidence } = await import('../../evidence/folder.ts')
    const found = await listEvidence(folder).catch((error: NodeJS.ErrnoException) => {
      const why = error.code === 'ENOENT' ? 'there is no such folder' : error.message
      throw new UsageError(`folder "${folder}": ${why}; expected a folder, such as alice.pem.state`)
    })
    if (json) {
      const rows = found.map(({ path, file, wrong }) => ({
        path,
        holds: wrong === null,
        why: wrong,
        evidence: file,
      }))
      printJson(terminal, rows)
    } else if (found.length === 0) terminal.print(`no evidence in ${folder}`)
    else
      for (const { path, file, wrong } of found)
        terminal.print(`${path}: ${wrong === null ? verdict(file!) : `proves nothing: ${wrong}`}`)
    return found.every(({ wrong }) => wrong === null) ? 0 : 1
  },
})

export const evidence: CommandGroup = {
  name: 'evidence',
  summary: 'check a proof that a peer lied, offline',
  commands: [verify, list],
}

/** "bob (12D3KooW…) signed two different vectors for step 17, …". */
function verdict({ accused, slot, cohort }: EvidenceFile): string {
  const { step, phase, iteration } = slot
  return (
    `${accused.name} (${accused.id}) signed two different vectors for step ${step}, phase ${phase}, ` +
    `iteration ${iteration} of cohort ${cohort.slice(0, 12)}: it equivocated`
  )
}

async function checkCohort(evidence: EvidenceFile, path: string): Promise<void> {
  const [{ readCohort }, { cohortId }, { checkMembership }] = await Promise.all([
    import('../../cohort/file.ts'),
    import('../../cohort/cohort.ts'),
    import('../../evidence/evidence.ts'),
  ])
  const cohort = await readCohort(path)
  checkMembership(evidence, { cohort, cohortId: cohortId(cohort) }, path)
}

async function textOf(path: string): Promise<string> {
  const [{ readText }, { EVIDENCE_BYTES_MAX }] = await Promise.all([
    import('../../../learning/data/read-file.ts'),
    import('../../evidence/evidence.ts'),
  ])
  return readText(path, EVIDENCE_BYTES_MAX).catch((error: Error) => {
    throw new UsageError(`file "${path}": ${error.message}; expected an evidence file`)
  })
}

function printJson(terminal: Terminal, value: unknown): void {
  terminal.json(value)
}

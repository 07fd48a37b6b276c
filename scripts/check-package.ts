/**
 * `npm run check:package [-- FOLDER]`: packs the package, installs it in an empty folder as a user would, with
 * whatever Node that user's PATH has, then runs the command and type-checks programs that import each entry point.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join, sep } from 'node:path'

const root = join(import.meta.dirname, '..')
const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'

/** The user's PATH: without the folders that npm puts in front for this checkout's scripts. */
function userPath(): string {
  const folders = (process.env.PATH ?? '').split(delimiter)
  return folders.filter(folder => !folder.includes(`${sep}node_modules${sep}`)).join(delimiter)
}

function run(command: string, args: readonly string[], folder: string): string {
  const env = { ...process.env, PATH: userPath(), npm_config_fund: 'false', npm_config_audit: 'false' }
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
  const projects = { program: compilerOptions, importer: { ...compilerOptions, skipLibCheck: true } }
  for (const [name, options] of Object.entries(projects)) {
    const file = join(folder, `tsconfig.${name}.${moduleResolution}.json`)
    writeFileSync(file, JSON.stringify({ compilerOptions: options, files: [`${name}.ts`] }))
    run(join(root, 'node_modules', '.bin', 'tsc'), ['-p', file], folder)
  }
}

function main(): void {
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
  const help = run('npx', ['--no-install', 'concord', '--help'], user)
  const direct = run(join(user, 'node_modules', '.bin', 'concord'), ['--help'], user)
  if (direct !== help) throw new Error(`started without npx, concord --help differs:\n${direct}`)
  if (!/\bdemo\b/.test(help)) throw new Error(`concord --help does not mention demo:\n${help}`)
  run('npx', ['--no-install', 'concord', 'demo', '--steps', '20', '--report', 'demo.json'], user)
  note('npx concord demo --steps 20 ran')
}

main()

/** Completion, by the shells themselves: each sources the script and is asked. Those that are not installed are not tested. */
import { execFile, spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import test, { type ExecutionContext } from 'ava'
import { run } from './concord.ts'
import { runInside } from './inside.ts'

const command = promisify(execFile)

/** A command line up to the cursor, and what is offered there, of which some may be named. */
const OFFERED: readonly (readonly [line: string, offered: readonly string[], others?: 'and others'])[] = [
  ['concord de', ['demo']],
  ['concord cohort c', ['check', 'create']],
  ['concord demo --prot', ['--protocol']],
  ['concord demo --protocol i', ['icwtm']],
  ['concord simulate --seed 7 --attack equ', ['equivocate']],
  ['concord data fetch --o', ['--out']],
  ['concord completion ', ['bash', 'fish', 'zsh']],
  ['concord bounds r', ['redundancy', 'resam']],
  ['concord bounds resam --rule m', ['mda', 'meamed', 'multi-krum']],
  ['concord reproduce le', ['lenet', 'learn-theorem']],
  ['concord simulate --network ', ['lan', 'wan']],
  ['concord help ag', ['aggregate', 'agree']],
  ['concord join --', ['--cohort', '--identity', '--help', '--no-mdns'], 'and others'],
]

/** The script in a folder of its own, beside a file that may be offered. */
async function prepared(t: ExecutionContext, shell: string): Promise<{ folder: string; script: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'concord-complete-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const { stdout, code } = await run('completion', shell)
  t.is(code, 0)
  const script = join(folder, `concord.${shell}`)
  await writeFile(script, stdout)
  await writeFile(join(folder, 'alice.pem'), '')
  return { folder, script }
}

const isMissing = (shell: string) => spawnSync(shell, ['-c', 'true']).status !== 0

function inShell(shell: string, body: (t: ExecutionContext) => Promise<void>): void {
  if (isMissing(shell))
    test(`${shell} is not installed (Debian: apt-get install ${shell}), so its completion is not tested`, t =>
      t.pass())
  else test(`${shell} completes commands, options, values and files`, body)
}

function compare(
  t: ExecutionContext,
  line: string,
  found: readonly string[],
  places: (typeof OFFERED)[number],
) {
  const [, offered, others] = places
  if (others === undefined) t.deepEqual(found.toSorted(), offered.toSorted(), line)
  else for (const each of offered) t.true(found.includes(each), `${line}: ${each} in ${found.join(' ')}`)
}

inShell('bash', async t => {
  const { script } = await prepared(t, 'bash')
  const ask = `source "$1"; shift
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _concord
    printf '%s\\n' "\${COMPREPLY[@]}"`
  const offered = async (line: string) => {
    const { stdout } = await command('bash', ['--norc', '-euc', ask, 'bash', script, ...line.split(' ')])
    return stdout.split('\n').filter(each => each !== '')
  }
  for (const each of OFFERED) compare(t, each[0], await offered(each[0]), each)
  // Files are bash's own business, which begins where nothing is offered.
  t.deepEqual(await offered('concord join --identity al'), [])
  const { stdout } = await command('bash', [
    '--norc',
    '-c',
    'source "$1"; complete -p concord',
    'bash',
    script,
  ])
  t.is(stdout.trim(), 'complete -o default -F _concord concord')
})

inShell('fish', async t => {
  const { folder, script } = await prepared(t, 'fish')
  const offered = async (line: string) => {
    const ask = 'source $argv[1]; complete -C $argv[2]'
    const { stdout, stderr } = await command('fish', ['--no-config', '-c', ask, script, line], {
      cwd: folder,
    })
    t.is(stderr, '', line)
    return stdout
      .split('\n')
      .flatMap(each => each.split('\t').slice(0, 1))
      .filter(each => each !== '')
  }
  for (const each of OFFERED) compare(t, each[0], await offered(each[0]), each)
  t.deepEqual(await offered('concord join --identity al'), ['alice.pem'])
  t.deepEqual(await offered('concord join --linger al'), [])
})

inShell('zsh', async t => {
  const { folder, script } = await prepared(t, 'zsh')
  /** Types a line in a terminal of zsh's own, with a tab behind it, and has the program say what it was given. */
  const typed = async (line: string): Promise<string> => {
    const ask = `zmodload zsh/zpty; zpty z zsh -f -i
      zpty -w z 'PS1=; unsetopt zle_bracketed_paste; autoload -U compinit; compinit -u -D; source '"$1"
      zpty -w z 'concord() { print -r -- "GIVEN""<$*>" }; print READ""Y'
      zpty -r z out '*READY*'
      zpty -w z "$2"$'\\t'
      zpty -r z out '*GIVEN<*>*'
      print -r -- "$out"`
    const { stdout } = await command('zsh', ['-f', '-c', ask, 'zsh', script, line], {
      cwd: folder,
      timeout: 60_000,
    })
    return /GIVEN<(.*?) ?>/.exec(stdout)?.[1] ?? stdout
  }
  for (const [line, whole] of [
    ['concord de', 'demo'],
    ['concord cohort cr', 'cohort create'],
    ['concord demo --prot', 'demo --protocol'],
    ['concord demo --protocol i', 'demo --protocol icwtm'],
    ['concord simulate --seed 7 --attack equ', 'simulate --seed 7 --attack equivocate'],
    ['concord join --identity al', 'join --identity alice.pem'],
    ['concord completion f', 'completion fish'],
    ['concord help agr', 'help agree'],
  ] as const)
    t.is(await typed(line), whole, line)
})

test('a shell that is not known is named, with those that are', async t => {
  const { code, stderr } = await runInside('completion', 'csh')
  t.is(code, 2)
  t.regex(stderr, /the shell is "csh"; expected one of bash, zsh, fish/)
})

/** `concord … | head`: the reader goes, and the program ends without a word, and leaves nothing behind. */
import { spawn } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { endWithReader } from '../../../node/cli/closed-output.ts'
import { main } from './concord.ts'

interface HeadEnd {
  readonly code: number | null
  readonly stderr: string
  /** What is left in its folder for temporary files. */
  readonly left: readonly string[]
}

/** Reads the first bytes and no more, as `head -c 1` does. */
async function intoHead(args: readonly string[]): Promise<HeadEnd> {
  const folder = await mkdtemp(join(tmpdir(), 'concord-head-'))
  try {
    const child = spawn(process.execPath, [main, ...args], {
      env: { ...process.env, TMPDIR: folder },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let stderr = ''
    child.stderr.setEncoding('utf8').on('data', text => {
      stderr += text
    })
    child.stdout.once('data', () => child.stdout.destroy())
    const code = await new Promise<number | null>(resolve => child.on('close', resolve))
    return { code, stderr, left: (await readdir(folder)).filter(name => name.startsWith('concord')) }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const commands = [
  'bounds --peers 7',
  'simulate --peers 4 --protocol rb-tm --faults 1 --steps 3 --batch 4',
  'simulate --seeds 3',
  'agree --peers 4 --faults 1 --protocol rb-tm',
  'data show --peers 4',
  'demo --peers 4 --protocol rb-tm --faults 1 --steps 400',
] as const

for (const command of commands)
  test(`concord ${command} | head`, async t => {
    const { code, stderr, left } = await intoHead(command.split(' '))
    t.notRegex(stderr, /EPIPE|\n +at /)
    t.deepEqual(left, [])
    // A short command may have written all before its reader went.
    t.true(code === 141 || code === 0 || (command.startsWith('demo') && code === 1), `${code}: ${stderr}`)
  })

test('a command that cleans up is asked to, once; another ends; other errors are errors', t => {
  const said: unknown[] = []
  const outputs = () => {
    const listeners: ((error: NodeJS.ErrnoException) => void)[] = []
    const output = {
      on: (_: 'error', listener: (error: NodeJS.ErrnoException) => void) => listeners.push(listener),
    }
    return { output, fail: (code: string) => listeners[0]!(Object.assign(new Error(code), { code })) }
  }
  const [one, two] = [outputs(), outputs()]
  endWithReader(
    [one.output, two.output],
    () => said.push('stop') > 0,
    code => said.push(code),
  )
  one.fail('EPIPE')
  two.fail('EPIPE')
  one.fail('ERR_STREAM_DESTROYED')
  t.deepEqual(said, ['stop'])
  endWithReader(
    [two.output, one.output],
    () => false,
    code => said.push(code),
  )
  t.throws(() => one.fail('EIO'), { message: 'EIO' })
  const three = outputs()
  endWithReader(
    [three.output],
    () => false,
    code => said.push(code),
  )
  three.fail('EPIPE')
  t.deepEqual(said, ['stop', 141])
})

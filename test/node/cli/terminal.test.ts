/** The terminal: a line is one line, and of all escapes only its own colours get out. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import { ownColours, shownLine } from '../../../node/cli/terminal.ts'

const RED = '\u001b[31m'
const PLAIN = '\u001b[39m'

test('its own colours are shown, others that only look like them are text', t => {
  const own = `${ownColours(RED)}x${ownColours(PLAIN)}`
  t.is(shownLine(own), `${RED}x${PLAIN}`)
  t.is(shownLine(`${RED}x`), '\\x1b[31mx')
  t.is(shownLine(`${own}${RED}`), `${RED}x${PLAIN}\\x1b[31m`)
  t.is(shownLine('\u001b[31;1234;1234;1234mx'), '\\x1b[31;1234;1234;1234mx', 'a mark cannot be guessed')
  t.is(shownLine('a\nb'), 'a\\nb')
})

test('whatever is written to a process’s streams is clean, and JSON is valid', async t => {
  const terminal = fileURLToPath(new URL('../../../node/cli/terminal.ts', import.meta.url))
  const nasty = '\u001b[2J\u009b\u202e\r'
  const program = `
    const { processTerminal } = await import(${JSON.stringify(terminal)})
    const terminal = processTerminal()
    const nasty = ${JSON.stringify(nasty)}
    terminal.print(terminal.paint('red', nasty), 'second\\nline')
    terminal.warn(nasty)
    terminal.data('a' + nasty + '\\nb\\n')
    terminal.json({ [nasty]: nasty }, 0)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program])
  const texts = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => {
      texts[name] += text
    })
  await once(child, 'close')
  const clean = '\\x1b[2J\\x9b\\u202e\\r'
  t.is(texts.stderr, `${clean}\n`)
  const [red, second, data, rest, json] = texts.stdout.split('\n')
  t.deepEqual([red, second, data, rest], [clean, 'second\\nline', `a${clean}`, 'b'])
  t.deepEqual(JSON.parse(json!), { [clean]: clean })
})

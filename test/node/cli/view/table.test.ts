/** Tables on a terminal with colours: our own are colours, what a cell brings along is text, and the sides are straight. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import test from 'ava'
import { tableLines } from '../../../../node/cli/view/table.ts'
import { recordedTerminal } from '../terminals.ts'

const NASTY = '\u001b[2J\u001b[31mred\u202e\r\nnext'
const SHOWN = '\\x1b[2J\\x1b[31mred\\u202e\\r\\nnext'
const ESCAPE = '\u001b'
const OWN = new RegExp(`${ESCAPE}\\[3[129]m`, 'gu')

/** What a process writes that takes its output for a terminal. */
async function onTerminal(body: string): Promise<readonly string[]> {
  const at = (path: string) => JSON.stringify(new URL(`../../../../node/cli/${path}`, import.meta.url).href)
  const program = `
    Object.defineProperty(process.stdout, 'isTTY', { value: true })
    const { processTerminal } = await import(${at('terminal.ts')})
    const { tableLines } = await import(${at('view/table.ts')})
    const terminal = processTerminal()
    ${body}`
  const { NO_COLOR: _, ...env } = process.env
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { env })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    text += piece
  })
  await once(child, 'close')
  return text.trimEnd().split('\n')
}

test('a table keeps the terminal’s own colours, and writes out whatever else its cells hold', async t => {
  const lines = await onTerminal(`
    const nasty = ${JSON.stringify(NASTY)}
    terminal.print(...(await tableLines(['role', nasty], [
      [terminal.paint('green', 'honest'), 1],
      [terminal.paint('red', nasty), nasty],
    ], { columns: 80 })))`)
  const text = lines.join('\n')
  t.true(text.includes(' \u001b[32mhonest\u001b[39m '))
  t.true(text.includes(` \u001b[31m${SHOWN}\u001b[39m `))
  t.false(text.includes('\\x1b[39m'), 'a colour of ours is not written out')
  t.is(text.split(SHOWN).length - 1, 3)
  const bare = lines.map(line => line.replace(OWN, ''))
  t.false(/\p{C}/u.test(bare.join('')), 'no other escape gets out')
  t.is(lines.length, 6)
  t.is(new Set(bare.map(line => line.length)).size, 1, text)
})

test('without colours there is not one escape', async t => {
  const terminal = recordedTerminal()
  terminal.print(
    ...(await tableLines(['role'], [[terminal.paint('red', NASTY)], [['first', 'second']], [7]], {
      right: true,
      columns: 80,
    })),
  )
  t.false(/(?!\n)\p{C}/u.test(terminal.printed.join('')))
  t.true(terminal.printed.join('').includes(SHOWN))
  t.regex(terminal.printed.join(''), /│ {2,}7 │/)
  t.regex(terminal.printed.join(''), /│ +first │\n│ +second │/)
})

/** An attack that cannot act is refused, so that no run looks as if it had withstood it. */
import test from 'ava'
import { run } from './concord.ts'

const says = async (...args: string[]) => {
  const { code, stderr } = await run('simulate', '--model', 'softmax', '--steps', '2', ...args)
  return { code, text: stderr.replaceAll(/\s+/g, ' ') }
}

test('among so few peers, or with so few vectors, that nobody may lie', async t => {
  const few = await says('--peers', '5', '--attack', 'little')
  t.is(few.code, 2)
  t.regex(few.text, /--attack is little, and mda tolerates no liar among 5 peers, so nobody would lie/)
  const quorum = await says('--quorum', '5', '--attack', 'search')
  t.is(quorum.code, 2)
  t.regex(quorum.text, /among 7 peers with --quorum 5/)
  t.is((await says('--peers', '5', '--attack', 'little', '--byzantine', '0')).code, 0)
})

test('from a step on that never comes', async t => {
  for (const architecture of [[], ['--architecture', 'server'], ['--architecture', 'gossip']]) {
    const { code, text } = await says(...architecture, '--attack', 'late+little:from=3')
    t.is(code, 2)
    t.regex(text, /lies from step 3 on, and the run has 2 steps, so nobody would lie/)
    t.is((await says(...architecture, '--attack', 'late+little:from=2')).code, 0)
  }
})

test('on messages, frames and parameters, beside a server', async t => {
  for (const attack of ['slow', 'forge', 'withhold', 'parameters-only+little', 'late+omit:from=2']) {
    const { code, text } = await says('--architecture', 'server', '--attack', attack)
    t.is(code, 2, attack)
    t.regex(text, /acts on what peers say to each other/, attack)
  }
  t.is((await says('--architecture', 'server', '--attack', 'late+little:from=2')).code, 0)
})

test('at a step or in a phase, in one agreement by itself', async t => {
  for (const attack of ['late', 'parameters-only+little', 'late+little:from=1']) {
    const { code, stderr } = await run('agree', '--attack', attack)
    t.is(code, 2, attack)
    t.regex(stderr, /one\s+agreement\s+has\s+no\s+steps/)
  }
})

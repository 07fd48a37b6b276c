/**
 * Who may speak: a line that others can cause has a limit and a peer to its name (node/quiet.ts), and whatever reaches a
 * terminal is cleaned on its way (node/cli/terminal.ts). So logs and streams are written to in few places.
 */
import { isCallExpression, isPropertyAccessExpression } from 'typescript/unstable/ast'
import { type Finding, findingAt, type Rule } from './sources.ts'
import { visit } from './syntax.ts'

/** These have a log of the operator's in hand; all others have one that asks for a peer and a topic. */
const loggers: ReadonlySet<string> = new Set([
  'node/network/quiet-log.ts',
  'node/cli/peer/log.ts',
  'node/cli/peer/operating.ts',
])
const levels: ReadonlySet<string> = new Set(['trace', 'debug', 'info', 'warn', 'error', 'fatal'])

/** `log.warn(peer, 'topic', text)` is limited, and the compiler sees to the rest; `log.warn(fields, text)` is not. */
export const linesAreLimited: Rule = source => {
  if (source.folder !== 'node' || loggers.has(source.path)) return []
  const findings: Finding[] = []
  visit(source.tree, node => {
    if (!isCallExpression(node) || !isPropertyAccessExpression(node.expression)) return
    const { expression: target, name } = node.expression
    const isLog = levels.has(name.text) && /(^|\.)log(ger)?$/i.test(target.getText())
    if (!isLog || node.arguments.length >= 3) return
    const message = `${node.expression.getText()}() without a peer and a topic: what others cause is limited (node/quiet.ts)`
    findings.push(findingAt(source, node.getStart(), 'unlimited-line', message))
  })
  return findings
}

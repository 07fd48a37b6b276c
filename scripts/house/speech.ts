/**
 * Which files may write lines: a line that others can cause has a limit and names a peer (node/text/quiet.ts), and
 * everything that reaches a terminal is cleaned on its way (node/cli/terminal.ts). So only few files write to logs and
 * streams.
 */
import { isCallExpression, isPropertyAccessExpression, type Node } from 'typescript/unstable/ast'
import { type Finding, findingAt, type Rule } from './sources.ts'
import { visit } from './syntax.ts'

/** These have a log of the operator's in hand; all others have one that asks for a peer and a topic. */
const loggers: ReadonlySet<string> = new Set([
  'node/network/quiet-log.ts',
  'node/cli/join/log.ts',
  'node/cli/join/operating.ts',
  'node/cli/join/run-join.ts', // a defect, once
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
    const message = `${node.expression.getText()}() without a peer and a topic: what others cause is limited (node/text/quiet.ts)`
    findings.push(findingAt(source, node.getStart(), 'unlimited-line', message))
  })
  return findings
}

/** These have a process's own streams in hand; all others have a terminal, which cleans what goes through it. */
const writers: ReadonlySet<string> = new Set([
  'node/cli/terminal.ts',
  'node/cli/launch.ts', // before there is a terminal
  'node/cli/commands/aggregate.ts', // binary data
  'node/files/output.ts', // files that a person names as /dev/stdout
  'node/threads/slice-thread.ts', // a thread without one, about itself
])

/** Text goes out through a terminal, and JSON as JSON, or cleaning would spoil it. */
export const outputIsCleaned: Rule = source => {
  if (source.folder !== 'node' || writers.has(source.path)) return []
  const findings: Finding[] = []
  const add = (node: Node, message: string) =>
    findings.push(findingAt(source, node.getStart(), 'unclean-output', message))
  visit(source.tree, node => {
    if (isPropertyAccessExpression(node)) {
      const text = node.getText()
      if (/^process\.(stdout|stderr)$/.test(text) || /^console\.\w+$/.test(text))
        add(node, `${text}: write through a terminal, which cleans what is not ours`)
    }
    if (isCallExpression(node) && /\.data$/.test(node.expression.getText()))
      if (/JSON\.stringify/.test(node.getText())) add(node, 'JSON as text: write it with terminal.json')
  })
  return findings
}

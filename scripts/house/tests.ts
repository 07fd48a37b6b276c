/**
 * What tests must not do: wait for the wall clock, measure time, or be left out. A file named support.ts may set a
 * deadline on waiting for an event, for the tests beside it.
 */
import {
  isBinaryExpression,
  isCallExpression,
  isExpression,
  isIdentifier,
  isPropertyAccessExpression,
  type Node,
} from 'typescript/unstable/ast'
import { type Finding, findingAt, type Rule } from './sources.ts'
import { importsOf, visit } from './syntax.ts'

const waits: ReadonlySet<string> = new Set(['setTimeout', 'setInterval'])
const naps: ReadonlySet<string> = new Set(['sleep', 'delay'])
const clocks: ReadonlySet<string> = new Set(['performance.now', 'process.hrtime', 'process.hrtime.bigint'])
const leftOut = /^(test|test\.serial)\.(skip|only|todo|failing)$|^t\.(skip|log)$|\.skip$/

export const testsDoNotWait: Rule = source => {
  if (source.folder !== 'test') return []
  const findings: Finding[] = []
  const add = (offset: number, what: string) => findings.push(findingAt(source, offset, 'test', what))
  for (const { specifier, node } of importsOf(source.tree))
    if (/^(node:)?timers/.test(specifier))
      add(node.getStart(), `${specifier}: use virtual time, or wait for an event`)
  const setsDeadlines = source.path.endsWith('/support.ts')
  visit(source.tree, node => {
    if (isIdentifier(node) && waits.has(node.text) && !setsDeadlines)
      add(node.getStart(), `${node.text}: use virtual time, or wait for an event`)
    if (isCallExpression(node) && naps.has(node.expression.getText()))
      add(node.getStart(), `${node.expression.getText()}(): use virtual time, or wait for an event`)
    if (!isPropertyAccessExpression(node)) return
    const text = node.getText()
    if (clocks.has(text)) add(node.getStart(), `${text}: a test that measures time fails on a busy machine`)
    if (text === 'Date.now' && isCompared(node))
      add(node.getStart(), 'Date.now() compared: a test that measures time')
    if (leftOut.test(text)) add(node.getStart(), `${text}: a test that is left out proves nothing`)
  })
  return findings
}

/** Within a difference or a comparison; the time of day as a value is data. */
function isCompared(node: Node): boolean {
  for (let around = node.parent; isExpression(around); around = around.parent)
    if (isBinaryExpression(around) && /^(-|[<>]=?)$/.test(around.operatorToken.getText())) return true
  return false
}

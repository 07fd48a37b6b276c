/** How code looks: sizes, types, exports, comments and characters. Sizes and reasons: CONTRIBUTING.md. */
import {
  isClassDeclaration,
  isExportAssignment,
  isHeritageClause,
  isObjectLiteralExpression,
  isSpreadAssignment,
  type Node,
  SyntaxKind,
} from 'typescript/unstable/ast'
import { type Finding, findingAt, type Rule, type Source } from './sources.ts'
import { isCallback, isNamedFunction, visit } from './syntax.ts'

const fileLinesMax = 400
const functionLinesMax = 70

export const fileSize: Rule = source => {
  const lines = source.text.replace(/\n$/, '').split('\n').length
  if (lines <= fileLinesMax) return []
  return [
    findingAt(source, 0, 'file-size', `${lines} lines, at most ${fileLinesMax}: is this still one room?`),
  ]
}

/** All lines of a function, with everything nested in it: its reader must keep all of them in mind. */
export const functionSize: Rule = source => {
  const findings: Finding[] = []
  visit(source.tree, node => {
    if (!isNamedFunction(node) && !isOutermostCallback(node)) return
    const lines = linesOf(source, node)
    if (lines <= functionLinesMax) return
    const message = `${lines} lines with what is nested in it, at most ${functionLinesMax}`
    findings.push(findingAt(source, node.getStart(), 'function-size', message))
  })
  return findings
}

function isOutermostCallback(node: Node): boolean {
  if (!isCallback(node)) return false
  for (let around = node.parent; around !== undefined; around = around.parent)
    if (isNamedFunction(around) || isCallback(around)) return false
  return true
}

function linesOf(source: Source, node: Node): number {
  const first = source.tree.getLineAndCharacterOfPosition(node.getStart()).line
  return source.tree.getLineAndCharacterOfPosition(node.end).line - first + 1
}

/** `...{ a, b }` in an object is `a, b`: it only hides how long the object is. */
export const noSpreadLiteral: Rule = source => {
  const findings: Finding[] = []
  visit(source.tree, node => {
    if (!isSpreadAssignment(node) || !isObjectLiteralExpression(node.expression)) return
    const message = 'an object literal spread into another: write its properties, one a line'
    findings.push(findingAt(source, node.getStart(), 'spread', message))
  })
  return findings
}

export const noAny: Rule = source => {
  const findings: Finding[] = []
  visit(source.tree, node => {
    if (node.kind === SyntaxKind.AnyKeyword)
      findings.push(findingAt(source, node.getStart(), 'any', 'the type any: use unknown and parse'))
  })
  return findings
}

export const noDefaultExport: Rule = source => {
  const findings: Finding[] = []
  visit(source.tree, node => {
    if (isExportAssignment(node) || node.kind === SyntaxKind.DefaultKeyword) {
      if (node.parent.kind === SyntaxKind.DefaultClause || node.kind === SyntaxKind.DefaultClause) return
      findings.push(
        findingAt(source, node.getStart(), 'default-export', 'a default export: give it its name'),
      )
    }
  })
  return findings
}

/** Errors are classes because `instanceof` and stack traces need it; nothing else of ours is. Declarations are others'. */
export const noClass: Rule = source => {
  if (source.tree.isDeclarationFile) return []
  const findings: Finding[] = []
  visit(source.tree, node => {
    if (!isClassDeclaration(node)) return
    let extendsSomething = false
    node.forEachChild(child => {
      extendsSomething ||= isHeritageClause(child) && child.token === SyntaxKind.ExtendsKeyword
    })
    if (!extendsSomething)
      findings.push(
        findingAt(source, node.getStart(), 'class', 'a class where a function and a record would do'),
      )
  })
  return findings
}

export const purposeFirst: Rule = source => {
  const text = source.text.replace(/^#!.*\n/, '')
  const comment = /^\/\*\*?([\s\S]*?)\*\/|^((?:\/\/.*\n)+)/.exec(text)
  const words = (comment?.[1] ?? comment?.[2] ?? '').match(/\p{L}+/gu) ?? []
  if (words.length >= 2) return []
  return [findingAt(source, 0, 'purpose', 'the file does not open with a comment that states its purpose')]
}

/** Leftovers and switched-off checks, in comments and code but not inside literals. */
const leftovers: readonly (readonly [RegExp, string])[] = [
  [/\b(TODO|FIXME|XXX|HACK)\b/g, 'a note to do it later: do it, or file an issue'],
  [/@ts-(ignore|expect-error|nocheck)|biome-ignore|eslint-disable/g, 'a check switched off'],
]

export const noLeftovers: Rule = source =>
  leftovers.flatMap(([pattern, message]) =>
    [...source.codeAndComments.matchAll(pattern)].map(match =>
      findingAt(source, match.index, 'leftover', `${match[0]}: ${message}`),
    ),
  )

/** Tabs, carriage returns, trailing blanks, and every space or invisible character but the plain space. */
const strangeSpace = /[\t\r\u00a0\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f\u2060\u3000\ufeff]|[ ]+(?=\n)/g

/** Works on any text file, for prose is held to it as well. */
export function strangeSpaces(path: string, text: string): readonly Finding[] {
  return [...text.matchAll(strangeSpace)].map(match => {
    const line = text.slice(0, match.index).split('\n').length
    const code = match[0].startsWith(' ')
      ? 'trailing space'
      : `U+${match[0].charCodeAt(0).toString(16).padStart(4, '0')}`
    return {
      path,
      line,
      rule: 'space',
      message: `${code}: write a plain space, or an escape inside a literal`,
    }
  })
}

export const plainSpaces: Rule = source => strangeSpaces(source.path, source.text)

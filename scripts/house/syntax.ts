/** Small questions to a syntax tree: visiting it, what a file imports, which identifiers and functions it has. */
import {
  isArrowFunction,
  isCallExpression,
  isExportDeclaration,
  isFunctionDeclaration,
  isFunctionExpression,
  isGetAccessorDeclaration,
  isImportDeclaration,
  isImportTypeNode,
  isLiteralTypeNode,
  isMethodDeclaration,
  isNewExpression,
  isPropertyAssignment,
  isSetAccessorDeclaration,
  isStringLiteral,
  isVariableDeclaration,
  type Node,
  type SourceFile,
  SyntaxKind,
} from 'typescript/unstable/ast'

export function visit(node: Node, see: (node: Node) => void): void {
  see(node)
  node.forEachChild(child => visit(child, see))
}

export interface ImportedName {
  /** As written: `./vector.ts`, `node:fs`, `libp2p`. */
  readonly specifier: string
  readonly node: Node
  /** How it is named: a static import or re-export, `import()`, a type's `import()`, or `new URL(…, import.meta.url)`. */
  readonly by: 'import' | 'dynamic-import' | 'type' | 'url'
}

export function importsOf(tree: SourceFile): readonly ImportedName[] {
  const found: ImportedName[] = []
  visit(tree, node => {
    const imported = importedBy(node)
    if (imported !== null) found.push(imported)
  })
  return found
}

function importedBy(node: Node): ImportedName | null {
  if (isImportDeclaration(node) || isExportDeclaration(node))
    return named(node.moduleSpecifier, node, 'import')
  if (isCallExpression(node) && node.expression.kind === SyntaxKind.ImportKeyword)
    return named(node.arguments[0], node, 'dynamic-import')
  if (isImportTypeNode(node) && isLiteralTypeNode(node.argument))
    return named(node.argument.literal, node, 'type')
  if (isNewExpression(node) && isModuleUrl(node)) return named(node.arguments?.[0], node, 'url')
  return null
}

function named(specifier: Node | undefined, node: Node, by: ImportedName['by']): ImportedName | null {
  return specifier !== undefined && isStringLiteral(specifier)
    ? { specifier: specifier.text, node, by }
    : null
}

function isModuleUrl(node: Node): boolean {
  return /^new URL\(.*import\.meta\.url\s*,?\s*\)$/s.test(node.getText())
}

/** A function with a name of its own: callbacks written in place belong to the function around them. */
export function isNamedFunction(node: Node): boolean {
  if (isFunctionDeclaration(node) || isMethodDeclaration(node)) return true
  if (isGetAccessorDeclaration(node) || isSetAccessorDeclaration(node)) return true
  if (!isArrowFunction(node) && !isFunctionExpression(node)) return false
  return isVariableDeclaration(node.parent) || isPropertyAssignment(node.parent)
}

export function isCallback(node: Node): boolean {
  return (isArrowFunction(node) || isFunctionExpression(node)) && !isNamedFunction(node)
}

const literalKinds: ReadonlySet<SyntaxKind> = new Set([
  SyntaxKind.StringLiteral,
  SyntaxKind.NoSubstitutionTemplateLiteral,
  SyntaxKind.TemplateHead,
  SyntaxKind.TemplateMiddle,
  SyntaxKind.TemplateTail,
  SyntaxKind.RegularExpressionLiteral,
])

/** The file's text with the insides of all literals replaced by spaces, line breaks kept. */
export function withoutLiterals(tree: SourceFile): string {
  const { text } = tree
  let result = ''
  let taken = 0
  visit(tree, node => {
    if (!literalKinds.has(node.kind)) return
    const start = node.getStart() + 1
    const end = node.end - 1
    result += text.slice(taken, start) + text.slice(start, end).replace(/[^\n]/g, ' ')
    taken = Math.max(start, end)
  })
  return result + text.slice(taken)
}

/** Users of the library read doc comments: every name that an entry point exports has one at its declaration. */
import { posix } from 'node:path'
import { isExportDeclaration, isNamedExports, isStringLiteral, type Node } from 'typescript/unstable/ast'
import { type Finding, findingAt, type Source } from './sources.ts'

/** The entry points that users of the package import. */
export const entries: ReadonlySet<string> = new Set([
  'agreement/index.ts',
  'learning/index.ts',
  'node/index.ts',
])

export function publicNamesAreDocumented(sources: readonly Source[]): readonly Finding[] {
  const byPath = new Map(sources.map(source => [source.path, source]))
  const findings: Finding[] = []
  for (const entry of sources.filter(({ path }) => entries.has(path)))
    for (const { from, name } of reexports(entry)) {
      const place = declaration(byPath, from, name)
      if (place === null || isDocumented(place)) continue
      const message = `${name} is exported by ${entry.path} and has no doc comment`
      findings.push(findingAt(place.source, place.node.getStart(), 'documented', message))
    }
  return findings
}

interface Reexport {
  readonly from: string
  /** As it is called there. */
  readonly name: string
  /** As it is called here. */
  readonly as: string
}

function reexports({ path, tree }: Source): readonly Reexport[] {
  return tree.statements.flatMap(statement => {
    if (!isExportDeclaration(statement)) return []
    const { moduleSpecifier, exportClause } = statement
    if (moduleSpecifier === undefined || !isStringLiteral(moduleSpecifier)) return []
    if (exportClause === undefined || !isNamedExports(exportClause)) return []
    const from = posix.join(posix.dirname(path), moduleSpecifier.text)
    return exportClause.elements.map(({ name, propertyName }) => ({
      from,
      name: (propertyName ?? name).text,
      as: name.text,
    }))
  })
}

interface Place {
  readonly source: Source
  readonly node: Node
}

/** Where a name is declared, through files that only pass it on; null where that is not in this tree. */
function declaration(sources: ReadonlyMap<string, Source>, path: string, name: string): Place | null {
  const source = sources.get(path)
  if (source === undefined) return null
  const pattern = new RegExp(
    `^export (?:async )?(?:abstract )?(?:function\\*?|const|class|interface|type|enum) ${name}\\b`,
  )
  const node = source.tree.statements.find(statement => pattern.test(statement.getText()))
  if (node !== undefined) return { source, node }
  const passed = reexports(source).find(({ as }) => as === name)
  return passed === undefined ? null : declaration(sources, passed.from, passed.name)
}

/** The comment above it; that of a file's first statement is the file's own unless another follows. */
function isDocumented({ source, node }: Place): boolean {
  const above = node.getFullText().slice(0, node.getStart() - node.getFullStart())
  const comments = above.match(/\/\*\*[\s\S]*?\*\//g) ?? []
  return comments.length > (source.tree.statements[0] === node ? 1 : 0)
}

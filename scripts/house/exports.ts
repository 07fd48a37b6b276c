/**
 * Every export is named in another file: an export that nobody uses is a promise to nobody. The entry points' own
 * exports are for users of the package.
 */
import { posix } from 'node:path'
import {
  isCallExpression,
  isExportDeclaration,
  isIdentifier,
  isNamedExports,
  isTemplateExpression,
  type Node,
  SyntaxKind,
} from 'typescript/unstable/ast'
import { entries } from './documented.ts'
import { type Finding, findingAt, type Source } from './sources.ts'
import { importsOf, visit } from './syntax.ts'

export function deadExports(sources: readonly Source[]): readonly Finding[] {
  const { importers, open } = importersOf(sources)
  const named = new Map(sources.map(source => [source.path, identifiersOf(source)]))
  return sources
    .filter(({ path }) => !open.has(path))
    .flatMap(source => {
      const users = [...(importers.get(source.path) ?? [])].map(path => named.get(path)!)
      return exportsOf(source)
        .filter(({ name }) => !users.some(names => names.has(name)))
        .map(({ name, node }) =>
          findingAt(source, node.getStart(), 'dead-export', `${name} is named in no other file`),
        )
    })
}

interface Exported {
  readonly name: string
  readonly node: Node
}

const declared =
  /^export (?:declare |async |abstract )*(?:function\*?|const|let|class|interface|type|enum) ([\w$]+)/

function exportsOf({ tree }: Source): readonly Exported[] {
  return tree.statements.flatMap((node): Exported[] => {
    const name = declared.exec(node.getText())?.[1]
    if (name !== undefined) return [{ name, node }]
    if (!isExportDeclaration(node) || node.exportClause === undefined) return []
    const { exportClause } = node
    return isNamedExports(exportClause)
      ? exportClause.elements.map(element => ({ name: element.name.text, node: element }))
      : []
  })
}

interface Importers {
  /** By file, the files that import it, or import one that passes on everything of it. */
  readonly importers: ReadonlyMap<string, ReadonlySet<string>>
  /** Entry points, and files of which one passes on everything. */
  readonly open: ReadonlySet<string>
}

function importersOf(sources: readonly Source[]): Importers {
  const importers = new Map(sources.map(({ path }) => [path, new Set<string>()]))
  const passedOn: [from: string, by: string][] = []
  for (const source of sources) {
    const from = (specifier: string) => posix.join(posix.dirname(source.path), specifier)
    for (const { specifier, node } of importsOf(source.tree)) {
      importers.get(from(specifier))?.add(source.path)
      const isStar = isExportDeclaration(node) && node.exportClause === undefined
      if (isStar) passedOn.push([from(specifier), source.path])
    }
    for (const folder of foldersChosenFrom(source))
      for (const [path, users] of importers)
        if (posix.dirname(path) === from(folder).replace(/\/$/, '')) users.add(source.path)
  }
  const open = new Set(entries)
  for (const [from, by] of passedOn) {
    if (open.has(by)) open.add(from)
    for (const user of importers.get(by) ?? []) importers.get(from)?.add(user)
  }
  return { importers, open }
}

/** Folders of which a file is imported by a name that is put together: import(`./${name}.ts`). */
function foldersChosenFrom({ tree }: Source): readonly string[] {
  const folders: string[] = []
  visit(tree, node => {
    if (!isCallExpression(node) || node.expression.kind !== SyntaxKind.ImportKeyword) return
    const [argument] = node.arguments
    if (argument === undefined || !isTemplateExpression(argument)) return
    folders.push(argument.head.text)
  })
  return folders
}

function identifiersOf({ tree }: Source): ReadonlySet<string> {
  const names = new Set<string>()
  visit(tree, node => {
    if (isIdentifier(node)) names.add(node.text)
  })
  return names
}

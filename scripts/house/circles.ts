/** No file imports itself, directly or through others: such files can only be understood, tested and moved together. */
import { posix } from 'node:path'
import type { Node } from 'typescript/unstable/ast'
import { type Finding, findingAt, type Source } from './sources.ts'
import { importsOf } from './syntax.ts'

/** One finding for each circle, at the import that closes it. Types count: the files are as hard to tell apart. */
export function importCircles(sources: readonly Source[]): readonly Finding[] {
  const byPath = new Map(sources.map(source => [source.path, source]))
  const targets = new Map(sources.map(source => [source.path, importedFiles(source, byPath)]))
  const findings: Finding[] = []
  const done = new Set<string>()
  const trail: string[] = []
  const follow = (path: string) => {
    trail.push(path)
    for (const [target, node] of targets.get(path) ?? []) {
      const start = trail.indexOf(target)
      if (start >= 0) {
        const circle = [...trail.slice(start), target].join(' → ')
        findings.push(findingAt(byPath.get(path)!, node.getStart(), 'circle', circle))
      } else if (!done.has(target)) follow(target)
    }
    trail.pop()
    done.add(path)
  }
  for (const path of targets.keys()) if (!done.has(path)) follow(path)
  return findings
}

/** A worker's URL is no import: the file that it names runs elsewhere. */
function importedFiles(source: Source, known: ReadonlyMap<string, Source>): ReadonlyMap<string, Node> {
  const files = new Map<string, Node>()
  for (const { specifier, node, by } of importsOf(source.tree)) {
    const target = posix.join(posix.dirname(source.path), specifier)
    if (by !== 'url' && specifier.startsWith('.') && known.has(target)) files.set(target, node)
  }
  return files
}

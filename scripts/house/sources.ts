/**
 * The sources that the house rules are held against, parsed by the compiler itself (its programming interface
 * is marked unstable, so only this file and `syntax.ts` touch it, and package.json pins the version).
 */
import { existsSync } from 'node:fs'
import { relative } from 'node:path'
import type { SourceFile } from 'typescript/unstable/ast'
import type { FileSystem } from 'typescript/unstable/fs'
import { API } from 'typescript/unstable/sync'
import { withoutLiterals } from './syntax.ts'

export interface Source {
  /** From the root, with slashes: `agreement/vector.ts`. */
  readonly path: string
  /** The first part of the path: `agreement`. */
  readonly folder: string
  readonly text: string
  readonly tree: SourceFile
  /** The text with the insides of string, template and regular-expression literals blanked; same offsets. */
  readonly codeAndComments: string
}

/** Something that breaks a rule; `line` counts from 1. */
export interface Finding {
  readonly path: string
  readonly line: number
  readonly rule: string
  readonly message: string
}

export type Rule = (source: Source) => readonly Finding[]

/** The tree's projects: everything that runs on Node, and the page's application, which runs in a browser. */
const configurations = ['tsconfig.json', 'node/page/app/tsconfig.json'] as const

/** Hands every file of the projects under `root` to `use`; trees are valid only until it returns. */
export function withSources<T>(root: string, use: (sources: readonly Source[]) => T, fs?: FileSystem): T {
  const api = new API(fs === undefined ? { cwd: root } : { cwd: root, fs })
  try {
    const exists = fs?.fileExists?.bind(fs) ?? existsSync
    const openProjects = configurations.map(name => `${root}/${name}`).filter(path => exists(path))
    const snapshot = api.updateSnapshot({ openProjects })
    return use(
      openProjects.flatMap(configuration => {
        const project = snapshot.getProject(configuration)
        if (project === undefined)
          throw new Error(`${configuration} cannot be opened as a TypeScript project`)
        return project.rootFiles.map(name => {
          const tree = project.program.getSourceFile(name)
          if (tree === undefined) throw new Error(`${name} belongs to the project but cannot be parsed`)
          return toSource(relative(root, name).replaceAll('\\', '/'), tree)
        })
      }),
    )
  } finally {
    api.close()
  }
}

function toSource(path: string, tree: SourceFile): Source {
  const folder = path.slice(0, path.indexOf('/'))
  return { path, folder, text: tree.text, tree, codeAndComments: withoutLiterals(tree) }
}

/** A finding at an offset of the source's text. */
export function findingAt(source: Source, offset: number, rule: string, message: string): Finding {
  const line = source.tree.getLineAndCharacterOfPosition(offset).line + 1
  return { path: source.path, line, rule, message }
}

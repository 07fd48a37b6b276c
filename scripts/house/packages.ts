/**
 * Dependencies: each has its line in docs/dependencies.md, what ships imports only what users get, and the lock file
 * names no registry (it must work for every clone, behind any mirror).
 */
import { type Finding, findingAt, type Rule } from './sources.ts'
import { importsOf } from './syntax.ts'

export interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
}

/** A line of the table: "| `name` | …". */
const documentedName = /^\| `([^`]+)` \|/gm

export function undocumentedDependencies(manifest: Manifest, page: string): readonly Finding[] {
  const { dependencies, optionalDependencies, devDependencies } = manifest
  const used = Object.keys({ ...dependencies, ...optionalDependencies, ...devDependencies })
  const documented = [...page.matchAll(documentedName)].map(match => match[1]!)
  return [
    ...used.filter(name => !documented.includes(name)).map(name => onPage(`${name} has no line`)),
    ...documented
      .filter(name => !used.includes(name))
      .map(name => onPage(`${name} has a line but is not in package.json`)),
    ...documented
      .filter((name, index) => documented.indexOf(name) !== index)
      .map(name => onPage(`${name} has two lines`)),
  ]
}

function onPage(message: string): Finding {
  return { path: 'docs/dependencies.md', line: 1, rule: 'dependency', message }
}

/** Exact versions only: what was tested is what is installed. */
export function looseVersions(manifest: Manifest): readonly Finding[] {
  const all = { ...manifest.dependencies, ...manifest.optionalDependencies, ...manifest.devDependencies }
  return Object.entries(all)
    .filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))
    .map(([name, version]) => ({
      path: 'package.json',
      line: 1,
      rule: 'dependency',
      message: `${name} is asked for as ${version}: name one exact version`,
    }))
}

/**
 * Packages that a folder's files may import: what ships, only what users of the package get. The page's application is
 * bundled by the build, so that users get its packages inside it.
 */
export function importedPackages(manifest: Manifest): Rule {
  const shipped = new Set(Object.keys(manifest.dependencies ?? {}))
  const all = new Set([...shipped, ...Object.keys(manifest.devDependencies ?? {})])
  return source => {
    const allowed = ['scripts', 'test'].includes(source.folder) || isBundled(source.path) ? all : shipped
    return importsOf(source.tree)
      .filter(({ specifier, by }) => by !== 'url' && !/^(\.|node:)/.test(specifier))
      .filter(({ specifier }) => !allowed.has(packageName(specifier)))
      .map(({ specifier, node }) =>
        findingAt(
          source,
          node.getStart(),
          'dependency',
          `${packageName(specifier)} is not among the ${allowed === all ? '' : 'shipped '}dependencies`,
        ),
      )
  }
}

const isBundled = (path: string) => path.startsWith('node/page/app/')

function packageName(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

export function registryHosts(lock: string): readonly Finding[] {
  return lock.split('\n').flatMap((text, index) =>
    /"resolved":|https?:\/\/[^"]*\.tgz/.test(text)
      ? [
          {
            path: 'package-lock.json',
            line: index + 1,
            rule: 'lock',
            message: `names a registry: ${text.trim()}`,
          },
        ]
      : [],
  )
}

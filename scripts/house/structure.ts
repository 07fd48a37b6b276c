/**
 * What may touch what: the arrows `agreement ← learning ← node ← scripts` (tests may import all), the command line on
 * top of node/, the purity of agreement/, and the world's ways into learning/. See docs/architecture.md.
 */
import { posix } from 'node:path'
import {
  isFunctionLikeDeclaration,
  isIdentifier,
  isPropertyAccessExpression,
  type Node,
  SyntaxKind,
} from 'typescript/unstable/ast'
import { type Finding, findingAt, type Rule, type Source } from './sources.ts'
import { type ImportedName, importsOf, visit } from './syntax.ts'

/** A folder may import folders of the same or a lower rank. */
const ranks: Readonly<Record<string, number>> = { agreement: 0, learning: 1, node: 2, scripts: 3, test: 4 }

export const arrows: Rule = source =>
  importsOf(source.tree)
    .filter(isRelative)
    .flatMap(imported => {
      const target = posix.join(posix.dirname(source.path), imported.specifier)
      const folder = target.split('/')[0]!
      const allowed = ranks[folder] !== undefined && ranks[folder] <= (ranks[source.folder] ?? -1)
      // URLs also name data and the package's own manifest; only sources are bound by the arrows.
      if (allowed || (imported.by === 'url' && ranks[folder] === undefined)) return []
      return [
        findingAt(source, imported.node.getStart(), 'arrow', `${source.folder}/ must not import ${target}`),
      ]
    })

/**
 * Only the command line imports everything: the rest of node/ must serve who builds on the package without a terminal,
 * so nothing there may import node/cli/. A sweep's file has the settings of `simulate` by the same names, so that sweeps
 * import the modules of those, which know no terminal.
 */
export const commandLineOnTop: Rule = source =>
  source.folder !== 'node' || source.path.startsWith('node/cli/')
    ? []
    : importsOf(source.tree)
        .filter(isRelative)
        .filter(({ specifier }) => {
          const target = posix.join(posix.dirname(source.path), specifier)
          if (source.path.startsWith('node/sweep/') && settingsModules.has(target)) return false
          return target.startsWith('node/cli/')
        })
        .map(({ node, specifier }) =>
          findingAt(
            source,
            node.getStart(),
            'command-line',
            `${specifier} belongs to the command line, which only the command line imports`,
          ),
        )

/** What `simulate` and a sweep are told, parsed and run. */
const settingsModules: ReadonlySet<string> = new Set(
  [
    ...['architecture', 'command', 'fault-options', 'gossip-learning', 'gossip-report'],
    ...['learning-options', 'options'],
    ...['parse', 'protocol-choice', 'server-learning', 'simulate-options', 'simulated', 'simulated-report'],
  ].map(name => `node/cli/${name}.ts`),
)

/** Names of the world: a clock, randomness, waiting, input and output. */
const worldly: ReadonlySet<string> = new Set([
  ...[
    'Date',
    'performance',
    'setTimeout',
    'setInterval',
    'setImmediate',
    'queueMicrotask',
    'Promise',
    'Worker',
  ],
  ...[
    'process',
    'console',
    'fetch',
    'crypto',
    'Buffer',
    'require',
    'globalThis',
    'WebSocket',
    'Temporal',
    'Intl',
  ],
])
const chancy: ReadonlySet<string> = new Set(['Date', 'performance', 'crypto'])

/** agreement/: no imports but its own files, and nothing of the world. */
export const purity: Rule = source => {
  if (source.folder !== 'agreement') return []
  const outside = importsOf(source.tree)
    .filter(imported => !isRelative(imported))
    .map(imported => impure(source, imported.node, `imports ${imported.specifier}`))
  return [...outside, ...worldlyNames(source, worldly), ...asynchrony(source)]
}

/** Modules that reach the network or start processes. */
const reaching = /^(node:)?(net|http|https|http2|dgram|tls|dns|dns\/promises)$|^@?libp2p/

/** learning/: no clock and no randomness but a seed's, no network, files only in its readers (learning/data/). */
export const learningStaysHome: Rule = source => {
  if (source.folder !== 'learning') return []
  const imports = importsOf(source.tree).flatMap(imported => {
    const isFile = /^(node:)?fs(\/promises)?$/.test(imported.specifier)
    if (reaching.test(imported.specifier))
      return [impure(source, imported.node, `reaches the network by ${imported.specifier}`)]
    if (isFile && !source.path.startsWith('learning/data/'))
      return [impure(source, imported.node, 'reads files outside learning/data/')]
    return []
  })
  return [...imports, ...worldlyNames(source, chancy)]
}

/** `new URL('./x.ts', import.meta.url)` finds nothing in dist/, where the file is called x.js. */
export const shippedUrls: Rule = source =>
  ['agreement', 'learning', 'node'].includes(source.folder)
    ? importsOf(source.tree)
        .filter(({ by, specifier }) => by === 'url' && specifier.endsWith('.ts'))
        .map(({ node, specifier }) =>
          findingAt(
            source,
            node.getStart(),
            'shipped-url',
            `${specifier} is a .js file in dist/: take the ending of import.meta.url`,
          ),
        )
    : []

function isRelative(imported: ImportedName): boolean {
  return /^\.\.?\//.test(imported.specifier)
}

function worldlyNames(source: Source, names: ReadonlySet<string>): readonly Finding[] {
  const findings: Finding[] = []
  visit(source.tree, node => {
    if (isPropertyAccessExpression(node) && node.getText() === 'Math.random')
      findings.push(impure(source, node, 'uses Math.random'))
    if (isIdentifier(node) && names.has(node.text) && isFreeName(node))
      findings.push(impure(source, node, `uses ${node.text}`))
  })
  return findings
}

/** Not the `x` of `a.x`, `{ x: 1 }` or a member's declaration. */
function isFreeName(node: Node): boolean {
  const { parent } = node
  if (isPropertyAccessExpression(parent)) return parent.expression === node
  return !memberKinds.has(parent.kind) || !('name' in parent) || parent.name !== node
}

const memberKinds: ReadonlySet<SyntaxKind> = new Set([
  SyntaxKind.PropertyAssignment,
  SyntaxKind.PropertySignature,
  SyntaxKind.PropertyDeclaration,
  SyntaxKind.MethodDeclaration,
  SyntaxKind.MethodSignature,
])

function asynchrony(source: Source): readonly Finding[] {
  const findings: Finding[] = []
  visit(source.tree, node => {
    if (node.kind === SyntaxKind.AwaitExpression) findings.push(impure(source, node, 'awaits'))
    if (node.kind === SyntaxKind.AwaitKeyword) findings.push(impure(source, node, 'awaits'))
    if (isFunctionLikeDeclaration(node) && hasAsync(node))
      findings.push(impure(source, node, 'has an async function'))
    if (node.kind === SyntaxKind.MetaProperty)
      findings.push(impure(source, node, 'asks where it is installed (import.meta)'))
  })
  return findings
}

function hasAsync(node: Node): boolean {
  let found = false
  node.forEachChild(child => {
    found ||= child.kind === SyntaxKind.AsyncKeyword
  })
  return found
}

function impure(source: Source, node: Node, what: string): Finding {
  return findingAt(source, node.getStart(), 'purity', `${source.folder}/ ${what}`)
}

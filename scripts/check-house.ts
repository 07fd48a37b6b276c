/**
 * `npm run check`: checks the tree against the house rules (CONTRIBUTING.md) and lists the violations, one on each
 * line. Exits 1 if there is any.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { FileSystem } from 'typescript/unstable/fs'
import { importCircles } from './house/circles.ts'
import { publicNamesAreDocumented } from './house/documented.ts'
import { deadExports } from './house/exports.ts'
import {
  importedPackages,
  looseVersions,
  type Manifest,
  registryHosts,
  undocumentedDependencies,
} from './house/packages.ts'
import { type Finding, type Rule, withSources } from './house/sources.ts'
import { linesAreLimited, outputIsCleaned } from './house/speech.ts'
import { arrows, commandLineOnTop, learningStaysHome, purity, shippedUrls } from './house/structure.ts'
import {
  fileSize,
  functionSize,
  noAny,
  noClass,
  noDefaultExport,
  noLeftovers,
  noSpreadLiteral,
  plainSpaces,
  purposeFirst,
  strangeSpaces,
} from './house/style.ts'
import { testsDoNotWait } from './house/tests.ts'
import { plainWords, proseWords } from './house/words.ts'

const sourceRules: readonly Rule[] = [
  ...[arrows, commandLineOnTop, purity, learningStaysHome, shippedUrls],
  ...[fileSize, functionSize, noAny, noDefaultExport, noClass, purposeFirst, noLeftovers, plainSpaces],
  ...[noSpreadLiteral, testsDoNotWait, linesAreLimited, outputIsCleaned, plainWords],
]

/** Findings in the sources of the project at `root`. With `fs`, a project that exists only there. */
export function checkSources(root: string, manifest: Manifest, fs?: FileSystem): readonly Finding[] {
  const rules = [...sourceRules, importedPackages(manifest)]
  return withSources(
    root,
    sources => [
      ...sources.flatMap(source => rules.flatMap(rule => rule(source))),
      ...publicNamesAreDocumented(sources),
      ...importCircles(sources),
      ...deadExports(sources),
    ],
    fs,
  )
}

/** Findings in the whole tree at `root`: sources, prose, dependencies and lock file. */
export function checkHouse(root: string): readonly Finding[] {
  const read = (path: string) => readFileSync(join(root, path), 'utf8')
  const manifest: Manifest = JSON.parse(read('package.json'))
  return [
    ...checkSources(root, manifest),
    ...prosePaths(root).flatMap(path => [
      ...strangeSpaces(path, read(path)),
      ...proseWords(path, read(path)),
    ]),
    ...undocumentedDependencies(manifest, read('docs/dependencies.md')),
    ...looseVersions(manifest),
    ...registryHosts(read('package-lock.json')),
  ]
}

function prosePaths(root: string): readonly string[] {
  const listed = execFileSync('git', ['ls-files', '*.md', '*.yaml', '*.json', '.ci/run'], {
    cwd: root,
    encoding: 'utf8',
  })
  return listed.split('\n').filter(path => path !== '' && path !== 'package-lock.json')
}

if (import.meta.main) {
  const findings = checkHouse(process.cwd())
  for (const { path, line, rule, message } of findings) console.log(`${path}:${line}  ${rule}: ${message}`)
  console.log(findings.length === 0 ? 'house: every rule is kept' : `house: ${findings.length} findings`)
  process.exitCode = findings.length === 0 ? 0 : 1
}

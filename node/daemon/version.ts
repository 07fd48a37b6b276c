/** The package's name and version, from its manifest. */
import { readFileSync } from 'node:fs'

/** Reads the version from the package's manifest, which is two folders up in a checkout and three up in dist/. */
export function versionOf(): string {
  for (const manifest of ['../../package.json', '../../../package.json']) {
    try {
      const { name, version } = JSON.parse(readFileSync(new URL(manifest, import.meta.url), 'utf8'))
      if (name === 'concord') return String(version)
    } catch {
      // not here: look one folder further up
    }
  }
  return 'unknown'
}

/** The name under which a peer introduces itself to others. */
export function softwareName(): string {
  return `concord/${versionOf()}`
}

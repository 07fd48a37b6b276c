/** The package's name and version, as its manifest has them. */
import { readFileSync } from 'node:fs'

/** From the package's own manifest: two folders up in a checkout, three in dist/. */
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

/** How a peer introduces itself to others. */
export function softwareName(): string {
  return `concord/${versionOf()}`
}

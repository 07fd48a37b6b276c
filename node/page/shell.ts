/**
 * The page around the application: one HTML file, which needs nothing else. A file holds its runs, and a page that a
 * server gives follows one.
 */

import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import type { RunDocument } from './run.ts'

/** The built application. */
export interface PageApp {
  readonly script: string
  readonly style: string
}

/** A run in a file, by the name that the page gives it. */
export interface NamedRun {
  readonly name: string
  readonly run: unknown
}

const NOSCRIPT =
  'This page holds runs of Concord. If you can read only this, scripts are switched off, or the file is incomplete.'

/** Nothing is fetched, and no script runs but the one whose digest is named here. */
function policyOf({ script, style }: PageApp, connect: string): string {
  const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`
  return [
    "default-src 'none'",
    `script-src ${hash(script)}`,
    `style-src-elem ${hash(style)}`,
    `connect-src ${connect}`,
    'img-src data: blob:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ')
}

/** The headers' part of the policy too: what a page's own element may not say. */
export function livePolicy(app: PageApp): string {
  return `${policyOf(app, "'self'")}; frame-ancestors 'none'`
}

function page(app: PageApp, title: string, policy: string | null, data: string): string {
  const meta = policy === null ? '' : `<meta http-equiv="Content-Security-Policy" content="${policy}">\n`
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
${meta}<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${escaped(title)}</title>
<link rel="icon" href="data:,">
<style>${app.style}</style>
</head>
<body>
<div id="app"><p>${NOSCRIPT}</p></div>
<script>${app.script}</script>
${data}</body>
</html>
`
}

/** Text as text: no character of it can begin or end an element or an attribute. */
function escaped(text: string): string {
  const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
  return text.replace(/[&<>"]/g, character => entities[character]!)
}

export function livePage(app: PageApp, title: string): string {
  return page(app, title, null, '')
}

export function filePage(app: PageApp, title: string, runs: readonly NamedRun[]): string {
  return dataPage(app, title, 'runs', runs)
}

/** The data stands last: of a file that is cut off the application remains, and says so. It is base64, which no text of a peer can leave. */
function dataPage(app: PageApp, title: string, id: 'runs' | 'sweep', value: unknown): string {
  const packed = gzipSync(JSON.stringify(value), { level: 9 }).toString('base64')
  const data = `<script type="application/gzip" id="${id}">${packed}</script>\n`
  return page(app, title, policyOf(app, "'none'"), data)
}

/** A sweep in a file, with the application of sweeps (`pageApp('sweep')`). */
export function sweepPage(app: PageApp, title: string, sweep: unknown): string {
  return dataPage(app, title, 'sweep', sweep)
}

/** A run as a file holds it. */
export function named(run: RunDocument): NamedRun {
  return { name: run.about.title, run }
}

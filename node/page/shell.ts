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
  return policyWith(hash(script), hash(style), connect)
}

function policyWith(script: string, style: string, connect: string): string {
  return [
    "default-src 'none'",
    `script-src ${script}`,
    `style-src-elem ${style}`,
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

interface Parts {
  readonly title: string
  /** Null: the server's headers have it. */
  readonly policy: string | null
  readonly style: string
  readonly script: string
  readonly data: string
  readonly noscript?: string
}

function pageOf({ title, policy, style, script, data, noscript = NOSCRIPT }: Parts): string {
  const meta = policy === null ? '' : `<meta http-equiv="Content-Security-Policy" content="${policy}">\n`
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
${meta}<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${escaped(title)}</title>
<link rel="icon" href="data:,">
${style}
</head>
<body>
<div id="app"><p>${noscript}</p></div>
${script}
${data}</body>
</html>
`
}

/** With the application inside. */
function page({ style, script }: PageApp, title: string, policy: string | null, data: string): string {
  return pageOf({
    title,
    policy,
    data,
    style: `<style>${style}</style>`,
    script: `<script>${script}</script>`,
  })
}

/** Text as text: no character of it can begin or end an element or an attribute. */
function escaped(text: string): string {
  const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
  return text.replace(/[&<>"]/g, character => entities[character]!)
}

export function livePage(app: PageApp, title: string): string {
  return page(app, title, null, '')
}

/** @param runs or what `packed` made of them */
export function filePage(app: PageApp, title: string, runs: readonly NamedRun[] | string): string {
  return dataPage(app, title, 'runs', typeof runs === 'string' ? runs : packed(runs))
}

/** The data stands last: of a file that is cut off the application remains, and says so. It is base64, which no text of a peer can leave. */
function dataPage(app: PageApp, title: string, id: 'runs' | 'sweep', data: string): string {
  return page(app, title, policyOf(app, "'none'"), dataElement(id, data))
}

/** What a page holds, in base64: a list of runs, or a sweep. */
export function packed(value: unknown): string {
  return gzipSync(JSON.stringify(value), { level: 9 }).toString('base64')
}

function dataElement(id: 'runs' | 'sweep', data: string): string {
  return `<script type="application/gzip" id="${id}">${data}</script>\n`
}

/** A sweep in a file, with the application of sweeps (`pageApp('sweep')`). */
export function sweepPage(app: PageApp, title: string, sweep: unknown): string {
  return dataPage(app, title, 'sweep', packed(sweep))
}

/** A run as a file holds it. */
export function named(run: RunDocument): NamedRun {
  return { name: run.about.title, run }
}

/** An application in files of its own, beside the pages that it shows. */
interface LinkedApp {
  /** Contents by name; a name says the content, so that pages of several versions can stand in one folder. */
  readonly files: Readonly<Record<string, string>>
  /** @param data of `packed` */
  page(title: string, data: string): string
}

/**
 * For many pages in one folder: each is as small as its run. Its policy names a word that only its own two elements say,
 * because a browser that reads a page from a disk compares no digests of files; the data, being base64, can say none.
 */
export function linkedApp({ script, style }: PageApp): LinkedApp {
  const word = createHash('sha256').update(script).update(style).digest('hex').slice(0, 12)
  const name = `page-${word}`
  const nonce = `'nonce-${word}'`
  const policy = policyWith(nonce, nonce, "'none'")
  return {
    files: { [`${name}.js`]: script, [`${name}.css`]: style },
    page: (title, data) =>
      pageOf({
        title,
        policy,
        style: `<link rel="stylesheet" nonce="${word}" href="${name}.css">`,
        script: `<script nonce="${word}" src="${name}.js"></script>`,
        data: dataElement('runs', data),
        noscript: `${NOSCRIPT} It needs ${name}.js and ${name}.css beside it.`,
      }),
  }
}

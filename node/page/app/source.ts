/**
 * Where a page gets its runs from: embedded in its file, from the server that it came from, or dropped on it. What is
 * wrong with a document is said in a sentence; nothing of it is trusted before.
 */
import { applyEvent } from '../apply.ts'
import type { LiveMessage, RunEvent } from '../events.ts'
import { runOfReport } from '../report-run.ts'
import { RUN_FORMAT, RUN_VERSION, type RunDocument } from '../run.ts'
import { cleaned } from './clean.ts'

export type Read =
  | { readonly run: RunDocument; readonly wrong: null }
  | { readonly run: null; readonly wrong: string }

const wrong = (sentence: string): Read => ({ run: null, wrong: sentence })

/** Takes a value for a document of this version, or says why it is none. */
function readRun(value: unknown, name: string): Read {
  if (typeof value !== 'object' || value === null)
    return wrong(
      `${name} holds no run: its content is ${value === null ? 'empty' : typeof value}, not a document.`,
    )
  const { format, version } = value as { format?: unknown; version?: unknown }
  if (format !== RUN_FORMAT)
    return wrong(
      `${name} is not a run of Concord that a page can show. Files that can be shown are written by --page and --report.`,
    )
  if (version !== RUN_VERSION)
    return wrong(
      `${name} has version ${printed(version)} of the format, and this page reads version ${RUN_VERSION}. Open it with the Concord that wrote it.`,
    )
  const missing = shapeMissing(value as Record<string, unknown>)
  if (missing !== null) return wrong(`${name} is damaged: ${missing} is missing or is not what it should be.`)
  return { run: cleaned(value as RunDocument), wrong: null }
}

function printed(value: unknown): string {
  return typeof value === 'number' || typeof value === 'string' ? String(value).slice(0, 20) : 'none'
}

const lists = [
  'peers',
  'links',
  'steps',
  'planes',
  'weights',
  'marks',
  'faults',
  'evidence',
  'notes',
] as const

function shapeMissing(value: Record<string, unknown>): string | null {
  const { about, messages } = value as { about?: RunDocument['about']; messages?: RunDocument['messages'] }
  if (typeof about !== 'object' || about === null || !Array.isArray(about.peers))
    return 'the list of its peers'
  for (const name of lists) if (!Array.isArray(value[name])) return `the list "${name}"`
  if ((value.peers as unknown[]).length !== about.peers.length) return 'the place of some peer'
  const rows = [messages?.rows, messages?.slots, messages?.digests]
  return rows.every(Array.isArray) ? null : 'the list of its messages'
}

/** The data of a page, which may be cut off. */
const dataIn = /<script type="(application\/(?:json|gzip))" id="runs">([^<]*)/

const incomplete = (name: string): Read =>
  wrong(`${name} ends too early or is not JSON, so it cannot be shown. Copy it again, or write it again.`)

/** A text from a file: a run as JSON, a report that holds one, or a page with runs inside. */
export async function readText(text: string, name: string): Promise<readonly Read[]> {
  const inside = dataIn.exec(text)
  return await readData(inside?.[2] ?? text, inside?.[1] ?? 'application/json', name)
}

async function readData(text: string, type: string, name: string): Promise<readonly Read[]> {
  let value: unknown
  try {
    value = JSON.parse(type === 'application/gzip' ? await inflated(text.trim()) : text)
  } catch {
    return [incomplete(name)]
  }
  return readParsed(value, name)
}

function readParsed(value: unknown, name: string): readonly Read[] {
  if (Array.isArray(value)) {
    if (value.length === 0) return [wrong(`${name} holds no run.`)]
    return value.map((one, at) => readRun(runIn(one), value.length === 1 ? name : `Run ${at + 1} of ${name}`))
  }
  return [readRun(runOfReport(value) ?? runIn(value), name)]
}

/** A report keeps its run beside its figures; a list of runs has it with a name. */
function runIn(value: unknown): unknown {
  if (typeof value === 'object' && value !== null && 'run' in value && !('format' in value)) return value.run
  return value
}

/** The runs in the page itself; null: it has none, so it is a live one. */
export async function embedded(): Promise<readonly Read[] | null> {
  const element = document.getElementById('runs')
  if (element === null) return null
  return await readData(element.textContent ?? '', element.getAttribute('type') ?? '', 'This file')
}

async function inflated(base64: string): Promise<string> {
  const bytes = Uint8Array.from(atob(base64), character => character.charCodeAt(0))
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'))
  return await new Response(stream).text()
}

interface Follower {
  /** The run from its beginning; again after each reconnection. */
  started(read: Read): void
  /** The document has changed. */
  changed(): void
  /** The connection is lost or back. */
  connected(isConnected: boolean): void
}

/** Follows the run that this page's server tells of. */
export function follow(path: string, { started, changed, connected }: Follower): void {
  let run: RunDocument | null = null
  const source = new EventSource(path)
  source.addEventListener('open', () => connected(true))
  source.addEventListener('error', () => connected(false))
  source.addEventListener('message', ({ data }: MessageEvent<string>) => {
    const message = JSON.parse(data) as LiveMessage
    if (message.kind === 'run') {
      const read = readRun(message.document, 'The run')
      run = read.run
      started(read)
      return
    }
    if (run === null) return
    for (const event of missed(run, message)) applyEvent(run, cleaned(event))
    changed()
  })
}

/** Events that the document does not have yet. */
function missed(
  run: RunDocument,
  { first, events }: Extract<LiveMessage, { kind: 'events' }>,
): readonly RunEvent[] {
  return events.slice(Math.max(0, run.events - first))
}

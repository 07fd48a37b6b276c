/**
 * Where a page gets its runs from: embedded in its file, from the server that it came from, or dropped on it. What is
 * wrong with a document is said in a sentence; nothing of it is trusted before.
 */
import { applyEvent } from '../apply.ts'
import { DATA_BYTES_MAX, type Read, readRun, runsIn, wrong } from '../documents.ts'
import type { LiveMessage, RunEvent } from '../events.ts'
import type { RunDocument } from '../run.ts'
import { cleaned } from './clean.ts'

const shown = (read: Read): Read => (read.run === null ? read : { run: cleaned(read.run), wrong: null })

/** The data of a page, which may be cut off. */
const dataIn = /<script type="(application\/(?:json|gzip))" id="runs">([^<]*)/

const incomplete = (name: string): Read =>
  wrong(`${name} ends too early or is not JSON, so it cannot be shown. Copy it again, or write it again.`)

const tooLarge = (name: string): Read =>
  wrong(`${name} holds more than ${DATA_BYTES_MAX} bytes, so it cannot be shown; expected at most so many.`)

/** A file that was opened on the page. */
export async function readFile(file: File): Promise<readonly Read[]> {
  const name = `The file ${file.name}`
  if (file.size > DATA_BYTES_MAX) return [tooLarge(name)]
  try {
    return await readText(await file.text(), name)
  } catch {
    return [wrong(`${name} cannot be read; expected a file of --page or --report.`)]
  }
}

/** A text from a file: a run as JSON, a report that holds one, or a page with runs inside. */
async function readText(text: string, name: string): Promise<readonly Read[]> {
  const inside = dataIn.exec(text)
  return await readData(inside?.[2] ?? text, inside?.[1] ?? 'application/json', name)
}

async function readData(text: string, type: string, name: string): Promise<readonly Read[]> {
  let value: unknown
  try {
    const json = type === 'application/gzip' ? await inflated(text.trim()) : text
    if (json === null) return [tooLarge(name)]
    value = JSON.parse(json)
  } catch {
    return [incomplete(name)]
  }
  return runsIn(value, name).map(shown)
}

/** The runs in the page itself; null: it has none, so it is a live one. */
export async function embedded(): Promise<readonly Read[] | null> {
  const element = document.getElementById('runs')
  if (element === null) return null
  return await readData(element.textContent ?? '', element.getAttribute('type') ?? '', 'This file')
}

/** Null: it is too large. A small file can hold very much, so bytes are counted while they come. */
export async function inflated(base64: string): Promise<string | null> {
  const bytes = Uint8Array.from(atob(base64), character => character.charCodeAt(0))
  const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip')).getReader()
  const decoder = new TextDecoder()
  const parts: string[] = []
  let size = 0
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    size += next.value.length
    if (size > DATA_BYTES_MAX) {
      await reader.cancel()
      return null
    }
    parts.push(decoder.decode(next.value, { stream: true }))
  }
  return parts.join('') + decoder.decode()
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
      const read = shown(readRun(message.document, 'The run'))
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

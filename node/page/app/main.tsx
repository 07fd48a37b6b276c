/** Starts the page: finds its runs, and draws them. */
import './style.css'
import { render } from 'preact'
import type { Read } from '../documents.ts'
import { App } from './app.tsx'
import { begin } from './begin.ts'
import { embedded, follow, readFile } from './source.ts'
import {
  chosenRun,
  connection,
  redraw,
  runs,
  type Shown,
  tick,
  troubles,
  view,
  viewOfAddress,
} from './state.ts'

function show(reads: readonly Read[], isLive: boolean): void {
  const taken = reads.flatMap(({ run }): Shown[] =>
    run === null ? [] : [{ name: run.about.title, run, isLive }],
  )
  runs.value = [...runs.value, ...taken]
  troubles.value = [...troubles.value, ...reads.flatMap(({ wrong }) => (wrong === null ? [] : [wrong]))]
  tick.value++
}

function live(): void {
  connection.value = 'connecting'
  follow('events', {
    started(read) {
      runs.value = runs.value.filter(({ isLive }) => !isLive)
      troubles.value = []
      show([read], true)
    },
    changed: redraw,
    connected(isConnected) {
      connection.value = isConnected ? 'open' : 'lost'
    },
  })
}

async function addFiles(files: readonly File[]): Promise<void> {
  const before = runs.value.length
  for (const file of files) show(await readFile(file), false)
  const added = runs.value.length - before
  if (added > 0 && runs.value.length > 1) view.value = 'compare'
  else if (added > 0) chosenRun.value = before
}

async function start(): Promise<void> {
  view.value = viewOfAddress() ?? view.value
  addEventListener('hashchange', () => {
    view.value = viewOfAddress() ?? view.value
  })
  addEventListener('dragover', event => event.preventDefault())
  addEventListener('drop', event => {
    event.preventDefault()
    void addFiles([...(event.dataTransfer?.files ?? [])])
  })
  const root = document.getElementById('app')!
  const reads = await embedded()
  root.textContent = ''
  render(<App addFiles={addFiles} />, root)
  if (reads === null) live()
  else {
    show(reads, false)
    if (runs.value.length > 1 && viewOfAddress() === null) view.value = 'compare'
  }
}

begin(
  start,
  'This page cannot be shown: something in it could not be read. Copy the file again, or write it again.',
)

/** Starts the page of a sweep: unpacks what the file holds, and draws it. */
import '../style.css'
import './sweep.css'
import { render } from 'preact'
import { SWEEP_FORMAT, SWEEP_VERSION, type SweepDocument } from '../../../sweep/figures/document.ts'
import { begin } from '../begin.ts'
import { cleaned } from '../clean.ts'
import { inflated } from '../source.ts'
import { App } from './app.tsx'
import { picked, showFirst, view, viewOfAddress } from './state.ts'

class Unreadable extends Error {}

async function embedded(): Promise<SweepDocument> {
  const text = document.getElementById('sweep')?.textContent ?? ''
  const json = text === '' ? null : await inflated(text.trim())
  if (json === null) throw new Unreadable()
  const value = JSON.parse(json) as SweepDocument
  if (value.format !== SWEEP_FORMAT || value.version !== SWEEP_VERSION) throw new Unreadable()
  return cleaned(value)
}

async function start(): Promise<void> {
  view.value = viewOfAddress() ?? view.value
  addEventListener('hashchange', () => {
    const next = viewOfAddress() ?? view.value
    if (next !== view.value) picked.value = null
    view.value = next
  })
  const root = document.getElementById('app')!
  const sweep = await embedded()
  showFirst(sweep)
  document.title = `${sweep.title} · Concord`
  root.textContent = ''
  render(<App sweep={sweep} />, root)
}

begin(
  start,
  'This page cannot be shown: it ends too early, or holds something else than a sweep. Copy the file again, or write it again.',
)

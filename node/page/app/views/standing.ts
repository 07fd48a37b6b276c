/** Where a peer stands, in words: its step, whom it waits for, who has cut it off, and on what proof. */
import { isAlone } from '../../apply.ts'
import type { PeerPlace, RunDocument } from '../../run.ts'
import { countText, listText, timeText } from '../chart/format.ts'
import { peerName } from '../chart/palette.ts'

const phaseWords: Readonly<Record<NonNullable<PeerPlace['phase']>, string>> = {
  gradient: 'agrees on gradients',
  parameters: 'agrees on parameters',
  metrics: 'agrees on figures',
  state: 'agrees on the state to go on from',
  computing: 'computes its gradient',
  'catching-up': 'catches up',
  finished: 'finished',
  diverged: 'diverged',
}

/** A peer's own page knows of the others what its links tell: how many steps they are behind. */
export function isHearsay({ about }: RunDocument, peer: number): boolean {
  return about.self !== null && about.self !== peer
}

/** The step of a peer as far as it is known; null: not at all. */
export function knownStep(run: RunDocument, peer: number): number | null {
  const { self, steps } = run.about
  const step = run.peers[peer]!.step
  const most = steps ?? Number.POSITIVE_INFINITY
  if (self === null || self === peer) return Math.min(step, most)
  const lag = run.links[self]?.[peer]?.lag ?? null
  return lag === null ? null : Math.max(0, Math.min(run.peers[self]!.step, most) - lag)
}

/** Of a peer that has not said it is done: once the run is over, it is in nothing any more. */
export function statusText(run: RunDocument, peer: number): string {
  const { state } = run
  const { status, why } = run.peers[peer]!
  if (isHearsay(run, peer)) {
    const link = run.links[run.about.self!]?.[peer] ?? null
    return link === null ? 'not known' : link.connected ? 'connected' : 'not connected'
  }
  const isUnder = status === 'running' || status === 'starting'
  if (state !== 'running' && isUnder && isCutOff(run, peer)) return 'cut off'
  const word = state !== 'running' && isUnder ? 'ended with the run' : status
  return why === null ? word : `${word}: ${why}`
}

/** The step counts from 1 for people, as in the terminal. */
export function placeText(run: RunDocument, peer: number): string {
  const { phase, step, iteration, status } = run.peers[peer]!
  if (isHearsay(run, peer)) {
    const known = knownStep(run, peer)
    return known === null ? 'not known' : `step ${known}`
  }
  if (status === 'finished' || phase === 'finished') return 'done'
  if (isAlone(run)) return iteration === null ? '–' : `iteration ${iteration}`
  if (step === 0) return '–'
  if (run.state !== 'running') return `step ${step}`
  const words = phase === null ? '' : `: ${phaseWords[phase]}`
  return `step ${step}${words}${iteration === null ? '' : `, iteration ${iteration}`}`
}

/** Who has cut a peer off, and the proofs. What a liar holds against anybody, itself included, is nobody's judgement. */
function judgesOf(run: RunDocument, peer: number) {
  const isJudge = (by: number) => by !== peer && run.about.peers[by]?.honest !== false
  const proofs = run.evidence.filter(row => row.peer === peer && isJudge(row.observer))
  const convictions = run.marks.filter(
    mark => mark.kind === 'convicted' && mark.peers.includes(peer) && isJudge(mark.peer),
  )
  return { proofs, by: new Set([...proofs.map(row => row.observer), ...convictions.map(mark => mark.peer)]) }
}

const isCutOff = (run: RunDocument, peer: number) => judgesOf(run, peer).by.size > 0

/** What a peer is, where the run knows it: a real peer knows of others only what is proved. */
export function roleOf(run: RunDocument, peer: number): { readonly text: string; readonly lies: boolean } {
  const { honest, attack } = run.about.peers[peer]!
  if (honest === true) return { text: 'honest', lies: false }
  if (honest === false) return { text: attack === null ? 'lies' : `lies: ${attack}`, lies: true }
  return isCutOff(run, peer) ? { text: 'has lied, by proof', lies: true } : { text: 'not known', lies: false }
}

export function cutOffText(run: RunDocument, peer: number): string {
  const { proofs, by } = judgesOf(run, peer)
  if (by.size === 0) return '–'
  const names = [...by]
    .filter(one => one >= 0)
    .sort((a, b) => a - b)
    .map(one => peerName(run, one))
  const proof =
    proofs.length === 0 ? '' : `, on ${countText(proofs.length, 'proof')} of two signed vectors for one slot`
  return `by ${listText(names)}${proof}`
}

export function waitingText(run: RunDocument, { waiting }: PeerPlace): string {
  if (run.state !== 'running' || waiting === null || waiting.missing.length === 0) return '–'
  const since = Math.min(...waiting.missing.map(one => one.sinceMs))
  const names = waiting.missing.map(one => peerName(run, one.peer))
  const who = waiting.needed < names.length ? `${waiting.needed} of ${listText(names)}` : listText(names)
  return `${who}, for ${timeText(Math.max(0, run.ms - since))}`
}

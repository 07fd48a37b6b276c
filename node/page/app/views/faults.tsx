/** Faults that peers have seen, and the proofs: what each proves, and where its file is. */
import { useState } from 'preact/hooks'
import type { EvidenceRow, FaultRow, RunDocument } from '../../run.ts'
import { DataTable } from '../chart/figure.tsx'
import { countText, timeText } from '../chart/format.ts'
import { LineChart, type Series } from '../chart/line-chart.tsx'
import { lookOf, peerLook, peerName, peerTitle } from '../chart/palette.ts'
import type { Point } from '../chart/thin.ts'
import type { ViewProps } from './props.ts'

export function Faults({ run }: ViewProps) {
  const [by, setBy] = useState<'peer' | 'kind'>('peer')
  return (
    <>
      <h3>Proofs</h3>
      {run.evidence.length === 0 ? (
        <p class="empty">
          No peer has proved that another signed two vectors for one slot. Other lies leave no proof: they are
          left out, or bounded, by the rule.
        </p>
      ) : (
        <div class="grid">
          {run.evidence.map((row, at) => (
            <Proof key={at} run={run} row={row} />
          ))}
        </div>
      )}
      {run.faults.length === 0 ? (
        <p class="empty">No peer has seen a fault.</p>
      ) : (
        <div class="grid">
          <LineChart
            title={by === 'peer' ? 'Faults seen, by the peer that caused them' : 'Faults seen, by their kind'}
            caption="The sum of what all observers have counted."
            x={{ label: run.about.clock === 'virtual' ? 'virtual time' : 'time', text: timeText }}
            y={{ label: 'faults', of: 'amounts' }}
            series={faultSeries(run, by)}
          />
          <section class="figure" aria-label="Counts of faults">
            <h3>Counts of faults</h3>
            <div class="controls">
              <label>
                lines by
                <select
                  value={by}
                  onChange={event => setBy(event.currentTarget.value === 'kind' ? 'kind' : 'peer')}
                >
                  <option value="peer">peer</option>
                  <option value="kind">kind</option>
                </select>
              </label>
            </div>
            <DataTable label="Counts of faults" table={counts(run)} />
          </section>
        </div>
      )}
    </>
  )
}

function Proof({ run, row }: { run: RunDocument; row: EvidenceRow }) {
  const liar = peerName(run, row.peer)
  const slot = [
    ...(row.step === null ? [] : [`step ${row.step}`]),
    ...(row.phase === null ? [] : [row.phase]),
    ...(row.iteration === null ? [] : [`iteration ${row.iteration}`]),
  ].join(', ')
  return (
    <article class="card">
      <p>
        <strong>{liar}</strong> signed two different vectors for one slot{slot === '' ? '' : ` (${slot})`}.
      </p>
      {row.digests !== null && (
        <p>
          Their digests are <code>{row.digests[0]}</code> and <code>{row.digests[1]}</code>. Nobody but {liar}{' '}
          could have signed both.
        </p>
      )}
      <p class="caption">
        Found by {peerName(run, row.observer)}{' '}
        {row.before ? 'before it started again' : `at ${timeText(row.ms)}`}.
      </p>
      {row.path !== null && (
        <p>
          <FileLink path={row.path} />
        </p>
      )}
    </article>
  )
}

/** A page from a file may link to files; one from a server may not, so it names the path. */
function FileLink({ path }: { path: string }) {
  const isAbsolute = path.startsWith('/') || /^[a-z]:[\\/]/i.test(path)
  const href = isAbsolute
    ? `file://${path.startsWith('/') ? '' : '/'}${encodeURI(path.replaceAll('\\', '/'))}`
    : null
  return (
    <>
      The proof:{' '}
      {href !== null && location.protocol === 'file:' ? <a href={href}>{path}</a> : <code>{path}</code>}.
      Check it with <code>concord evidence</code>.
    </>
  )
}

const causer = (run: RunDocument, { peer }: FaultRow) => (peer === null ? 'strangers' : peerTitle(run, peer))

function faultSeries(run: RunDocument, by: 'peer' | 'kind'): readonly Series[] {
  const groups = Map.groupBy(run.faults, row => (by === 'kind' ? row.kind : causer(run, row)))
  return [...groups].map(([label, rows], at) => ({
    label,
    look: by === 'peer' && rows[0]!.peer !== null ? peerLook(run, rows[0]!.peer) : lookOf(at),
    points: summed(rows, run.ms),
    stairs: true,
  }))
}

/** Rows count up for each observer, peer and kind; the sum of the newest of each, over time. */
function summed(rows: readonly FaultRow[], endMs: number): readonly Point[] {
  const newest = new Map<string, number>()
  let sum = 0
  const points = new Map<number, number>([[0, 0]])
  // Observers tell of their faults in their own order.
  for (const { ms, observer, peer, kind, count } of rows.toSorted((a, b) => a.ms - b.ms)) {
    const key = `${observer} ${peer} ${kind}`
    sum += count - (newest.get(key) ?? 0)
    newest.set(key, count)
    points.set(ms, sum)
  }
  points.set(Math.max(endMs, ...points.keys()), sum)
  return [...points].sort(([a], [b]) => a - b)
}

function counts(run: RunDocument) {
  const newest = new Map<string, FaultRow>()
  for (const row of run.faults) newest.set(`${row.observer} ${row.peer} ${row.kind}`, row)
  const groups = Map.groupBy(newest.values(), row => `${row.peer ?? -1}\n${row.kind}`)
  const rows = [...groups.values()].map(group => [
    ...[causer(run, group[0]!), group[0]!.kind],
    group.reduce((sum, { count }) => sum + count, 0),
    // A report tells of counts, and not of who has counted.
    group.every(({ observer }) => observer < 0) ? '–' : countText(group.length, 'peer'),
    group.findLast(({ detail }) => detail !== null)?.detail ?? '',
  ])
  return { head: ['caused by', 'kind', 'count', 'seen by', 'the last'], rows }
}

/** Faults that peers have seen, and the proofs: what each proves, and where its file is. */
import { useState } from 'preact/hooks'
import type { EvidenceRow, FaultRow, RunDocument } from '../../run.ts'
import { DataTable } from '../chart/figure.tsx'
import { countText, listText, timeText } from '../chart/format.ts'
import { LineChart, type Series } from '../chart/line-chart.tsx'
import { lookOf, peerLook, peerName, peerTitle } from '../chart/palette.ts'
import type { Point } from '../chart/thin.ts'
import { slotText } from './moment.ts'
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
          {[...Map.groupBy(run.evidence, lieOf)].map(([lie, rows]) => (
            <Proof key={lie} run={run} rows={rows} />
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
            y={{ label: 'faults', of: 'amounts', whole: true }}
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

/** Proofs of one lie: of two vectors for the same slot. */
function lieOf({ peer, step, phase, iteration }: EvidenceRow): string {
  return [peer, step, phase, iteration].join()
}

/** What proves a lie, and who has found it; of many proofs of the same, one stands for all. */
function Proof({ run, rows }: { run: RunDocument; rows: readonly EvidenceRow[] }) {
  const [first] = rows
  if (first === undefined) return null
  const liar = peerName(run, first.peer)
  const slot = slotText(run, first)
  const finders = rows.map(
    row =>
      `${peerName(run, row.observer)} ${row.before ? 'before it started again' : `at ${timeText(row.ms)}`}`,
  )
  const paths = rows.flatMap(({ path }) => path ?? [])
  return (
    <article class="card">
      <p>
        <strong>{liar}</strong> signed {rows.length === 1 ? 'two different' : 'different'} vectors for one
        slot{slot === '' ? '' : ` (${slot})`}.
      </p>
      {first.digests !== null && (
        <p>
          {rows.length === 1 ? 'Their digests are' : 'Two of their digests are'}{' '}
          <code>{first.digests[0]}</code> and <code>{first.digests[1]}</code>. Nobody but {liar} could have
          signed both.
        </p>
      )}
      <p class="caption">
        {rows.length === 1 ? '' : `${rows.length} proofs. `}Found by {listText(finders)}.
      </p>
      {paths.map(path => (
        <p key={path}>
          <FileLink path={path} />
        </p>
      ))}
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
  points.set(
    Math.max(
      endMs,
      rows.reduce((newest, { ms }) => Math.max(newest, ms), 0),
    ),
    sum,
  )
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
  const head = ['caused by', 'kind', 'count', 'seen by']
  // Some kinds have nothing more to tell.
  if (rows.every(row => row[4] === '')) return { head, rows: rows.map(row => row.slice(0, 4)) }
  return { head: [...head, 'the last'], rows }
}

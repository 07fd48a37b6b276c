/**
 * `npm run bench -- sweep [turns] --data DIR [share=10]`: a sweep of 5 rules × 4 attacks × 3 f × 3 seeds, of 100 MNIST steps
 * each around a trusted server, beside the same gradients and rules in a plain PyTorch loop (sweep-torch.ts). Both run
 * every tenth cell, in turns, from the opening of the data to the last evaluation; `share=1` runs all 180.
 *
 * `cores busy` is what the runs took in all, over the time of the sweep on all cores; the rest is overhead. Seconds of
 * processor time depend less on what else the machine does.
 */
import { availableParallelism } from 'node:os'
import { cellsOf } from '../../node/sweep/grid.ts'
import { sweepOf } from '../../node/sweep/read-sweep.ts'
import { runSweep } from '../../node/sweep/run-sweep.ts'
import { shardOf } from '../../node/sweep/shard.ts'
import { compared, median, type RunBench } from './bench.ts'
import { sweepTorch } from './sweep-torch.ts'

const PEERS = 11
const SETTINGS = { peers: PEERS, steps: 100, batch: 64, rate: 0.5, momentum: 0.9, clip: 2, weightDecay: 0 }

export const run: RunBench = async ({ args, note }) => {
  const at = args.indexOf('--data')
  const data = at < 0 ? undefined : args[at + 1]
  if (data === undefined) throw new Error('expected --data DIR with the four files of MNIST')
  const turns = Number(args.find((arg, place) => /^\d+$/.test(arg) && place !== at + 1) ?? 1)
  const share = Number(/^share=(\d+)$/.exec(args.find(arg => arg.startsWith('share=')) ?? '')?.[1] ?? 10)
  const definition = sweepOf(
    {
      settings: { ...SETTINGS, architecture: 'server', data, model: 'mlp' },
      axes: {
        rule: ['mean', 'cwtm', 'cwmed', 'krum', 'nnm+cwtm'],
        attack: ['sign-flip', 'empire', 'zero', 'little'],
        faults: [1, 2, 3],
      },
      seeds: 3,
    },
    { source: 'bench' },
  )
  const shard = { index: 1, of: share }
  const cells = shardOf(definition, cellsOf(definition), shard)
  const runs = cells.map(
    ({ axes: { rule, attack, faults, seed } }) =>
      [String(rule), String(attack), Number(faults), Number(seed)] as const,
  )
  const times = { ours: [] as number[], torch: [] as number[], busy: [] as number[] }
  /** Of the last turn. */
  const last: Record<string, number> = {}
  for (let turn = 1; turn <= turns; turn++) {
    note(`sweep of ${runs.length} runs, turn ${turn} of ${turns}`)
    const startedMs = performance.now()
    const before = process.cpuUsage()
    const { rows, workSeconds } = await runSweep(definition, { shard })
    const ms = performance.now() - startedMs
    times.ours.push(ms)
    times.busy.push((1e5 * workSeconds) / (ms * availableParallelism()))
    const { user, system } = process.cpuUsage(before)
    last['processor, s'] = (user + system) / 1e6
    last['accuracy, %'] = meanAccuracy(rows.map(({ metrics }) => metrics.accuracyMean ?? 0))
    note(`PyTorch, turn ${turn} of ${turns}`)
    const torch = sweepTorch({ ...SETTINGS, data, runs })
    if (torch === null) continue
    times.torch.push(torch.ms)
    last['PyTorch processor, s'] = torch.seconds
    last['PyTorch accuracy, %'] = 100 * torch.accuracy
  }
  const others = { 'cores busy, %': median(times.busy), ...last }
  const name = `${runs.length} runs of 100 MNIST steps, ${PEERS} workers`
  if (times.torch.length > 0)
    return [compared(name, median(times.ours), { name: 'PyTorch', ms: median(times.torch) }, others)]
  note('no Python with PyTorch, or no MNIST: nothing beside it')
  return [{ case: name, ours_ms: median(times.ours), baseline: null, ratio: null, others }]
}

function meanAccuracy(values: readonly number[]): number {
  return (100 * values.reduce((a, b) => a + b, 0)) / values.length
}

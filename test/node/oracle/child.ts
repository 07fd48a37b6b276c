/**
 * An oracle process for the tests, which speaks the protocol of docs/oracles.md by itself, sharing no code with what
 * it is spoken to by. Its loss is ½‖θ − target‖²; its arguments say how it misbehaves.
 */
import { existsSync, readSync, writeFileSync, writeSync } from 'node:fs'

const [mode = 'good', marker = ''] = process.argv.slice(2)
const target = Float32Array.of(1, 2, 3, 4, 5)

function fill(length: number): Buffer | null {
  const buffer = Buffer.alloc(length)
  for (let at = 0; at < length; ) {
    const count = readSome(buffer, at, length - at)
    if (count === 0) return null
    at += count
  }
  return buffer
}

function readSome(buffer: Buffer, at: number, length: number): number {
  for (;;)
    try {
      return readSync(0, buffer, at, length, null)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
    }
}

function write(bytes: Buffer): void {
  for (let at = 0; at < bytes.length; )
    try {
      at += writeSync(1, bytes, at)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
    }
}

function say(header: object, payload: Float32Array = new Float32Array(0)): void {
  const json = Buffer.from(JSON.stringify(header))
  const head = Buffer.from('\x93CONCORD________', 'latin1')
  head.writeUInt32LE(json.length, 8)
  head.writeUInt32LE(payload.byteLength, 12)
  const all = Buffer.concat([head, json, Buffer.from(payload.buffer)])
  if (mode === 'dribble') for (const byte of all) write(Buffer.of(byte))
  else write(all)
}

/** True the first time only, over all processes with this marker. */
function once(): boolean {
  if (existsSync(marker)) return false
  writeFileSync(marker, '')
  return true
}

function greet(ask: Record<string, unknown>): void {
  if (mode === 'no-start') {
    process.stderr.write('No module named torch\n')
    process.exit(3)
  }
  if (mode === 'hang-at-start') return
  const shape = mode === 'bad-shape' ? [2, 3] : [5]
  const isOther = Number(ask.peer) > 0
  const dimension = (mode === 'grows' && !once()) || (mode === 'other-model' && isOther) ? 6 : 5
  say(
    {
      type: 'hello',
      protocol: mode === 'old' ? 0 : ask.protocol,
      dimension,
      parameters: [{ name: 'point', shape: dimension === 6 ? [6] : shape }],
      examples: mode === 'no-examples' ? 0 : 10 + Number(ask.peer),
    },
    new Float32Array(dimension).fill(mode === 'other-start' && isOther ? 1 : 0),
  )
}

const misdeeds: Record<string, (id: number) => boolean> = {
  crash: () => (once() ? process.exit(9) : false),
  'crash-always': () => {
    process.stderr.write('Segmentation fault (almost)\n')
    process.exit(139)
  },
  grows: () => process.exit(1),
  hang: () => once(),
  'hang-always': () => true,
  refuse: id => {
    say({ type: 'error', id, message: 'KeyError: no such tensor' })
    return true
  },
  short: id => {
    say({ type: 'gradient', id, loss: 1 }, new Float32Array(4))
    return true
  },
  nan: id => {
    say({ type: 'gradient', id, loss: null }, Float32Array.of(0, 0, Number.NaN, 0, 0))
    return true
  },
  'out-of-turn': id => {
    say({ type: 'gradient', id: id + 7, loss: 1 }, target)
    return true
  },
  'other-answer': id => {
    say({ type: 'evaluation', id, loss: 1, accuracy: null })
    return true
  },
  nonsense: () => {
    const head = Buffer.from('\x93CONCORD', 'latin1')
    write(Buffer.concat([head, Buffer.alloc(8, 0xff)]))
    return true
  },
  chatty: () => {
    console.error('epoch 1\nloading 10 %\rloading 90 %\nhalf a li')
    console.log('printed to the wrong place')
    return false
  },
}

const goodMetrics = {
  kind: 'classes',
  accuracy: 0.75,
  balancedAccuracy: 0.5,
  f1: 0.4,
  auroc: 0.6,
  recall: [
    { name: 'well', examples: 3, recall: 1 },
    { name: 'ill', examples: 1, recall: 0 },
  ],
  baseline: { accuracy: 0.75, balancedAccuracy: 0.5 },
}

/** By mode. */
const measured: Record<string, unknown> = {
  measures: goodMetrics,
  'measures-little': { ...goodMetrics, auroc: undefined, recall: undefined },
  'measures-numbers': { kind: 'numbers', rmse: 2.5, r2: -0.5 },
  'measures-overflow': { kind: 'numbers', rmse: null, r2: null },
  'measures-too-good': { ...goodMetrics, balancedAccuracy: 1.5 },
  'measures-otherwise': { ...goodMetrics, auc: 0.6 },
  'measures-unknown': { kind: 'ranks', mrr: 0.5 },
  'measures-without-end': { ...goodMetrics, recall: Array(1001).fill(goodMetrics.recall[0]) },
}

for (;;) {
  const preamble = fill(16)
  if (preamble === null) break
  const ask = JSON.parse(fill(preamble.readUInt32LE(8))!.toString())
  const payload = fill(preamble.readUInt32LE(12))!
  if (ask.type === 'bye') break
  if (ask.type === 'hello') {
    greet(ask)
    continue
  }
  const theta = new Float32Array(new Uint8Array(payload).buffer)
  const gradient = theta.map((value, i) => value - target[i]!)
  const loss = gradient.reduce((sum, value) => sum + value * value, 0) / 2
  if (misdeeds[mode]?.(ask.id)) continue
  if (ask.type === 'gradient') say({ type: 'gradient', id: ask.id, loss }, gradient)
  else say({ type: 'evaluation', id: ask.id, loss, accuracy: null, metrics: measured[mode] })
}
if (mode === 'stubborn') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)

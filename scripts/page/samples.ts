/** Runs made up for tests and benchmarks of the page: every kind of event happens in them, and their numbers are known. */
import { applyEvent, newRun } from '../../node/page/apply.ts'
import { markOf, type RunEvent } from '../../node/page/events.ts'
import type { MessageRow, PlanePoint, RunAbout, RunDocument, RunEnd } from '../../node/page/run.ts'

interface SampleOptions {
  readonly peers?: number
  readonly steps?: number
  /** Messages of each step. */
  readonly messages?: number
  /** What other peers put into every text that they may send. */
  readonly text?: string
}

const LIAR_FROM_END = 1

export function sampleAbout({ peers = 7, steps = 20, text = '' }: SampleOptions = {}): RunAbout {
  return {
    command: 'simulate',
    title: `${peers} peers, one of them Byzantine: mda on digits`,
    software: 'concord 0.1.0',
    startedMs: null,
    clock: 'virtual',
    cohort: null,
    protocol: 'mda',
    synchrony: 'asynchronous',
    maxFaulty: 1,
    peers: Array.from({ length: peers }, (_, at) => {
      const lies = at === peers - LIAR_FROM_END
      return { name: `peer ${at}${text}`, id: null, honest: !lies, attack: lies ? `sign-flip${text}` : null }
    }),
    self: null,
    steps,
    dimension: 1000,
    seed: 7,
    settings: [
      ['rate', '0.5'],
      ['data', `digits${text}`],
    ],
  }
}

/** Every event of a run, in order. */
export function* sampleEvents(options: SampleOptions = {}): Generator<RunEvent> {
  const { steps = 20 } = options
  const about = sampleAbout(options)
  const peers = about.peers.length
  for (let peer = 0; peer < peers; peer++) yield { kind: 'place', ms: 0, peer, status: 'running', step: 1 }
  for (let from = 0; from < peers; from++)
    for (let to = 0; to < peers; to++)
      if (from !== to) yield { kind: 'link', ms: 1, from, to, connected: from + to !== 5, reason: null }
  for (let step = 1; step <= steps; step++) yield* stepEvents(about, step, options)
  yield {
    kind: 'waiting',
    ms: steps * 100,
    peer: 0,
    waiting: { needed: 1, missing: [{ peer: 5, sinceMs: steps * 100 - 70 }] },
  }
  yield* endEvents(about, steps, options.text ?? '')
}

function* stepEvents(about: RunAbout, step: number, options: SampleOptions): Generator<RunEvent> {
  const ms = step * 100
  const peers = about.peers.length
  yield { kind: 'messages', ms, batch: messagesOf(about, step, options.messages ?? 3 * peers * (peers - 1)) }
  for (let peer = 0; peer < peers; peer++) {
    yield { kind: 'place', ms: ms - 90, peer, step, phase: 'gradient', iteration: 0 }
    yield markOf({ ms: ms - 90, peer, kind: 'exchange', step, phase: 'gradient', iteration: 0 })
    yield markOf({ ms: ms - 60, peer, kind: 'quorum', step, untilMs: ms - 40 })
    if (about.peers[peer]!.honest) {
      yield { kind: 'loss', ms, peer, step, loss: lossOf(step) + peer / 100 }
      yield { kind: 'plane', ms, observer: peer, plane: planeOf(about, step, peer) }
      if (step % 5 === 0) yield { kind: 'accuracy', ms, peer, step, accuracy: accuracyOf(step, peer) }
    }
    yield {
      kind: 'stepped',
      ms,
      peer,
      step,
      traffic: { bytesSent: step * 4e5, bytesReceived: step * 4e5, messages: step * 36 },
    }
    yield markOf({ ms, peer, kind: 'stepped', step })
    yield {
      kind: 'links',
      ms,
      peer,
      bytes: about.peers.map((_, to) => (to === peer ? null : step * 6e4)),
      lags: null,
    }
  }
  for (const phase of ['gradient', 'parameters'] as const)
    yield {
      kind: 'contraction',
      ms,
      step,
      phase,
      contraction: { before: 2 / step, after: 0.5 / step, bound: 1.6 / step },
    }
  yield {
    kind: 'ghost',
    ms,
    label: 'plain averaging',
    row: { step, loss: 2.3 + step / 40, parameters: step / 10 },
    accuracy: null,
  }
  if (step === 3) yield markOf({ ms, peer: 2, kind: 'crash', step })
  if (step === 4) yield markOf({ ms: ms + 30, peer: 2, kind: 'restart', step })
  if (step === 6) yield markOf({ ms, peer: -1, kind: 'partition', peers: [0, 1] })
  if (step === 7) yield markOf({ ms, peer: -1, kind: 'reconnect', peers: [0, 1] })
}

export const lossOf = (step: number): number => 2.3 / Math.sqrt(step)
export const accuracyOf = (step: number, peer: number): number => 0.9 - 0.5 / step - peer / 1000

function planeOf(
  about: RunAbout,
  step: number,
  observer: number,
): Extract<RunEvent, { kind: 'plane' }>['plane'] {
  const count = about.peers.length
  /** Peer 4 is unlucky in step 2, where two vectors are left out. */
  const isLeftOut = (from: number) =>
    from === count - 1 || from === (step === 2 ? 4 : (observer + 1) % (count - 1))
  const kept = about.peers.filter((_, from) => !isLeftOut(from)).length
  const points = about.peers.map(({ honest }, from): PlanePoint => {
    const angle = from * 1.1 + step
    const [x, y] = honest ? [1 + 0.3 * Math.cos(angle), 0.3 * Math.sin(angle)] : [-1.2, 0.1]
    const dropped = isLeftOut(from)
    return {
      from,
      x,
      y,
      fate: dropped ? 'dropped' : 'kept',
      weight: dropped ? 0 : 1 / kept,
      low: null,
      high: null,
    }
  })
  return {
    step,
    phase: 'gradient',
    iteration: 0,
    points,
    result: { x: 1.02, y: 0.04 },
    shown: 0.83,
    sampled: null,
  }
}

/** Each message is answered by the next one back. */
function messagesOf(
  about: RunAbout,
  step: number,
  count: number,
): Extract<RunEvent, { kind: 'messages' }>['batch'] {
  const peers = about.peers.length
  const rows = Array.from({ length: count }, (_, at): MessageRow => {
    const from = at % peers
    const to = (from + 1 + (Math.floor(at / peers) % (peers - 1))) % peers
    const sent = (step - 1) * 100 + 5 + (85 * at) / count
    const number = (step - 1) * count + at
    const isReply = at % 4 === 3
    return [
      sent,
      sent + 4 + ((at * 7) % 11),
      from,
      to,
      isReply ? 2 : at % 3 === 0 ? 0 : 1,
      from,
      from,
      4000,
      isReply ? number - 1 : null,
    ]
  })
  return {
    rows,
    slots: about.peers.map((_, peer) => [step, 0, 0, peer] as const),
    digests: about.peers.map((_, peer) =>
      `${'00'.slice(String(step).length > 2 ? 1 : 0)}${step}${peer}abcdef0123456789`.slice(-16),
    ),
  }
}

function* endEvents(about: RunAbout, steps: number, text: string): Generator<RunEvent> {
  const ms = steps * 100 + 50
  const liar = about.peers.length - LIAR_FROM_END
  for (const observer of [0, 1, 2]) {
    yield {
      kind: 'fault',
      fault: {
        ms: 120,
        step: 2,
        observer,
        peer: liar,
        kind: 'equivocation',
        count: 1,
        detail: `two vectors${text}`,
      },
    }
    yield {
      kind: 'fault',
      fault: {
        ms: 900,
        step: 9,
        observer,
        peer: liar,
        kind: `invalid-signature${text}`,
        count: 3,
        detail: null,
      },
    }
  }
  yield {
    kind: 'fault',
    fault: { ms: 1000, step: 10, observer: 1, peer: null, kind: 'malformed', count: 2, detail: text },
  }
  const slot = { step: 2, phase: 'gradient', iteration: 0 } as const
  yield {
    kind: 'evidence',
    evidence: {
      ms: 121,
      observer: 0,
      peer: liar,
      ...slot,
      digests: ['00a1b2c3d4e5f607', '99a1b2c3d4e5f607'],
      path: '/var/lib/concord/evidence/6.json',
      before: false,
    },
  }
  yield markOf({ ms: 121, peer: 0, kind: 'convicted', step: 2, peers: [liar], detail: text })
  yield { kind: 'note', ms, text: `step ${steps} of ${steps}${text}` }
  for (let peer = 0; peer < about.peers.length; peer++) yield { kind: 'place', ms, peer, status: 'finished' }
  yield { kind: 'end', end: { ...endOf(about, steps, text), ms } }
}

function endOf(about: RunAbout, steps: number, text: string): Omit<RunEnd, 'ms'> {
  const honest = about.peers.flatMap((peer, at) => (peer.honest ? [at] : []))
  const bytes = steps * 4e5
  return {
    outcome: 'done',
    sentences: [`6 honest peers agree${text}.`],
    violations: [],
    results: honest.map(peer => ({
      peer,
      loss: 0.4,
      accuracy: accuracyOf(steps, peer),
      distance: 0.01,
      bytesSent: bytes,
      bytesReceived: bytes,
    })),
    messages: null,
    bytes: 5.6e7,
    wallSeconds: 3.2,
    learningSeconds: 2.1,
    trace: '4fc815bc',
  }
}

export function sampleRun(options: SampleOptions = {}): RunDocument {
  const run = newRun(sampleAbout(options))
  for (const event of sampleEvents(options)) applyEvent(run, event)
  return run
}

/** Averaging agreement alone, with paths and coordinate-wise fates. */
export function sampleAgreement(): RunDocument {
  const run = newRun({ ...sampleAbout({ peers: 5, steps: 1 }), command: 'agree', protocol: 'icwtm' })
  const iterations = Array.from({ length: 6 }, (_, iteration) => ({
    iteration,
    points: [0, 1, 2, 3].map(peer => ({
      peer,
      x: Math.cos(peer * 1.6) / 2 ** iteration + 0.1 * (1 - 1 / 2 ** iteration),
      y: Math.sin(peer * 1.6) / 2 ** iteration,
    })),
    diameter: 2 / 2 ** iteration,
    bound: 2 * 0.75 ** iteration,
    shift: 0.1 * (1 - 1 / 2 ** iteration),
  }))
  applyEvent(run, {
    kind: 'paths',
    ms: 50,
    paths: { shown: 0.92, iterations, ball: { x: 0, y: 0, radius: 0.8 } },
  })
  const points = run.about.peers.map(({ honest }, from): PlanePoint => {
    const low = honest ? 0.1 + from / 50 : 0.5
    return {
      from,
      x: honest ? from / 3 : 4,
      y: honest ? 0.2 : -2,
      fate: 'trimmed',
      weight: honest ? 0.24 : 0.04,
      low,
      high: low / 2,
    }
  })
  const plane = {
    step: 1,
    phase: 'gradient',
    iteration: 0,
    points,
    result: { x: 0.5, y: 0.2 },
    shown: 0.7,
    sampled: 1000,
  } as const
  applyEvent(run, { kind: 'plane', ms: 60, observer: 0, plane })
  return run
}

/**
 * Checks that a value, which may come from anybody, is a document that views can draw: every field that they read has its
 * type, indices of peers are of peers, and lists are no longer than any writer makes them. Fields that are not known here
 * pass, so that a newer writer of the same version may add some; nothing reads them.
 */
import {
  type Check,
  count,
  DEPTH_MAX,
  figure,
  flag,
  isDeep,
  isRecord,
  list,
  moment,
  number,
  oneOf,
  orNull,
  record,
  sentence,
  text,
  textUpTo,
  tuple,
  whole,
  within,
} from './check-value.ts'
import {
  type Contraction,
  type EvidenceRow,
  type FaultRow,
  type LinkState,
  type Mark,
  markKinds,
  messageKinds,
  type Paths,
  type PeerPlace,
  type Plane,
  type PlanePoint,
  phases,
  RUN_FORMAT,
  RUN_VERSION,
  type RunAbout,
  type RunDocument,
  type RunEnd,
  type StepRow,
  type WeightRow,
} from './run.ts'

export const PEERS_MAX = 1024

/** Far more than a writer keeps (`KEPT` in apply.ts); more would only be a way to stop the page. */
const MOST = {
  steps: 100_000,
  planes: 15_000,
  weights: 140_000,
  messages: 1_000_000,
  marks: 400_000,
  faults: 40_000,
  notes: 2000,
  iterations: 10_000,
  settings: 1000,
  sentences: 10_000,
} as const
const NAME_MAX = 1000

const phase = oneOf(phases)

const about = record<RunAbout>({
  command: text,
  title: text,
  software: text,
  startedMs: orNull(moment),
  clock: oneOf(['virtual', 'real']),
  cohort: orNull(text),
  protocol: text,
  synchrony: text,
  maxFaulty: count,
  peers: list(
    record<RunAbout['peers'][number]>({
      name: textUpTo(NAME_MAX),
      id: orNull(text),
      honest: orNull(flag),
      attack: orNull(text),
    }),
    0,
    PEERS_MAX,
  ),
  self: orNull(whole(0, PEERS_MAX - 1)),
  steps: count,
  dimension: orNull(count),
  seed: figure,
  settings: list(tuple([text, text]), 0, MOST.settings),
})

/** Checks that need to know how many peers there are. */
function peerChecks(peers: number) {
  const peer = whole(0, peers - 1)
  const peerOrNone = whole(-1, peers - 1)
  const some = (check: Check) => list(check, 0, peers)
  return { peer, peerOrNone, some, figures: some(figure), all: (check: Check) => list(check, peers, peers) }
}
type PeerChecks = ReturnType<typeof peerChecks>

function placeCheck({ peer, some }: PeerChecks): Check {
  const missing = record<{ peer: number; sinceMs: number }>({ peer, sinceMs: moment })
  return record<PeerPlace>({
    status: oneOf(['starting', 'running', 'finished', 'diverged', 'down', 'failed']),
    why: orNull(text),
    step: count,
    phase: oneOf([...phases, 'computing', 'catching-up', 'finished', 'diverged', null]),
    iteration: orNull(count),
    sinceMs: moment,
    waiting: orNull(record<NonNullable<PeerPlace['waiting']>>({ needed: number, missing: some(missing) })),
    caughtUp: count,
    bytesSent: number,
    bytesReceived: figure,
    messagesSent: number,
    loss: figure,
    accuracy: figure,
  })
}

const link = record<LinkState>({
  connected: flag,
  sinceMs: moment,
  reason: orNull(text),
  lag: figure,
  bytes: number,
  bytesPerSecond: figure,
})

const contraction = record<Contraction>({ before: figure, after: figure, bound: figure })

function stepCheck({ figures }: PeerChecks): Check {
  return record<StepRow>({
    step: count,
    ms: orNull(moment),
    loss: figure,
    losses: figures,
    accuracies: figures,
    agreedAccuracy: figure,
    gradient: orNull(contraction),
    parameters: orNull(contraction),
    bytes: figures,
  })
}

function planeCheck({ peer, some }: PeerChecks): Check {
  const point = record<PlanePoint>({
    from: peer,
    x: figure,
    y: figure,
    fate: oneOf(['kept', 'dropped', 'trimmed']),
    weight: figure,
    low: figure,
    high: figure,
  })
  return record<Plane>({
    step: count,
    phase,
    iteration: count,
    observers: some(peer),
    points: some(point),
    result: record<Plane['result']>({ x: figure, y: figure }),
    shown: figure,
    sampled: figure,
  })
}

function messagesCheck({ peer, peerOrNone }: PeerChecks): Check {
  const at = whole(-1, MOST.messages)
  const kind = whole(0, messageKinds.length - 1)
  const time = orNull(moment)
  const row = tuple([time, time, peer, peerOrNone, kind, at, at, figure, orNull(count)])
  return record<RunDocument['messages']>({
    dropped: count,
    rows: list(row, 0, MOST.messages),
    slots: list(tuple([count, count, count, count]), 0, MOST.messages),
    digests: list(text, 0, MOST.messages),
  })
}

function markCheck({ peer, peerOrNone, some }: PeerChecks): Check {
  return record<Mark>({
    ms: moment,
    peer: peerOrNone,
    kind: oneOf(markKinds),
    step: orNull(count),
    phase: orNull(phase),
    iteration: orNull(count),
    untilMs: orNull(moment),
    detail: orNull(text),
    peers: some(peer),
  })
}

function pathsCheck({ peer, some }: PeerChecks): Check {
  const point = record<{ peer: number; x: number; y: number }>({ peer, x: figure, y: figure })
  const iteration = record<Paths['iterations'][number]>({
    iteration: count,
    points: some(point),
    diameter: figure,
    bound: figure,
    shift: figure,
  })
  return record<Paths>({
    shown: figure,
    iterations: list(iteration, 0, MOST.iterations),
    ball: orNull(record<NonNullable<Paths['ball']>>({ x: figure, y: figure, radius: figure })),
  })
}

function faultCheck({ peer, peerOrNone }: PeerChecks): Check {
  return record<FaultRow>({
    ms: moment,
    step: orNull(count),
    observer: peerOrNone,
    peer: orNull(peer),
    kind: text,
    count,
    detail: orNull(text),
  })
}

function evidenceCheck({ peer, peerOrNone }: PeerChecks): Check {
  return record<EvidenceRow>({
    ms: moment,
    observer: peerOrNone,
    peer,
    step: orNull(count),
    phase: orNull(phase),
    iteration: orNull(count),
    digests: orNull(tuple([text, text])),
    path: orNull(text),
    before: flag,
  })
}

function endCheck({ peer, some }: PeerChecks): Check {
  const result = record<RunEnd['results'][number]>({
    peer,
    loss: figure,
    accuracy: figure,
    distance: figure,
    bytesSent: figure,
    bytesReceived: figure,
  })
  const sentences = list(text, 0, MOST.sentences)
  return record<RunEnd>({
    ms: moment,
    outcome: text,
    sentences,
    violations: sentences,
    results: some(result),
    messages: figure,
    bytes: figure,
    wallSeconds: figure,
    learningSeconds: figure,
    trace: orNull(text),
  })
}

type Ghost = NonNullable<RunDocument['ghost']>
const ghost = record<Ghost>({
  label: text,
  rows: list(record<Ghost['rows'][number]>({ step: count, loss: figure, parameters: figure }), 0, MOST.steps),
  accuracy: figure,
})

const thinned: Check = value => {
  if (!isRecord(value)) return { at: '', found: value, expected: 'an object of sentences' }
  for (const [name, sentence] of Object.entries(value)) {
    const wrong = text(sentence)
    if (wrong !== null) return within(name.slice(0, 40), wrong)
  }
  return null
}

function documentCheck(checks: PeerChecks): Check {
  const weights = record<WeightRow>({ step: count, observer: checks.peer, weights: checks.figures })
  return record<RunDocument>({
    format: oneOf([RUN_FORMAT]),
    version: oneOf([RUN_VERSION]),
    about,
    state: oneOf(['running', 'ended', 'broken']),
    ms: moment,
    events: count,
    peers: checks.all(placeCheck(checks)),
    links: checks.all(checks.all(orNull(link))),
    steps: list(stepCheck(checks), 0, MOST.steps),
    planes: list(planeCheck(checks), 0, MOST.planes),
    weights: list(weights, 0, MOST.weights),
    messages: messagesCheck(checks),
    marks: list(markCheck(checks), 0, MOST.marks),
    paths: orNull(pathsCheck(checks)),
    faults: list(faultCheck(checks), 0, MOST.faults),
    evidence: list(evidenceCheck(checks), 0, MOST.faults),
    ghost: orNull(ghost),
    end: orNull(endCheck(checks)),
    thinned,
    notes: list(record<RunDocument['notes'][number]>({ ms: moment, text }), 0, MOST.notes),
  })
}

/** What is wrong with a document, as the end of a sentence; null: it can be drawn. */
export function wrongIn(value: unknown): string | null {
  if (isDeep(value)) return `its values are nested too deeply; expected at most ${DEPTH_MAX} levels`
  const outside = record<Pick<RunDocument, 'about'>>({ about })(value)
  if (outside !== null) return sentence(outside)
  const wrong = documentCheck(peerChecks((value as RunDocument).about.peers.length))(value)
  return wrong === null ? null : sentence(wrong)
}

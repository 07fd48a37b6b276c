/**
 * The swarm: each seed draws one simulated agreement, or one cohort that learns or gossips, with everything about it. This file
 * holds the result of a seed, the table over all seeds, and, for a seed that violates a guarantee, the search for the
 * shortest prefix of its injected faults that still does.
 */

import type { Violation } from '../../checkers/index.ts'
import { protocolText } from '../../cohort/gossip.ts'
import { type AgreeResult, simulateAgreement } from '../agree.ts'
import { drawGossipScenario } from './gossip/scenario.ts'
import { describeLearning, simulateLearning } from './learning/run.ts'
import { drawLearningScenario, type LearningScenario } from './learning/scenario.ts'
import { type BoxProtocol, drawScenario, type Scenario } from './scenario.ts'

/** The result of one seed. */
export interface SeedResult {
  readonly seed: number
  readonly protocol: string
  readonly attack: string
  readonly events: number
  /** The largest ratio of measured to guaranteed over the iterations; null if nothing could be measured. */
  readonly contraction: number | null
  readonly averaging: number | null
  readonly violation: Violation | null
}

/** How a seed draws a cohort that learns, by the kind of world: with agreements among all, or by gossip over a graph. */
const learners = {
  learning: drawLearningScenario,
  gossip: drawGossipScenario,
} as const satisfies Readonly<Record<string, (seed: number) => LearningScenario>>

/**
 * The kind of world that a seed draws: an averaging agreement, one by hyperboxes, or a cohort that learns while its peers
 * come and go.
 */
export type SwarmKind = 'agreement' | BoxProtocol | keyof typeof learners

/** The options of `concord simulate --seeds` for a kind. */
const flags: Readonly<Record<SwarmKind, string>> = {
  agreement: '',
  'box-geom': ' --only box-geom',
  'box-mean': ' --only box-mean',
  learning: ' --learn',
  gossip: ' --learn --architecture gossip',
}

const isLearner = (kind: SwarmKind): kind is keyof typeof learners => Object.hasOwn(learners, kind)

function drawAgreement(seed: number, kind: Exclude<SwarmKind, keyof typeof learners>): Scenario {
  return drawScenario(seed, kind === 'agreement' ? undefined : kind)
}

export function runSeed(seed: number, kind: SwarmKind): SeedResult {
  if (isLearner(kind)) return runLearningSeed(learners[kind](seed))
  const scenario = drawAgreement(seed, kind)
  return resultOf(scenario, simulateAgreement(scenario))
}

function runLearningSeed(scenario: LearningScenario): SeedResult {
  const { violation, events } = simulateLearning(scenario)
  return {
    seed: scenario.seed,
    protocol: protocolText(scenario.cohort),
    attack: scenario.attackName,
    events,
    contraction: null,
    averaging: null,
    violation,
  }
}

/** Runs the seed's world again, calm after this many events. */
function replay(seed: number, kind: SwarmKind, calmAfterEvents: number): Violation | null {
  return isLearner(kind)
    ? simulateLearning(learners[kind](seed), calmAfterEvents).violation
    : simulateAgreement({ ...drawAgreement(seed, kind), calmAfterEvents }).violation
}

function resultOf({ seed, settings, attackName }: Scenario, result: AgreeResult): SeedResult {
  const { iterations, violation, events } = result
  const over = (value: number | null, bound: number | null) =>
    value === null || bound === null || bound === 0 ? [] : [value / bound]
  const contraction = iterations.flatMap(each => over(each.contraction, each.contractionBound))
  const averaging = iterations.flatMap(each => over(each.shift, each.shiftBound))
  const most = (values: readonly number[]) => (values.length === 0 ? null : Math.max(...values))
  return {
    seed,
    protocol: settings.protocol,
    attack: attackName,
    events,
    violation,
    contraction: most(contraction),
    averaging: most(averaging),
  }
}

/** One cell of the table: protocol × attack. */
export interface SwarmRow {
  readonly protocol: string
  readonly attack: string
  readonly runs: number
  readonly violations: number
  /** The worst contraction and the worst averaging error, each over its bound: never above 1. */
  readonly contraction: number | null
  readonly averaging: number | null
}

interface SwarmTable {
  add(result: SeedResult): void
  /** By protocol, then attack. */
  rows(): readonly SwarmRow[]
}

export function createSwarmTable(): SwarmTable {
  const cells = new Map<string, SwarmRow>()
  const larger = (a: number | null, b: number | null) => (a === null ? b : b === null ? a : Math.max(a, b))
  return {
    add({ protocol, attack, violation, contraction, averaging }) {
      const key = `${protocol} ${attack}`
      const cell = cells.get(key)
      cells.set(key, {
        protocol,
        attack,
        runs: (cell?.runs ?? 0) + 1,
        violations: (cell?.violations ?? 0) + (violation === null ? 0 : 1),
        contraction: larger(cell?.contraction ?? null, contraction),
        averaging: larger(cell?.averaging ?? null, averaging),
      })
    },
    rows: () => [...cells].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row),
  }
}

/** A violation, reduced to a small replay. */
export interface Counterexample {
  readonly seed: number
  readonly violation: Violation
  /** The least number of events after which a calm world still shows the violation. */
  readonly prefix: number
  /** The command that replays this violation. */
  readonly command: string
  readonly scenario: Readonly<Record<string, unknown>>
}

/** Replays the seed with ever shorter prefixes of its faults, by bisection; null if the seed violates nothing. */
export function explainSeed(seed: number, kind: SwarmKind): Counterexample | null {
  const violation = replay(seed, kind, Infinity)
  if (violation === null) return null
  let [good, bad] = [-1, violation.events]
  let shown: Violation = violation
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2)
    const seen = replay(seed, kind, middle)
    if (seen === null) good = middle
    else [bad, shown] = [middle, seen]
  }
  const scenario = isLearner(kind)
    ? describeLearning(learners[kind](seed))
    : describe(drawAgreement(seed, kind))
  return {
    seed,
    violation: shown,
    prefix: bad,
    scenario,
    command: `npm run -s concord -- simulate --seeds 1 --from ${seed}${flags[kind]}`,
  }
}

function describe({ settings, byzantine, attackName, conditions, target }: Scenario) {
  return { ...settings, target, byzantine: byzantine.peers, attack: attackName, conditions }
}

/** The protocol that a member of a cohort runs: LEARN, or gossip where the cohort has a topology. */
import type { Aggregate } from '../../agreement/averaging/family.ts'
import { ruleOf } from '../../agreement/averaging/rule-of.ts'
import type { Exchange } from '../../agreement/message.ts'
import type { PeerIndex } from '../../agreement/protocol.ts'
import type { Vector } from '../../agreement/vector.ts'
import { createGossipLearn } from '../../learning/gossip/learner.ts'
import type { GossipRule } from '../../learning/gossip/rules.ts'
import { createLearn } from '../../learning/learn.ts'
import type { Learn, LearnOptions, LearnWindow } from '../../learning/learn-contract.ts'
import { agreeingFirst } from '../../learning/schedule.ts'
import type { Cohort } from '../cohort/cohort.ts'
import { gossipOptions } from '../cohort/gossip.ts'
import { learnOptions, scheduleOf } from '../cohort/learn-options.ts'

interface LearnerOptions extends Pick<LearnOptions, 'ledger' | 'remembers' | 'seen'> {
  readonly cohort: Cohort
  readonly self: PeerIndex
  readonly initial: Vector
  readonly statistics: number
  readonly window: Pick<LearnWindow, 'ahead' | 'kept'>
  readonly memory: Required<Pick<LearnOptions, 'start' | 'completeFrom' | 'history'>>
  readonly aggregate: Aggregate
  readonly discard: LearnOptions['discard']
  readonly descend: LearnOptions['descend']
}

interface Learner {
  readonly learn: Learn
  /** What an honest peer's rule gives for these vectors, for attacks that search against it. */
  readonly rule: (exchange: Exchange, vectors: readonly Vector[]) => Vector
  /** Time spent in rules on this machine: for the report, never for a decision. */
  ruleMs(): number
}

export function createLearner(options: LearnerOptions): Learner {
  const { cohort, self, initial, window, memory, ledger, remembers, seen, discard } = options
  const state = { ...memory, ledger, ...(remembers && { remembers }), ...(seen && { seen }) }
  let ms = 0
  const timed = <Result>(act: () => Result): Result => {
    const begun = performance.now()
    const result = act()
    ms += performance.now() - begun
    return result
  }
  const ruleMs = () => ms
  const { ahead, kept } = window
  const gossip = gossipOptions(cohort, self, initial.length, { ahead, kept, past: kept })
  if (gossip !== null) {
    const rule: GossipRule = { ...gossip.rule, combine: heard => timed(() => gossip.rule.combine(heard)) }
    return {
      learn: createGossipLearn({ ...gossip, ...state, rule, ...(discard && { discard }) }),
      rule: ({ step }, vectors) => ofNeighbourhood(gossip, step, vectors),
      ruleMs,
    }
  }
  const { statistics, aggregate, descend } = options
  const learn = createLearn({
    ...learnOptions(cohort, self, initial.length, window),
    ...state,
    ...(statistics > 0 && { statistics, schedule: agreeingFirst(scheduleOf(cohort, initial.length)) }),
    aggregate: (protocol, family) => timed(() => aggregate(protocol, family)),
    ...(discard && { discard }),
    ...(descend && { descend }),
  })
  return { learn, rule: cohortRule(cohort), ruleMs }
}

/** The first vector for a peer's own, the rest for its neighbours', which count the same. */
function ofNeighbourhood(
  { rule, maxFaulty, steps }: NonNullable<ReturnType<typeof gossipOptions>>,
  step: number,
  [own, ...others]: readonly Vector[],
): Vector {
  const weights = others.map(() => 1 / (1 + others.length))
  return others.length === 0 ? own! : rule.combine({ own: own!, others, weights, maxFaulty, step, steps })
}

function cohortRule({
  protocol,
  members,
  faults,
  synchrony,
  quorum,
  gradientRule,
}: Cohort): ReturnType<typeof ruleOf> {
  return ruleOf({
    protocol,
    peers: members.length,
    maxFaulty: faults,
    synchrony,
    ...(quorum !== undefined && { quorum }),
    ...(gradientRule !== undefined && { firstRule: gradientRule }),
  })
}

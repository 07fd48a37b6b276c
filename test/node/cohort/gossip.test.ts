/** Cohort files with a topology: the graph, what goes with it, and what does not. */
import test from 'ava'
import { stringify } from 'yaml'
import { drawGraph } from '../../../learning/gossip/graph.ts'
import { cohortId, fieldDigests } from '../../../node/cohort/cohort.ts'
import { CohortError, checkCohort, formatCohort, parseCohort } from '../../../node/cohort/file.ts'
import { graphOf, neighboursOf, whyUnfit } from '../../../node/cohort/gossip.ts'
import { cohortDocument, members, testCohort } from '../cohorts.ts'

/** Twelve members that gossip, one faulty neighbour each. */
const graphed = (changes: Readonly<Record<string, unknown>> = {}) => {
  const { protocol: _, ...base } = cohortDocument({ members: members(12), topology: 'regular:6' })
  return { ...base, ...changes }
}

function complaint(changes: Readonly<Record<string, unknown>>): string {
  try {
    parseCohort(stringify(graphed(changes)), 'c.yaml')
  } catch (error) {
    if (error instanceof CohortError) return `${error.code} ${error.message}`
    throw error
  }
  return 'none'
}

test('a cohort with a topology names no protocol, comes back as it was written, and has an id of its own', t => {
  const cohort = parseCohort(stringify(graphed()), 'c.yaml')
  const text = formatCohort(cohort)
  t.notRegex(text, /protocol/)
  t.regex(text, /^topology: regular:6$/m)
  t.deepEqual(parseCohort(text, 'c.yaml'), cohort)
  const ids = [{}, { topology: 'regular:5' }, { rule: 'clipped-gossip' }, { topology: 'complete' }].map(
    changes => cohortId(checkCohort(graphed(changes), 'c.yaml')),
  )
  t.is(new Set(ids).size, 4)
  t.true(fieldDigests(cohort).has('topology'))
})

test('its graph is drawn from its seed, or stands there; the others hear everyone', t => {
  const cohort = checkCohort(graphed({ seed: 4 }), 'c.yaml')
  t.deepEqual(graphOf(cohort), drawGraph({ kind: 'regular', degree: 6 }, 12, 4))
  t.deepEqual(neighboursOf(cohort, 3), graphOf(cohort)![3])
  const edges = [
    [0, 2],
    [1, 2],
  ]
  const listed = checkCohort(graphed({ members: members(3), topology: edges, faults: 0 }), 'c.yaml')
  t.deepEqual(graphOf(listed), [[2], [2], [0, 1]])
  const plain = testCohort()
  t.is(graphOf(plain), null)
  t.deepEqual(neighboursOf(plain, 2), [0, 1, 3, 4, 5, 6])
})

test('a graph that does not meet the conditions is refused by name, and so are topologies that members cannot have', t => {
  t.is(complaint({}), 'none')
  t.is(complaint({ topology: 'erdos-renyi:0.9' }), 'none')
  t.is(complaint({ topology: 'ring', faults: 0 }), 'none')
  t.regex(
    complaint({ topology: 'ring' }),
    /^cohort-bound c\.yaml: faults is 1, topology is ring: peer 0 has 2 neighbours, and f = 1 of them may lie: .* at least 5 neighbours \(unsafe: true runs it anyway\)$/,
  )
  t.is(complaint({ topology: 'ring', rule: 'clipped-gossip', unsafe: true }), 'none')
  t.regex(
    complaint({ topology: 'ring', unsafe: true }),
    /^cohort-bound .*: peer 0 waits for 1 of 2 neighbours, f = 1: monna: 1 faults among 2 vectors, .* with 2 vectors$/,
    'the rule would throw while the peer runs',
  )
  t.regex(complaint({ rule: 'mean' }), /^cohort-bound .*mean tolerates no liar, and f is 1/)
  t.is(complaint({ rule: 'nnm+cwtm' }), 'none')
  const forms =
    'expected complete, ring, regular:k, erdos-renyi:p, or a list of edges such as [[0, 1], [1, 2]]'
  for (const topology of ['pull:4', './graph.txt', 'star'])
    t.is(complaint({ topology }), `cohort-field-invalid c.yaml: topology is "${topology}"; ${forms}`)
  t.regex(complaint({ topology: 'regular:12' }), /nobody has so many others; expected at most regular:11/)
  t.regex(complaint({ topology: [[0, 12]] }), /topology\[0\] names peer 12; expected 0 to 11/)
  t.regex(
    complaint({ rule: 'ubar', unsafe: true }),
    /^cohort-field-invalid c\.yaml: rule is "ubar"; expected a rule that looks at vectors alone: ubar goes by the losses/,
  )
  t.regex(complaint({ rule: 'krumm' }), /rule is "krumm"; expected .*krumm/)
})

test('what only agreements have is refused beside a topology, and a rule without one', t => {
  for (const [field, value] of [
    ['protocol', 'mda'],
    ['synchrony', 'synchronous'],
    ['quorum', 9],
    ['exchange', 'digest-first'],
    ['schedule', 'theory'],
    ['gradientRule', 'nnm'],
    ['precision', 'bf16'],
    ['localSteps', 2],
    ['evaluateEvery', 5],
    ['output', 'drawn'],
  ] as const)
    t.is(
      complaint({ [field]: value }),
      `cohort-field-invalid c.yaml: ${field} is ${value}, and with a topology nobody agrees with all; expected none`,
    )
  t.regex(complaint({ iterations: { gradient: 2, parameters: 1 } }), /^cohort-field-invalid .*iterations/)
  t.throws(() => testCohort({ rule: 'monna' }), {
    message: /rule is monna, .*expected a topology beside it$/,
  })
})

test('of known liars it is said where they are too many', t => {
  const cohort = checkCohort(graphed(), 'c.yaml')
  t.is(whyUnfit(cohort, [11]), null)
  const [first, second] = graphOf(cohort)![0]!
  t.regex(whyUnfit(cohort, [first!, second!])!, /^peer 0 has 2 liars among its 6 neighbours/)
  t.is(whyUnfit(testCohort(), [0, 1, 2]), null)
})

/** Partitions: nothing lost, nothing twice, nobody empty-handed, and as unequal as their name says. */
import test from 'ava'
import fc from 'fast-check'
import { DataError } from '../../../learning/data/dataset.ts'
import { parsePartition, partitionIndices } from '../../../learning/data/partition.ts'

const CLASSES = 10
const labels = Uint8Array.from({ length: 2000 }, (_, i) => i % CLASSES)

/** How many different classes each peer holds, and its examples in its most frequent class, as a fraction. */
function profile(shares: readonly Uint32Array[]) {
  return shares.map(share => {
    const counts = new Uint32Array(CLASSES)
    for (const index of share) counts[labels[index]!]! += 1
    return { classes: counts.filter(count => count > 0).length, top: Math.max(...counts) / share.length }
  })
}

const anyPartition = fc.oneof(
  fc.constantFrom('iid', 'label').map(parsePartition),
  fc.double({ min: 0.001, max: 100, noNaN: true }).map(alpha => ({ kind: 'dirichlet', alpha }) as const),
  fc.double({ min: 0.001, max: 100, noNaN: true }).map(alpha => ({ kind: 'quantity', alpha }) as const),
)

test('every example goes to exactly one peer, and every peer has one', t => {
  fc.assert(
    fc.property(
      anyPartition,
      fc
        .uint8Array({ min: 1, max: 60, minLength: 9, maxLength: 60 })
        .map(some => some.map(value => value % CLASSES)),
      fc.integer({ min: 1, max: 9 }),
      fc.integer(),
      (partition, some, peers, seed) => {
        const shares = partitionIndices(partition, some, CLASSES, peers, seed)
        t.is(shares.length, peers)
        t.true(shares.every(share => share.length > 0))
        t.deepEqual(
          shares.flatMap(share => [...share]).sort((a, b) => a - b),
          Array.from(some, (_, index) => index),
        )
      },
    ),
  )
})

for (const text of ['iid', 'dirichlet:0.5', 'label'])
  test(`${text}: the same seed gives the same shares, another seed others`, t => {
    const shares = (seed: number) => partitionIndices(parsePartition(text), labels, CLASSES, 7, seed)
    t.deepEqual(shares(3), shares(3))
    t.notDeepEqual(shares(3), shares(4))
  })

test('iid: equal shares of all classes', t => {
  const shares = partitionIndices({ kind: 'iid' }, labels, CLASSES, 7, 1)
  for (const share of shares) t.true(Math.abs(share.length - 2000 / 7) < 1)
  for (const { classes, top } of profile(shares)) t.true(classes === 10 && top < 0.2)
})

test('by label: each peer knows one class or a few', t => {
  for (const { classes } of profile(partitionIndices({ kind: 'label' }, labels, CLASSES, 5, 1)))
    t.is(classes, 2)
})

test('dirichlet: the smaller α, the more unequal', t => {
  const inequality = (alpha: number) => {
    const tops = profile(partitionIndices({ kind: 'dirichlet', alpha }, labels, CLASSES, 7, 1)).map(
      peer => peer.top,
    )
    return tops.reduce((sum, top) => sum + top, 0) / tops.length
  }
  t.true(inequality(100) < 0.2)
  t.true(inequality(0.5) > 0.25)
  t.true(inequality(0.05) > 0.5)
})

for (const alpha of [1e-3, 1e-4, 1e-5, 1e-100, 1e-300])
  for (const kind of ['dirichlet', 'quantity'] as const)
    test(`${kind}:${alpha} is as unequal as it gets, for every seed`, t => {
      for (let seed = 1; seed <= 10; seed++) {
        const shares = partitionIndices({ kind, alpha }, labels, CLASSES, 7, seed)
        for (let label = 0; label < CLASSES; label++) {
          const held = shares.map(share => share.filter(index => labels[index] === label).length)
          // A peer without any was given one.
          const least = alpha < 1e-4 ? 200 - 7 : 100
          t.true(Math.max(...held) >= least, `seed ${seed}, class ${label}: ${held}`)
        }
      }
    })

test('a large α is as equal as it gets', t => {
  const shares = partitionIndices({ kind: 'quantity', alpha: 1e300 }, labels, CLASSES, 7, 1)
  for (const share of shares) t.true(Math.abs(share.length - 2000 / 7) <= 1, `${share.length}`)
})

test('more peers than examples is refused', t => {
  t.throws(() => partitionIndices({ kind: 'iid' }, labels.subarray(0, 3), CLASSES, 4, 1), {
    instanceOf: DataError,
    message: /3 examples for 4 peers/,
  })
})

test('what a user may write', t => {
  t.deepEqual(parsePartition('iid'), { kind: 'iid' })
  t.deepEqual(parsePartition('label'), { kind: 'label' })
  t.deepEqual(parsePartition('dirichlet:0.5'), { kind: 'dirichlet', alpha: 0.5 })
  for (const wrong of [
    '',
    'IID',
    'dirichlet',
    'dirichlet:',
    'dirichlet:0',
    'dirichlet:-1',
    'dirichlet:x',
    'iid:1',
    'dirichlet:1:2',
  ])
    t.throws(() => parsePartition(wrong), {
      instanceOf: DataError,
      message: /expected iid, label, or dirichlet:α/,
    })
})

test('quantity: shares of unequal size, each of every class', t => {
  const shares = partitionIndices({ kind: 'quantity', alpha: 1 }, labels, CLASSES, 5, 3)
  const sizes = shares.map(share => share.length)
  t.true(Math.max(...sizes) > 2 * Math.min(...sizes), sizes.join(' '))
  for (const { top } of profile(shares.filter(share => share.length > 100))) t.true(top < 0.25, `${top}`)
  t.deepEqual(parsePartition('quantity:0.5'), { kind: 'quantity', alpha: 0.5 })
})

test('what goes by classes is refused where there are none', t => {
  for (const kind of ['label', 'dirichlet:1'])
    t.throws(() => partitionIndices(parsePartition(kind), labels, 0, 5, 1), {
      instanceOf: DataError,
      message: /real targets: it goes by classes, expected iid or quantity/,
    })
  t.is(partitionIndices(parsePartition('quantity:1'), labels, 0, 5, 1).length, 5)
})

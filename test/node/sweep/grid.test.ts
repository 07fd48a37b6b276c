/** The grid of a sweep beside a naive expansion, and what its file may not say. */
import test from 'ava'
import fc from 'fast-check'
import { cellsOf } from '../../../node/sweep/grid.ts'
import { parseSweep } from '../../../node/sweep/read-sweep.ts'
import { shardOf } from '../../../node/sweep/shard.ts'

const file = (document: unknown) => parseSweep(JSON.stringify(document), 'sweep.yaml')

const rules = ['mean', 'cwtm', 'krum', 'cge'] as const
const attacks = ['little', 'empire', 'zero'] as const

const conditions = fc.array(
  fc
    .record({
      rule: fc.constantFrom(...rules),
      attack: fc.subarray([...attacks], { minLength: 1 }),
      faults: fc.integer({ min: 1, max: 4 }),
    })
    .chain(all =>
      fc
        .subarray(['rule', 'attack', 'faults'] as const, { minLength: 1 })
        .map(kept => Object.fromEntries(kept.map(name => [name, all[name]])) as Partial<typeof all>),
    ),
  { maxLength: 3 },
)

test('cells are the product, without what is excluded, with what is included, each once', t => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 3 }),
      conditions,
      conditions,
      (most, seeds, exclude, include) => {
        const inGrid = exclude.filter(({ faults = 1 }) => faults <= most)
        const definition = file({
          settings: { architecture: 'server' },
          axes: { rule: rules, attack: attacks, faults: { from: 1, to: most } },
          seeds,
          exclude: inGrid,
          include,
        })
        const holds = (condition: (typeof include)[number], rule: string, attack: string, faults: number) =>
          (condition.rule ?? rule) === rule &&
          ((condition.attack as readonly string[] | undefined) ?? [attack]).includes(attack) &&
          (condition.faults ?? faults) === faults
        const wanted: string[] = []
        for (const rule of rules)
          for (const attack of attacks)
            for (let faults = 1; faults <= 4; faults++)
              for (let seed = 1; seed <= seeds; seed++) {
                const isIn = faults <= most && !inGrid.some(each => holds(each, rule, attack, faults))
                // An included cell takes all values of an axis that is not named.
                const isAdded = include.some(
                  each => holds(each, rule, attack, faults) && (each.faults !== undefined || faults <= most),
                )
                if (isIn || isAdded) wanted.push(`${rule} ${attack} ${faults} ${seed}`)
              }
        if (wanted.length === 0) {
          t.throws(() => cellsOf(definition), { code: 'sweep-empty' })
          return
        }
        const cells = cellsOf(definition)
        const found = cells.map(
          ({ axes: { rule, attack, faults, seed } }) => `${rule} ${attack} ${faults} ${seed}`,
        )
        t.deepEqual([...found].sort(), wanted.sort())
        for (const { axes, settings } of cells) t.like(settings, { ...axes, architecture: 'server' })
      },
    ),
    {
      numRuns: 60,
      examples: [
        [1, 1, [], []],
        [1, 1, [{ attack: [...attacks] }], []],
      ],
    },
  )
})

test('shards are a partition of the cells; with tuning, seeds of a cell stay together', t => {
  const axes = { rule: rules, attack: attacks }
  for (const tune of [undefined, { rate: [0.1, 0.5] }]) {
    const definition = file({ settings: { architecture: 'server' }, axes, seeds: 3, ...(tune && { tune }) })
    const cells = cellsOf(definition)
    const parts = [1, 2, 3, 4, 5].map(index => shardOf(definition, cells, { index, of: 5 }))
    t.is(parts.flat().length, cells.length)
    t.true(cells.every(cell => parts.flat().includes(cell)))
    if (tune === undefined) continue
    const homes = new Map<string, number>()
    for (const [part, own] of parts.entries())
      for (const {
        axes: { rule, attack },
      } of own) {
        t.is(homes.get(`${rule} ${attack}`) ?? part, part)
        homes.set(`${rule} ${attack}`, part)
      }
  }
})

test('ranges, variants and settings that depend on others', t => {
  const definition = file({
    settings: {
      architecture: 'server',
      rate: { by: 'model', softmax: 0.1, other: { by: 'size', small: 0.05, large: 0.01 } },
    },
    axes: {
      model: ['softmax', 'mlp'],
      momentum: { from: 0.1, to: 0.3, step: 0.1 },
      size: { small: { batch: 16 }, large: { batch: 256, steps: 10 } },
      clipping: { tight: { rule: 'cc', param: { tau: 1, passes: 2 } } },
    },
  })
  const cells = cellsOf(definition)
  t.is(cells.length, 12)
  t.deepEqual(new Set(cells.map(({ axes }) => axes.momentum)), new Set([0.1, 0.2, 0.3]))
  for (const { axes, settings } of cells) {
    t.is(settings.rate, axes.model === 'softmax' ? 0.1 : axes.size === 'small' ? 0.05 : 0.01)
    t.is(settings.batch, axes.size === 'small' ? 16 : 256)
    t.is(settings.steps, axes.size === 'small' ? undefined : 10)
    t.is(settings.param, 'passes=2 tau=1')
    t.is(axes.clipping, 'tight')
    t.is(axes.seed, 1)
  }
})

const wrong: readonly (readonly [text: string, message: RegExp])[] = [
  ['axis: { rule: [krum] }', /^s\.yaml, line 1: axis: unknown field; did you mean axes\?$/],
  [
    'settings:\n  stepss: 3',
    /^s\.yaml, line 2: settings\.stepss: simulate has no setting stepss; did you mean steps\?$/,
  ],
  [
    'settings:\n  steps: many',
    /^s\.yaml, line 2: settings\.steps is "many"; expected a whole number, at least 1/,
  ],
  ['settings: { unsafe: 1 }', /settings\.unsafe is 1; expected true or false/],
  [
    'axes:\n  rule:\n    - krum\n    - krm',
    /^s\.yaml, line 4: axes\.rule\[1\] is "krm".*did you mean krum\?$/,
  ],
  ['axes: { rules: [krum] }', /axes\.rules: simulate has no setting rules; did you mean rule\?/],
  ['axes: { attack: [] }', /axes\.attack is an empty list/],
  ['axes: { attack: [zero, zero] }', /axes\.attack has "zero" twice/],
  ['axes: { faults: { from: 3, to: 1 } }', /axes\.faults is empty; expected from: below to:/],
  ['axes: { faults: { from: 1, to: 3, by: 1 } }', /axes\.faults\.by: unknown field/],
  ['settings: { rule: krum }\naxes: { rule: [cwtm] }', /line 2: axes\.rule sets rule, and so does settings/],
  ['axes: { faults: [1], seed: [1, 2] }', /axes\.seed: expected seeds: beside axes:/],
  ['axes: { rule: [krum] }\nexclude: [{ rule: krun }]', /exclude\[0\]\.rule is "krun".*did you mean krum\?/],
  [
    'axes: { rule: [krum] }\nexclude: [{ rulee: krum }]',
    /rulee is not an axis or a setting.*did you mean rule\?/,
  ],
  [
    'axes: { rule: [krum] }\nexclude: [{ rule: krum }]',
    /the grid is empty: 1 combinations, and all are excluded/,
  ],
  ['axes: { size: { s: { batch: 1 } } }\ninclude: [{ size: m }]', /axes\.size has no "m"; expected one of s/],
  [
    'settings: { rate: { by: model, svm: 1 } }\naxes: { model: [mlp] }',
    /says nothing of mlp; expected mlp: or other:/,
  ],
  ['settings: { rate: { by: momentum, a: 1 } }', /depends on momentum, which this sweep does not set/],
  ['tune: { holdout: 0.1 }', /tune names no setting/],
  ['tune: { rate: [1], holdout: 2 }', /tune\.holdout is 2; expected a number above 0 and below 1/],
  ['tune: { rate: [1], metric: acuracyMean }', /no metric "acuracyMean".*did you mean accuracyMean\?/],
  ['tune: { seed: [1, 2] }', /tune\.seed: a seed is not chosen/],
  ['axes: { rate: [1] }\ntune: { rate: [2] }', /tune\.rate sets rate, and so does axes\.rate/],
  ['axes: { size: { s: { rate: 1 } } }\ntune: { rate: [2] }', /tune\.rate sets rate, and so does axes\.size/],
  [
    'settings: { momentum: { by: rate, 1: 0.5, other: 0 } }\ntune: { rate: [1, 2] }',
    /tune\.rate: momentum depends on rate/,
  ],
  ['tune: { rate: { slow: 1, fast: 2 } }', /tune\.rate has names; expected a list of values or a range/],
  [
    'seeds: 1000\ntune: { rate: { from: 1, to: 100 }, batch: { from: 1, to: 100 } }',
    /1000 runs with 10000 choices each to tune; expected at most 1000000 in all/,
  ],
  ...['run', 'version', 'status', 'why', 'seconds', 'accuracyMean', 'settings.rule'].map(
    name =>
      [
        `axes: { ${name}: { a: { rate: 1 } } }`,
        /axes\.[a-zA-Z.]+: the results have a column [a-zA-Z.]+ of their own; expected another name/,
      ] as const,
  ),
  ...['__proto__', 'constructor', 'toString'].flatMap(name => [
    [`axes: { ${name}: { a: { rate: 1 } } }`, /expected another name than/] as const,
    [`axes: { size: { ${name}: { rate: 1 } } }`, /expected another name than/] as const,
    [`settings: { rate: { by: ${name}, a: 1 } }`, /settings\.rate\.by is \w+; expected a setting/] as const,
  ]),
  [
    `axes: { rate: [${Array.from({ length: 10_001 }, (_, i) => i + 1)}] }`,
    /axes\.rate has 10001 values; expected at most 10000/,
  ],
  ['stop: { accuracyMean: high }', /stop\.accuracyMean is "high"; expected a number/],
  [
    'stop: { accuracyMean: 0.9 }',
    /stop\.accuracyMean: no run is evaluated on the way; expected evaluateEvery/,
  ],
  ['settings: { evaluateEvery: 1 }\nstop: { bytes: 9 }', /stop\.bytes: there is no metric "bytes"/],
  ['seeds: three', /seeds is "three"; expected how many/],
  ['stop: { after: soon }', /stop\.after is "soon"; expected a time such as 90s, 10m or 2h/],
  ['a: [', /^s\.yaml, line \d+, column \d+: not YAML/],
]

for (const [text, message] of wrong)
  test(`a sweep's file is refused with its place: ${text.replaceAll('\n', '; ').slice(0, 90)}`, t => {
    const error = t.throws(() => cellsOf(parseSweep(text, 's.yaml')), { name: 'SweepError' })
    t.regex(error!.message, message)
  })

/** Every decoder of what comes from outside: the kept corpus, and a short run of inputs near well-formed ones. */
import { readFileSync } from 'node:fs'
import test from 'ava'
import { feedCorpus, fuzz } from '../../scripts/fuzz/run.ts'
import { targets } from '../../scripts/fuzz/targets.ts'

const corpus = JSON.parse(readFileSync(new URL('corpus.json', import.meta.url), 'utf8')) as Record<
  string,
  string[]
>
const INPUTS = 20

for (const target of targets) {
  test(`${target.name}: what once broke it, and what is well-formed`, async t => {
    t.deepEqual(await feedCorpus(target, corpus[target.name] ?? []), [])
    for (const seed of target.seeds) await t.notThrowsAsync(async () => target.feed(seed))
  })
  test(`${target.name}: garbage is refused in its own words`, async t => {
    t.deepEqual((await fuzz(target, INPUTS * target.weight, 1)).findings, [])
  })
}

test('the corpus names decoders that there are', t => {
  const names = targets.map(({ name }) => name)
  for (const name of Object.keys(corpus)) t.true(names.includes(name), name)
})

test('a decoder that breaks is found, at once or later', async t => {
  const broken = {
    name: 'broken',
    weight: 1,
    seeds: [Uint8Array.of(1, 2, 3)],
    feed(input: Uint8Array) {
      if (input[1] === 0xff) throw new RangeError('out of bounds')
    },
  }
  const later = { ...broken, feed: async (input: Uint8Array) => broken.feed(input) }
  for (const target of [broken, later]) {
    const { findings } = await fuzz(target, 5000, 1)
    t.true(findings.length > 0)
    t.is(findings[0]!.input.slice(2, 4), 'ff')
  }
})

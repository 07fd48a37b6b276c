/** The scenarios still go as they are written down; `npm run transcripts` writes them anew, for review as a diff. */
import { readdirSync, readFileSync } from 'node:fs'
import test from 'ava'
import { scenarios } from './scenarios.ts'

for (const [name, play] of Object.entries(scenarios))
  test(`transcript: ${name}`, t => {
    const written = readFileSync(new URL(`${name}.txt`, import.meta.url), 'utf8')
    t.is(
      play(),
      written,
      'it goes differently now; if that is right: npm run transcripts, and review the diff',
    )
    t.is(play(), play(), 'a second time it goes the same')
  })

test('every transcript has a scenario', t => {
  const files = readdirSync(new URL('.', import.meta.url)).filter(name => name.endsWith('.txt'))
  t.deepEqual(
    files.sort(),
    Object.keys(scenarios)
      .map(name => `${name}.txt`)
      .sort(),
  )
})

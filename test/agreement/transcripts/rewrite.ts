/** `npm run transcripts`: plays every scenario and writes down how it goes. */
import { writeFileSync } from 'node:fs'
import { scenarios } from './scenarios.ts'

for (const [name, play] of Object.entries(scenarios)) {
  writeFileSync(new URL(`${name}.txt`, import.meta.url), play())
  console.log(`test/agreement/transcripts/${name}.txt`)
}

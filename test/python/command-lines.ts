/**
 * Runs command lines of Concord within one process: each line of input is a JSON array of arguments, and is answered by a
 * line with the exit code and what was printed. A process each would spend its time on starting.
 */
import { createInterface } from 'node:readline'
import { runInside } from '../node/cli/inside.ts'

for await (const line of createInterface({ input: process.stdin }))
  console.log(JSON.stringify(await runInside(...JSON.parse(line))))

/** Whether a command says and writes what is right for a kind of file. */
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Kind, Said } from './kinds.ts'

interface Verdict {
  readonly said: Said
  /** What is not right; null if all is. */
  readonly wrong: string | null
}

/**
 * @param folder where the files of all kinds lie
 * @param out a file that may be written
 * @param run runs a command of ours
 */
export async function judge(
  folder: string,
  out: string,
  kind: Kind,
  run: (argv: readonly string[]) => Promise<Said>,
): Promise<Verdict> {
  const at = (name: string) => resolve(folder, name)
  const said = await run(kind.argv(at, out))
  const unsaid = kind.says.find(words => !words.test(said.text))
  if (said.code !== kind.code) return { said, wrong: `it ended with ${said.code}, expected ${kind.code}` }
  if (unsaid) return { said, wrong: `it did not say ${unsaid}` }
  return { said, wrong: (await kind.holds?.(out, name => readFile(at(name)))) ?? null }
}

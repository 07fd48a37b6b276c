/**
 * npm runs the scripts of a clone in the clone, wherever it was called: with `npm --prefix CLONE run concord -- …` a
 * path would be looked for there, and not where its user stands, and where a shell completes it.
 */
import { existsSync } from 'node:fs'
import { chdir, cwd, env } from 'node:process'

/** Names of scripts in package.json that run a command of a user. */
const scripts: readonly (string | undefined)[] = ['concord', 'start']

/**
 * Goes where npm was called, if it is npm that has begun this process in the clone. The processes of this one stay where
 * they are begun.
 * @param clone its folder, which npm begins scripts in
 */
export function goToCaller(clone: string): void {
  const { INIT_CWD: caller, npm_lifecycle_event: script } = env
  if (caller === undefined || !scripts.includes(script) || cwd() !== clone) return
  delete env.INIT_CWD
  // Where the caller's folder is gone, paths that name no folder lead nowhere in any case.
  if (existsSync(caller)) chdir(caller)
}

/** What reading a file costs: in a process of its own, which says how much memory it ever had. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

interface Peak {
  /** The error's code and message, or `read`. */
  readonly said: string
  readonly megabytes: number
}

/** Of a process that has loaded our readers, and read nothing, it is some 90. */
export const LITTLE_MEGABYTES = 220

/**
 * Calls `call` with `argument`, in a process of its own; `module` is the path of the source that exports it, from the
 * root of the project.
 */
export async function peakOf(module: string, call: string, argument: string): Promise<Peak> {
  const url = new URL(`../../../${module}`, import.meta.url)
  // Not the accounting of the system's, in which a process begins with what its parent had.
  const code = `
    import { readFileSync } from 'node:fs'
    import { ${call} } from ${JSON.stringify(url.href)}
    let said = 'read'
    try { await ${call}(process.argv[1]) } catch (error) { said = error.code + ' ' + error.message }
    const peak = /^VmHWM:\\s+(\\d+) kB/m.exec(readFileSync('/proc/self/status', 'latin1'))
    console.log(JSON.stringify({ said, megabytes: peak === null ? 0 : peak[1] / 1024 }))`
  const args = ['--max-old-space-size=256', '--input-type=module', '-e', code, argument]
  const { NODE_OPTIONS: _, ...env } = process.env
  const { stdout } = await promisify(execFile)(process.execPath, args, { env })
  return JSON.parse(stdout)
}

#!/usr/bin/env node
/**
 * The `concord` command as installed: starts the command line on a Node that can run it (`runtime.ts`).
 * In a checkout the scripts of package.json start `main.ts` themselves.
 */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { printable } from '../text/printable.ts'
import { chooseRuntime } from './runtime.ts'

const require = createRequire(import.meta.url)

const choice = chooseRuntime(
  { version: process.versions.node, platform: process.platform, arch: process.arch },
  findRuntime,
)
if (choice.kind === 'this') await import('./main.ts')
else if (choice.kind === 'other') startOn(choice.executable)
else {
  console.error(choice.why)
  process.exitCode = 1
}

function findRuntime(packageName: string): string | null {
  try {
    const manifest = require.resolve(`${packageName}/package.json`)
    const { bin }: { bin: { node: string } } = JSON.parse(readFileSync(manifest, 'utf8'))
    return join(dirname(manifest), bin.node)
  } catch {
    return null
  }
}

/** Runs this same file on that Node, with the same arguments and terminal, and exits as it exits. */
function startOn(executable: string): void {
  const child = spawn(executable, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: 'inherit',
  })
  // A terminal sends Ctrl-C to both; the child decides what it means. Other signals reach only this process.
  process.on('SIGINT', () => {})
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal))
  child.on('error', error => {
    console.error(printable(`concord: cannot start ${executable}: ${error.message}`))
    process.exitCode = 1
  })
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 1)
  })
}

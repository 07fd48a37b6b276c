/** `concord.sweep` and `concord.simulate` of python/concord.py, and the example that makes a table with them. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { interpreterWith, root } from './programs.ts'

/** Registers the tests, where an interpreter has pandas; says so where none has. */
export function testSweeps(): void {
  const found = interpreterWith(['numpy', 'pandas'])
  if (found === null) {
    console.log('no Python with pandas: concord.sweep and concord.simulate are not tested')
    return
  }
  const command = [process.execPath, join(root, 'node/cli/main.ts')]
  const run = async (args: (folder: string) => readonly string[]) => {
    const folder = await mkdtemp(join(tmpdir(), 'concord-python-sweep-'))
    try {
      const env = { ...process.env, CONCORD: command.map(part => `'${part}'`).join(' ') }
      const { status, stdout, stderr } = spawnSync(found.python, args(folder), { encoding: 'utf8', env })
      assert.equal(status, 0, stdout + stderr)
      return stdout
    } finally {
      await rm(folder, { recursive: true })
    }
  }

  test('sweeps and simulations from Python are those of the command', async () => {
    const told = await run(folder => [join(root, 'test/python/sweep_test.py'), folder, ...command])
    assert.equal(told.trim().split('\n').length, 6, told)
  })

  test('the example prints its table, the worst attacks, curves and peers', async () => {
    const told = await run(folder => [join(root, 'python/examples/sweep.py'), join(folder, 'out')])
    assert.match(told, /^attack +empire +sign-flip\nrule +\ncwtm +0\.\d+ +0\.\d+\nmean +0\.\d+/m)
    assert.match(told, /^nnm\+cwtm +(empire|sign-flip) +0\.\d+$/m)
    assert.match(told, /^10 +\d\.\d+ +\d\.\d+ +\d\.\d+$/m)
    assert.match(told, /^5 +5 +\d\.\d+ +0\.\d+/m)
  })
}

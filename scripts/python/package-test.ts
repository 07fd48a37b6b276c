/** `pip install ./python`, into an environment of its own and without a network. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { interpreterWith, root } from './programs.ts'

/** Registers the test, where an interpreter has what builds a package; says so where none has. */
export function testPackage(): void {
  const builder = interpreterWith(['setuptools', 'wheel', 'pip', 'numpy'])
  if (builder === null) {
    console.log('no Python with NumPy, pip, setuptools and wheel: the package is not built')
    return
  }
  test('pip installs the package, and it is what the file is', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'concord-pip-'))
    const run = (command: string, ...args: string[]) => {
      const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', cwd: folder })
      assert.equal(status, 0, stdout + stderr)
      return stdout
    }
    // A build leaves files beside its sources.
    await cp(join(root, 'python'), join(folder, 'python'), { recursive: true })
    run(builder.python, '-m', 'venv', '--without-pip', '--system-site-packages', 'env')
    const python = join(folder, 'env/bin/python')
    run(python, '-m', 'pip', 'install', '--no-build-isolation', '--no-index', '--quiet', './python')
    const code =
      'import concord, concord_oracle, importlib.metadata as m; print(concord.__file__, concord_oracle.__file__, m.version("concord-oracle"))'
    assert.match(
      run(python, '-c', code),
      /site-packages.concord\.py [^ ]*concord-pip-[^ ]*site-packages.concord_oracle\.py \d+\.\d+\.\d+/,
    )
    await rm(folder, { recursive: true })
  })
}

/** The examples of large models, made small, and `npm run real-models`. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { root } from './programs.ts'

/** @param folder has MNIST's four files, and takes what the tests write */
export function testLargeModels(python: string, folder: string): void {
  test('the examples of large models, made small', () => {
    const command = [join(root, 'test/python/large_models_test.py'), folder]
    const { status, stderr } = spawnSync(python, command, { encoding: 'utf8' })
    assert.equal(status, 0, stderr)
    console.log(`  ${/Ran \d+ tests/.exec(stderr)}`)
  })
  test('real-models puts real peers beside one process', async () => {
    const [figure, report] = [join(folder, 'curves.svg'), join(folder, 'report.json')]
    const words = ['--of', 'lora', '--size', 'tiny', '--steps', '4', '--figure', figure, '--report', report]
    const command = [join(root, 'scripts/real-models/main.ts'), ...words]
    const { status, stdout, stderr } = spawnSync(process.execPath, command, { encoding: 'utf8' })
    // 1: the losses were compared, and four steps are too few to ask for more.
    assert.ok(status === 0 || status === 1, stderr)
    assert.match(stdout, /4096 parameters are learnt and sent/)
    const { peers, baseline } = JSON.parse(await readFile(report, 'utf8'))
    // Nobody has moved before the first step, so both compute the same there.
    assert.ok(Math.abs(peers.losses[0] - baseline.losses[0]) < 1e-5)
    assert.equal(peers.losses.length, 4)
    assert.equal(peers.evaluations.at(-1).step, 4)
    assert.match(await readFile(figure, 'utf8'), /^<svg .*four peers, one of which lies/s)
  })
}

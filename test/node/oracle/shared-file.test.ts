/** Vectors through the file in memory: the same bytes on the other side, and a value that is no number is found. */
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs'
import test, { type ExecutionContext } from 'ava'
import { createSharedFile } from '../../../node/oracle/shared-file.ts'

/** The file, and what the other process would do with it. */
async function opened(t: ExecutionContext, dimension: number) {
  const shared = await createSharedFile()
  if (shared === null) throw new Error('this system has no such file')
  const other = openSync(shared.path, constants.O_RDWR)
  await shared.settle(dimension)
  t.teardown(async () => {
    closeSync(other)
    await shared.close()
  })
  return {
    shared,
    parameters() {
      const bytes = new Uint8Array(4 * dimension)
      readSync(other, bytes, 0, bytes.length, 0)
      return new Float32Array(bytes.buffer)
    },
    answer(gradient: Float32Array) {
      writeSync(other, gradient, 0, gradient.byteLength, 4 * dimension)
    },
  }
}

const onUnix = process.platform === 'win32' ? [] : [1, 3, 16, 255, 256, 1000, 20_000]

for (const dimension of onUnix)
  test(`${dimension} values go both ways, and one that is not finite is found wherever it is`, async t => {
    const { shared, parameters, answer } = await opened(t, dimension)
    const sent = Float32Array.from({ length: dimension }, (_, i) => i - 0.5)
    await shared.writeParameters(sent)
    t.deepEqual(parameters(), sent)

    const extremes = [3.4028234663852886e38, -3.4028234663852886e38, 1e-45, -0]
    const gradient = Float32Array.from({ length: dimension }, (_, i) => extremes[i % 4]!)
    answer(gradient)
    const first = await shared.readGradient()
    t.deepEqual(first, { gradient, foundFinite: true })
    for (const place of [0, dimension >> 1, dimension - 1])
      for (const bad of [Number.NaN, Infinity, -Infinity]) {
        answer(gradient.with(place, bad))
        shared.expectGradient()
        t.false((await shared.readGradient()).foundFinite, `${bad} at ${place} of ${dimension}`)
      }
    answer(gradient)
    t.true((await shared.readGradient()).foundFinite, 'forgotten once it is overwritten')
    t.deepEqual(first.gradient, gradient, 'a gradient that was handed out is never written to')
  })

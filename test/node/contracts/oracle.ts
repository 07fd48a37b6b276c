/**
 * The contract of oracles. A gradient is a function of seed, peer, step, parameters and batch, to the bit, whatever
 * other requests come before or meanwhile, and in every instance of the oracle. An oracle never writes to its
 * arguments, or to a result that it has returned. A request that it cannot answer rejects with an error that has a
 * code, and harms no other. A closed oracle rejects every request.
 */
import test, { type ExecutionContext } from 'ava'
import type { Vector } from '../../../agreement/vector.ts'
import type { ModelOracle } from '../../../learning/oracles/jax-oracle.ts'

type Open = () => Promise<ModelOracle>

const BATCH = 8

export function oracleContract(name: string, open: Open): void {
  const opened = async (t: ExecutionContext): Promise<ModelOracle> => {
    const oracle = await open()
    t.teardown(() => oracle.close())
    return oracle
  }
  answersContract(name, opened)
  endingContract(name, open)
}

/** Parameters, none of which is the oracle's initial one. */
const moved = ({ initial }: ModelOracle, by = 0.25): Vector =>
  initial.map((value, i) => value + by * ((i % 3) + 1))

function answersContract(name: string, opened: (t: ExecutionContext) => Promise<ModelOracle>): void {
  test(`${name}: it says how long its vectors are, and its vectors have that length`, async t => {
    const oracle = await opened(t)
    const { dimension, initial, parameters, examples } = oracle
    t.is(initial.length, dimension)
    t.is(
      parameters.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0),
      dimension,
    )
    t.true(initial.every(Number.isFinite))
    t.true(Number.isInteger(examples) && examples > 0)
    const { gradient, loss } = await oracle.gradient({ step: 1, parameters: moved(oracle), batch: BATCH })
    t.is(gradient.length, dimension)
    t.true(gradient.every(Number.isFinite) && gradient.some(value => value !== 0))
    t.true(Number.isFinite(loss))
    const evaluation = await oracle.evaluate(moved(oracle))
    t.true(Number.isFinite(evaluation.loss))
    const { accuracy } = evaluation
    t.true(accuracy === null || (accuracy >= 0 && accuracy <= 1))
  })

  test(`${name}: one request has one answer, to the bit, in this instance and in another`, async t => {
    const [oracle, other] = [await opened(t), await opened(t)]
    t.deepEqual(other.initial, oracle.initial)
    const request = { step: 3, parameters: moved(oracle), batch: BATCH }
    const answer = await oracle.gradient(request)
    const evaluation = await oracle.evaluate(request.parameters)
    await oracle.gradient({ ...request, step: 9, parameters: moved(oracle, -1) })
    t.deepEqual(await oracle.gradient(request), answer)
    t.deepEqual(await other.gradient(request), answer)
    t.deepEqual(await other.evaluate(request.parameters), evaluation)
  })

  test(`${name}: it never writes to its arguments or to a returned result`, async t => {
    const oracle = await opened(t)
    const parameters = moved(oracle)
    const before = parameters.slice()
    const { gradient } = await oracle.gradient({ step: 1, parameters, batch: BATCH })
    const kept = gradient.slice()
    for (const step of [2, 3]) await oracle.gradient({ step, parameters: moved(oracle, step), batch: BATCH })
    await oracle.evaluate(moved(oracle, 7))
    t.deepEqual(parameters, before)
    t.deepEqual(gradient, kept)
  })

  test(`${name}: requests may overlap, and each has its own answer`, async t => {
    const oracle = await opened(t)
    const requests = [1, 2, 3, 4].map(step => ({ step, parameters: moved(oracle, step), batch: BATCH }))
    const together = await Promise.all(requests.map(request => oracle.gradient(request)))
    for (const [i, request] of requests.entries())
      t.deepEqual(await oracle.gradient(request), together[i], `step ${request.step}`)
    t.is(new Set(together.map(({ gradient }) => gradient.join())).size, requests.length)
  })

  test(`${name}: parameters of another length are refused with a code, and the next request is answered`, async t => {
    const oracle = await opened(t)
    const short = oracle.initial.subarray(1)
    for (const ask of [
      () => oracle.gradient({ step: 1, parameters: short, batch: BATCH }),
      () => oracle.evaluate(short),
    ]) {
      const error = await t.throwsAsync(ask)
      t.regex(String((error as NodeJS.ErrnoException).code), /^(ORACLE|MODEL)_DIMENSION$/)
    }
    t.true(Number.isFinite((await oracle.evaluate(oracle.initial)).loss))
  })
}

function endingContract(name: string, open: Open): void {
  test(`${name}: once closed it answers nothing; closing again does nothing`, async t => {
    const oracle = await open()
    const closed = { name: 'OracleError', code: 'ORACLE_CLOSED' }
    const request = { step: 1, parameters: oracle.initial, batch: BATCH }
    await oracle.gradient(request)
    await oracle.close()
    await t.throwsAsync(oracle.gradient(request), closed)
    await t.throwsAsync(oracle.evaluate(oracle.initial), closed)
    await oracle.close()
  })
}

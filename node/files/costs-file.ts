/** Costs of the user's, one for each agent, from a file: a matrix, JSON, or a module (docs/reproduce.md). */
import { extname } from 'node:path'
import { z } from 'zod'
import { readBytes, readText } from '../../learning/data/read-file.ts'
import {
  type CostGradient,
  convexMinimiser,
  type QuadraticCost,
  quadraticMinimiser,
  squaresCost,
} from '../../learning/server/costs.ts'
import { type Minimise, remembered } from '../../learning/server/exhaustive.ts'
import { FileError } from './error.ts'
import { checkedExport, exportedAs } from './exported.ts'
import { called } from './guarded.ts'
import { parseNpyVectors } from './npy.ts'
import { isModuleFile, kindOf, loadModule, moduleEndings, OwnFileError } from './own-module.ts'

/** The costs of `agents` agents in `dimension` variables. */
export interface OwnCosts {
  readonly agents: number
  readonly dimension: number
  readonly minimise: Minimise
}

const BYTES_MAX = 2 ** 24
const FORMS = `a matrix .npy with a row of each agent and its response in the last column, .json, or a module ${moduleEndings.join(', ')}`

/** @throws FileError, OwnFileError */
export async function loadCosts(file: string): Promise<OwnCosts> {
  if (isModuleFile(file)) return ofModule(file)
  if (extname(file) === '.npy') return quadratic(ofMatrix(file, await readBytes(file, BYTES_MAX)))
  if (extname(file) === '.json') return quadratic(ofJson(file, await readText(file, BYTES_MAX)))
  throw new FileError('unknown-format', `${file}: expected ${FORMS}`)
}

function quadratic(costs: readonly QuadraticCost[]): OwnCosts {
  return {
    agents: costs.length,
    dimension: costs[0]!.linear.length,
    minimise: remembered(quadraticMinimiser(costs)),
  }
}

function ofMatrix(file: string, bytes: Uint8Array): QuadraticCost[] {
  const { rows } = parseNpyVectors(bytes, file)
  if (!(rows.length > 0 && rows[0]!.length > 1))
    throw new FileError('malformed', `${file}: expected a row for each agent, of two numbers or more`)
  for (const [agent, row] of rows.entries()) {
    const column = row.findIndex(value => !Number.isFinite(value))
    if (column >= 0)
      throw new FileError(
        'malformed',
        `${file}: row ${agent}, column ${column} is ${row[column]}; expected finite numbers`,
      )
  }
  return rows.map(row => squaresCost([Array.from(row.subarray(0, -1))], [row.at(-1)!]))
}

const numbers = z.array(z.number()).min(1)
const squaresForm = z.strictObject({ rows: z.array(numbers).min(1), responses: numbers })
const quadraticForm = z.strictObject({ hessian: z.array(numbers).min(1), linear: numbers })

function ofJson(file: string, text: string): QuadraticCost[] {
  const refuse = (why: string) =>
    new FileError(
      'malformed',
      `${file}: ${why}; expected a list with a cost of each agent, as {"rows": [[1, 0]], "responses": [0.9]} or {"hessian": [[2, 0], [0, 2]], "linear": [-1, 0]}`,
    )
  let value: unknown
  try {
    value = JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch (error) {
    throw refuse(`not JSON: ${(error as Error).message}`)
  }
  if (!Array.isArray(value) || value.length === 0) throw refuse('it holds no list, or an empty one')
  const costs = value.map((cost: unknown, agent) => {
    const form = typeof cost === 'object' && cost !== null && 'hessian' in cost ? quadraticForm : squaresForm
    const parsed = form.safeParse(cost)
    if (parsed.success) return parsed.data
    const [issue] = parsed.error.issues
    throw refuse(`agent ${agent}: ${[...(issue?.path ?? []), issue?.message].join(': ')}`)
  })
  const [first] = costs
  const d = 'rows' in first! ? first.rows[0]!.length : first!.linear.length
  for (const [agent, cost] of costs.entries()) {
    const wrong = 'rows' in cost ? wrongRows(cost, d) : wrongHessian(cost, d)
    if (wrong !== null) throw refuse(`agent ${agent}: ${wrong}`)
  }
  return costs.map(cost => ('rows' in cost ? squaresCost(cost.rows, cost.responses) : cost))
}

function wrongRows(
  {
    rows,
    responses,
  }: { readonly rows: readonly (readonly number[])[]; readonly responses: readonly number[] },
  d: number,
): string | null {
  if (responses.length !== rows.length)
    return `${rows.length} rows and ${responses.length} responses, expected one response a row`
  const row = rows.find(each => each.length !== d)
  return row === undefined ? null : `a row of ${row.length} numbers, expected ${d} as of the first agent`
}

function wrongHessian({ hessian, linear }: QuadraticCost, d: number): string | null {
  if (linear.length !== d || hessian.length !== d || hessian.some(row => row.length !== d))
    return `hessian and linear of ${hessian.length} × ${hessian[0]?.length} and ${linear.length}, expected ${d} × ${d} and ${d} as of the first agent`
  const isSymmetric = hessian.every((row, i) => row.every((value, j) => value === hessian[j]![i]))
  return isSymmetric ? null : 'a hessian that is not symmetric'
}

const EXAMPLE = 'export const costs = { start: [0, 0], gradients: [x => [x[0] - 1, x[1]], …] }'
const callable = z.custom<CostGradient>(value => typeof value === 'function', 'expected a function')
const moduleForm = z.strictObject({ start: numbers, gradients: z.array(callable).min(1) })

async function ofModule(file: string): Promise<OwnCosts> {
  const { label, exports } = await loadModule(file)
  const exported = exportedAs('costs', file, exports, EXAMPLE)
  const { start, gradients } = checkedExport('costs', file, moduleForm, exported, 'reproduce')
  const guarded = gradients.map((gradient, agent): CostGradient => {
    const what = `${label}: gradients[${agent}]`
    return point => {
      const given: unknown = called(what, () => gradient([...point]))
      const list = Array.isArray(given) || ArrayBuffer.isView(given) ? Array.from(given as number[]) : null
      if (list === null || list.length !== start.length || !list.every(value => typeof value === 'number'))
        throw new OwnFileError(
          'OWN_RESULT',
          `${what} gives ${list === null ? kindOf(given) : `${list.length} values`}; expected ${start.length} numbers, as start has`,
        )
      return list
    }
  })
  return {
    agents: gradients.length,
    dimension: start.length,
    minimise: remembered(convexMinimiser(guarded, start)),
  }
}

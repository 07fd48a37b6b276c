/** The runs of an experiment as its shipped sweep has them, docs/sweeps/papers/, which users take and change. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Cell } from '../sweep/definition.ts'
import { cellsOf } from '../sweep/grid.ts'
import { parseSweep } from '../sweep/read-sweep.ts'
import { type Settings, seedsOf } from './experiment.ts'

/** The cells with as many seeds as are asked for, those of one seed together: they share their data. @throws SweepError */
export function shippedCells(experiment: string, settings: Settings): readonly Cell[] {
  const { name, text } = shippedSweep(`${settings.quick ? 'quick/' : ''}${experiment}.yaml`)
  const definition = parseSweep(text, name)
  const own = definition.axes.at(-1)!.choices.length
  const choices = seedsOf(settings, own, own).map(seed => ({ name: seed, settings: { seed } }))
  const axes = [...definition.axes.slice(0, -1), { name: 'seed', choices }]
  const cells = cellsOf({ ...definition, axes })
  return choices.flatMap(({ name: seed }) => cells.filter(cell => cell.axes.seed === seed))
}

/** docs/ is two folders up in a checkout, and three up in dist/. */
function shippedSweep(name: string): { readonly name: string; readonly text: string } {
  const [checkout, installed] = ['../..', '../../..'].map(
    root => new URL(`${root}/docs/sweeps/papers/${name}`, import.meta.url),
  )
  try {
    return { name: fileURLToPath(checkout!), text: readFileSync(checkout!, 'utf8') }
  } catch {
    return { name: fileURLToPath(installed!), text: readFileSync(installed!, 'utf8') }
  }
}

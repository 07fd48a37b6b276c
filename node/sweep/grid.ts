/** The cells of a sweep: the product of its axes, without what it excludes, and with what it includes. */
import { suggestion } from '../text/nearest.ts'
import {
  type Axis,
  type Cell,
  type Choice,
  type Condition,
  type Settings,
  type SettingValue,
  type SweepDefinition,
  SweepError,
} from './definition.ts'
import type { Setting } from './rows.ts'
import { isSetting, readSetting } from './settings.ts'

/** More than anybody waits for; each takes a kilobyte before anything has run. */
const CELLS_MAX = 1_000_000

/**
 * The cells in the file's order: the last axis, the seed, varies fastest; included ones come last. None occurs twice.
 * @throws SweepError `sweep-empty` if there is none; `sweep-field` where a setting depends on a value that it does not name
 */
export function cellsOf(definition: SweepDefinition): readonly Cell[] {
  const { axes, include, exclude, name, tune } = definition
  const grids = [axes, ...include.map(condition => narrowed(axes, condition))]
  const size = grids.reduce((sum, grid) => sum + sizeOf(grid), 0)
  if (size > CELLS_MAX)
    throw new SweepError('sweep-field', `${name}: ${size} runs; expected at most ${CELLS_MAX}`)
  const tried = Object.values(tune?.choices ?? {}).reduce((product, { length }) => product * length, 1)
  if (size * tried > CELLS_MAX)
    throw new SweepError(
      'sweep-field',
      `${name}: ${size} runs with ${tried} choices each to tune; expected at most ${CELLS_MAX} in all`,
    )
  const cells = new Map<string, Cell>()
  for (const [place, grid] of grids.entries())
    for (const choices of productOf(grid)) {
      const cell = cellOf(definition, grid, choices)
      const isOut = place === 0 && exclude.some(condition => matches(cell, condition))
      const key = JSON.stringify(Object.values(cell.axes))
      if (!isOut && !cells.has(key)) cells.set(key, cell)
    }
  if (cells.size === 0)
    throw new SweepError(
      'sweep-empty',
      `${name}: the grid is empty: ${sizeOf(axes)} combinations, and all are excluded; expected at least one run`,
    )
  return [...cells.values()]
}

const sizeOf = (grid: readonly Axis[]) => grid.reduce((size, { choices }) => size * choices.length, 1)

/** All combinations, the last axis varying fastest. */
function* productOf(grid: readonly Axis[], place = 0): Generator<readonly Choice[]> {
  const axis = grid[place]
  if (axis === undefined) {
    yield []
    return
  }
  for (const choice of axis.choices) for (const rest of productOf(grid, place + 1)) yield [choice, ...rest]
}

/** The same axes with the values of a condition: those of an axis, or others of the setting that it is called after. */
function narrowed(axes: readonly Axis[], condition: Condition): readonly Axis[] {
  return axes.map(axis => {
    const wanted = condition[axis.name]
    if (wanted === undefined) return axis
    return { name: axis.name, choices: wanted.map(value => choiceNamed(axis, value)) }
  })
}

/** @throws SweepError where the axis has named variants, and none of this name */
export function choiceNamed(axis: Axis, value: Setting): Choice {
  const known = axis.choices.find(({ name }) => name === value)
  if (known !== undefined) return known
  const names = axis.choices.map(({ name }) => String(name))
  if (!isSetting(axis.name) || hasNames(axis))
    throw new SweepError(
      'sweep-field',
      `axes.${axis.name} has no ${JSON.stringify(value)}; expected one of ${names.join(', ')}${suggestion(String(value), names)}`,
    )
  const setting = readSetting(axis.name, value, `include: ${axis.name}`)
  return { name: setting, settings: { [axis.name]: setting } }
}

/** Whether the choices are called otherwise than by their one setting's value. */
function hasNames({ name: axis, choices }: Axis): boolean {
  return choices.some(({ name, settings }) => settings[axis] !== name)
}

function cellOf({ settings }: SweepDefinition, grid: readonly Axis[], choices: readonly Choice[]): Cell {
  const axes: Record<string, Setting> = {}
  let all: Settings = settings
  for (const [place, choice] of choices.entries()) {
    axes[grid[place]!.name] = choice.name
    all = { ...all, ...choice.settings }
  }
  return { axes, settings: resolved(all, axes) }
}

/** Every setting with its one value in this cell. @throws SweepError */
function resolved(
  settings: Settings,
  axes: Readonly<Record<string, Setting>>,
): Readonly<Record<string, Setting>> {
  const values: Record<string, Setting> = {}
  const open = new Set<string>()
  const valueFor = (name: string): Setting | undefined => {
    if (Object.hasOwn(values, name)) return values[name]
    const given = settings[name]
    if (given === undefined) return axes[name]
    if (open.has(name))
      throw new SweepError('sweep-field', `settings.${name} depends on itself, by ${[...open].join(', ')}`)
    open.add(name)
    values[name] = settle(name, given)
    open.delete(name)
    return values[name]
  }
  const settle = (name: string, given: SettingValue): Setting => {
    if (typeof given !== 'object') return given
    // An axis of named variants may be called as a setting is; the name is what people mean.
    const decider = axes[given.by] ?? valueFor(given.by)
    if (decider === undefined)
      throw new SweepError(
        'sweep-field',
        `settings.${name} depends on ${given.by}, which this sweep does not set; expected a setting or an axis of it`,
      )
    const key = String(decider)
    const chosen = Object.hasOwn(given.values, key) ? given.values[key] : given.values.other
    if (chosen === undefined)
      throw new SweepError(
        'sweep-field',
        `settings.${name} depends on ${given.by}, and says nothing of ${key}; expected ${key}: or other: beside ${Object.keys(given.values).join(', ')}`,
      )
    return settle(name, chosen)
  }
  for (const name of Object.keys(settings)) valueFor(name)
  return values
}

function matches({ axes, settings }: Cell, condition: Condition): boolean {
  return Object.entries(condition).every(([name, values]) => values.includes((axes[name] ?? settings[name])!))
}

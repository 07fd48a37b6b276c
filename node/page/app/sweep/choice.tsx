/** Controls that all views share: a labelled choice, and the filters by every axis. */
import type { SweepDocument } from '../../../sweep/figures/document.ts'
import { countText } from '../chart/format.ts'
import { filter, hidden, keptRuns } from './state.ts'

interface ChoiceProps<Value extends string> {
  readonly label: string
  readonly value: Value
  readonly options: readonly (readonly [value: Value, label: string])[]
  readonly onChange: (value: Value) => void
}

export function Choice<Value extends string>({ label, value, options, onChange }: ChoiceProps<Value>) {
  return (
    <label>
      {label}{' '}
      <select
        value={value}
        onChange={event => {
          const chosen = options.find(([one]) => one === event.currentTarget.value)
          if (chosen !== undefined) onChange(chosen[0])
        }}
      >
        {options.map(([one, name]) => (
          <option key={one} value={one}>
            {name}
          </option>
        ))}
      </select>
    </label>
  )
}

export function Filters({ sweep }: { sweep: SweepDocument }) {
  const kept = keptRuns(sweep).length
  const all = sweep.runs.length
  return (
    <details class="filters">
      <summary>
        Filter:{' '}
        {kept === all
          ? `all ${countText(all, 'run')}`
          : `${kept.toLocaleString('en')} of ${countText(all, 'run')}`}
      </summary>
      <div class="filter-axes">
        {sweep.axes.map(({ name, values }, axis) =>
          values.length < 2 ? null : <Axis key={axis} name={name} values={values} axis={axis} />,
        )}
      </div>
    </details>
  )
}

function Axis({ name, values, axis }: { name: string; values: readonly string[]; axis: number }) {
  const places = values.map((_, at) => at)
  return (
    <fieldset>
      <legend>{name}</legend>
      <span class="buttons">
        <button
          type="button"
          class="quiet"
          onClick={() => filter(axis, places, true)}
          aria-label={`All of ${name}`}
        >
          all
        </button>
        <button
          type="button"
          class="quiet"
          onClick={() => filter(axis, places, false)}
          aria-label={`None of ${name}`}
        >
          none
        </button>
      </span>
      <div class="filter-values">
        {values.map((value, at) => (
          <label key={at}>
            <input
              type="checkbox"
              checked={!hidden.value.has(`${axis} ${at}`)}
              onChange={event => filter(axis, [at], event.currentTarget.checked)}
            />
            {value}
          </label>
        ))}
      </div>
    </fieldset>
  )
}

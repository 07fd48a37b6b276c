/** A sweep as a typed value: the grid of settings, what it leaves out and adds, how it tunes, and when a run ends early. */
import { CodedError } from '../../agreement/error.ts'
import type { Setting } from './rows.ts'

/** What can be wrong with a sweep's file, or with a folder of results. */
export type SweepErrorCode =
  | 'sweep-missing'
  | 'sweep-syntax'
  /** A field that does not exist, or has a value that it cannot have. */
  | 'sweep-field'
  /** No run is left. */
  | 'sweep-empty'
  /** A folder holds no results, or others than were asked for. */
  | 'sweep-results'
  /** A folder holds another sweep. */
  | 'sweep-folder'
  /** Two runs of one name do not agree. */
  | 'sweep-differs'

/** A sweep that cannot be run, or results that cannot be used: the message names the place and what would be right. */
export class SweepError extends CodedError<SweepErrorCode> {
  override readonly name = 'SweepError'
}

/** A setting's value: one, or one for each value of another setting or axis. */
export type SettingValue = Setting | Dependent

/** A value that depends on another setting: `rate: { by: model, softmax: 0.1, mlp: 0.05 }`. */
interface Dependent {
  /** The setting or axis that decides. */
  readonly by: string
  /** By the value of that, as text; `other` serves those that are not named. */
  readonly values: Readonly<Record<string, SettingValue>>
}

/** Settings by name, as `simulate` has its options: `peers`, `attack`, `localSteps`. */
export type Settings = Readonly<Record<string, SettingValue>>

/** One value of an axis: what it is called, and what it sets. */
export interface Choice {
  readonly name: Setting
  readonly settings: Settings
}

/** A dimension of the grid. The last one is `seed`. */
export interface Axis {
  readonly name: string
  readonly choices: readonly Choice[]
}

/** By axis or setting: the values that it may have. All must hold. */
export type Condition = Readonly<Record<string, readonly Setting[]>>

/** The search for the best settings of each cell, before it is measured. */
export interface Tuning {
  /** By setting: the values to choose from. */
  readonly choices: Readonly<Record<string, readonly Setting[]>>
  /** The share of the training set, in (0, 1), that these runs do not learn from and are judged on. */
  readonly holdout: number
  /** How many of a cell's seeds are tried, from the first. The best mean over them is chosen. */
  readonly seeds: number
  /** The metric that decides. */
  readonly metric: string
}

/** When a run ends before its last step. */
export interface Stop {
  /** By metric: what is enough. At least so much; of losses and errors at most. */
  readonly targets: Readonly<Record<string, number>>
  /** A training loss so many times as great as that of the first step is a divergence; null: only numbers that overflow are. */
  readonly divergence: number | null
  /** Null: as long as it takes. */
  readonly afterSeconds: number | null
}

/** What `concord sweep` runs. */
export interface SweepDefinition {
  readonly name: string
  /** A sentence for the head of the page; absent: the name. */
  readonly title?: string
  /** The same in every cell. */
  readonly settings: Settings
  readonly axes: readonly Axis[]
  readonly exclude: readonly Condition[]
  /** Further cells; an axis that is not named takes all of its values. */
  readonly include: readonly Condition[]
  readonly tune: Tuning | null
  readonly stop: Stop
  /** The folder that relative paths in settings begin at. */
  readonly base: string
  /** The file that it was read from, or would be. */
  readonly text: string
}

/** One value of each axis, and all settings that follow from them. */
export interface Cell {
  readonly axes: Readonly<Record<string, Setting>>
  readonly settings: Readonly<Record<string, Setting>>
}

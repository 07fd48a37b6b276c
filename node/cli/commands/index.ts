/** The commands, in the order of the help. To add one: write its module beside these and name it here. */
import type { Command, CommandGroup } from '../command.ts'
import { aggregate } from './aggregate.ts'
import { agree } from './agree.ts'
import { boundsCommand } from './bounds.ts'
import { cohort } from './cohort.ts'
import { data } from './data.ts'
import { demo } from './demo.ts'
import { doctor } from './doctor.ts'
import { evidence } from './evidence.ts'
import { exportCommand } from './export.ts'
import { join } from './join.ts'
import { keygen } from './keygen.ts'
import { predictCommand } from './predict.ts'
import { reproduceCommand } from './reproduce.ts'
import { simulate } from './simulate.ts'
import { status } from './status.ts'

export const commands: readonly (Command | CommandGroup)[] = [
  demo,
  simulate,
  agree,
  aggregate,
  boundsCommand,
  keygen,
  cohort,
  join,
  status,
  doctor,
  evidence,
  data,
  predictCommand,
  exportCommand,
  reproduceCommand,
]

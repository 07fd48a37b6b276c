/** The headings of `--help`: which options and commands stand together, the common ones first. */
import type { Options } from './command.ts'

/** Names of options, in any command, by heading. The headings come in this order. */
const groups = {
  'Common options:': [
    ...['cohort', 'identity', 'peers', 'protocol', 'faults', 'attack', 'vectors', 'dimension', 'schema'],
    ...['data', 'model', 'steps', 'rate', 'seed', 'save', 'report', 'csv'],
  ],
  'Cohort and agreement:': [
    ...[
      'name',
      'byzantine',
      'liars',
      'quorum',
      'synchronous',
      'syncTimeout',
      'grace',
      'exchange',
      'schedule',
      'iterations',
    ],
    ...[
      'count',
      'target',
      'topology',
      'rule',
      'param',
      'averaging',
      'missing',
      'forgedFrom',
      'rotating',
      'output',
      'unsafe',
    ],
  ],
  'Learning:': [
    ...['learn', 'from', 'init', 'architecture', 'stepSize', 'momentum', 'clip', 'weightDecay', 'box'],
    ...[
      'batch',
      'batchSchedule',
      'localSteps',
      'precision',
      'gradientRule',
      'dropout',
      'classWeights',
      'augment',
    ],
    ...['oracle', 'oracleTimeout', 'evaluateEvery', 'saveEvery'],
  ],
  'Who holds which data:': ['partition', 'holdout', 'dataChanged'],
  'Constants of theorems:': [
    ...['delta', 'smoothness', 'heterogeneity', 'averagingConstant', 'deviation', 'decay', 'greatestLoss'],
    ...['lambda', 'gradientNorm', 'convexity', 'dissimilarity', 'epsilon', 'samples'],
    ...['groups', 'alpha', 'failure', 'radius', 'costs'],
  ],
  'Network and faults:': [
    ...['listen', 'mdns', 'quic', 'real', 'network', 'latency', 'loss', 'gradientTime', 'crash', 'restart'],
    ...['isolate', 'pause', 'slow', 'linger', 'timeout', 'deadline'],
  ],
  'State and operation:': ['state', 'keepBytes', 'forget', 'log', 'logLevel', 'metrics', 'control'],
  'Many runs:': [
    'seeds',
    'only',
    'list',
    'quick',
    'out',
    'figures',
    'threads',
    'shard',
    'budget',
    'dryRun',
    'fresh',
  ],
  'Output and help:': ['measureEvery', 'alone', 'contrast', 'watch', 'open', 'page', 'force', 'json'],
} as const satisfies Readonly<Record<string, readonly string[]>>

/** For an option that no heading names. */
export const OTHER_OPTIONS = 'Other options:'
export const HELP_GROUP: keyof typeof groups = 'Output and help:'

/** A shorter list needs no headings. */
const GROUPED_FROM = 10

type Entry = readonly [key: string, heading: string | null]

/** The options in the order of the help, each under its heading; null where there are too few for headings. */
export function inGroups(options: Options): readonly Entry[] {
  const keys = Object.keys(options)
  if (keys.length < GROUPED_FROM) return keys.map(key => [key, null])
  const places = Object.entries(groups).flatMap(([heading, names]) =>
    names.map(name => [name, heading] as const),
  )
  const grouped = places.filter(([name]) => keys.includes(name))
  const others = keys.filter(key => places.every(([name]) => name !== key))
  return [...grouped, ...others.map(key => [key, OTHER_OPTIONS] as const)]
}

/** For commands about the command line itself. */
export const OWN_COMMANDS = 'This program:'

const commandGroups: Readonly<Record<string, readonly string[]>> = {
  'On this machine:': ['demo', 'simulate', 'agree', 'bounds', 'aggregate', 'sweep', 'reproduce', 'page'],
  'On real machines:': ['keygen', 'cohort', 'join', 'status', 'watch', 'doctor', 'evidence'],
  'Data and models:': ['data', 'predict', 'export'],
}

/** The heading of a command. */
export function commandGroup(name: string): string {
  const found = Object.entries(commandGroups).find(([, names]) => names.includes(name))
  return found?.[0] ?? OWN_COMMANDS
}

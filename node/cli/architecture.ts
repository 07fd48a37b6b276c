/** Which options belong to which of `--architecture`: given to another they would do nothing, and are refused. */
import { gossipRules } from '../../learning/gossip/rules.ts'
import { type Options, UsageError } from './command.ts'

type Architecture = 'peers' | 'server' | 'broadcast' | 'gossip'

/** What only agreements among peers have. */
const peersOnly = [
  ...['protocol', 'synchronous', 'syncTimeout', 'grace', 'schedule', 'iterations', 'count'],
  'quorum',
  ...['precision', 'localSteps', 'gradientRule', 'exchange'],
  ...['latency', 'gradientTime', 'measureEvery', 'network', 'keepBytes'],
  ...['oracleTimeout', 'loss', 'crash', 'restart', 'isolate', 'pause', 'slow'],
]
/** Of a server, and of those who do by broadcast what it would. */
const serverOnly = ['averaging', 'missing', 'forgedFrom', 'rotating']
/** Peers that gossip have no common parameters to draw. */
const notOfGossip = ['output']
const gossipOnly = ['topology']

/** A page draws what peers agree on among themselves. */
const shownOfPeers = ['watch', 'page']
const noPage: Readonly<Record<Exclude<Architecture, 'peers'>, string>> = {
  server: "a page shows what peers send each other, and a server's workers do not",
  broadcast: 'a page shows agreements among all peers, and broadcast has none',
  gossip: 'a page shows agreements among all peers, and gossip has none',
}
const noOracle: Readonly<Record<Exclude<Architecture, 'peers'>, string>> = {
  server: "a server's workers learn our models",
  broadcast: 'peers that broadcast learn our models',
  gossip: 'peers that gossip learn our models',
}

/** @throws UsageError where an option was given that the architecture has no use for */
export function checkArchitecture(values: Readonly<Record<string, unknown>>, options: Options): void {
  const architecture = values.architecture as Architecture
  if (architecture !== 'peers') {
    const none = `expected none with --architecture ${architecture}`
    for (const name of shownOfPeers)
      if ((values[name] ?? null) !== null)
        throw new UsageError(`--${name} is given, but ${noPage[architecture]}; ${none}`)
    if ((values.oracle ?? null) !== null)
      throw new UsageError(`--oracle is given, but ${noOracle[architecture]}; ${none}`)
  }
  if (architecture !== 'gossip' && Object.hasOwn(gossipRules, String(values.rule)))
    throw new UsageError(
      `--rule is "${values.rule}", which asks whose vector is the peer's own; expected --architecture gossip beside it, or another rule`,
    )
  refuse(
    architecture === 'peers' ? [] : peersOnly,
    flag => `${flag} is about agreement between peers; expected none with --architecture ${architecture}`,
  )
  refuse(
    architecture === 'server' || architecture === 'broadcast' ? [] : serverOnly,
    flag => `${flag} is about a server; expected --architecture server beside it`,
  )
  refuse(
    architecture === 'gossip' ? notOfGossip : [],
    flag => `${flag} is about parameters that all agree on; expected none with --architecture gossip`,
  )
  refuse(
    architecture === 'gossip' ? [] : gossipOnly,
    flag => `${flag} is about gossip; expected --architecture gossip beside it`,
  )

  function refuse(names: readonly string[], why: (flag: string) => string): void {
    for (const name of names) {
      const { fallback, flags } = options[name]!
      if (JSON.stringify(values[name]) !== JSON.stringify(fallback))
        throw new UsageError(why(flags.split(' ')[0]!))
    }
  }
}

/** `concord status`: what a running peer of this machine is doing. */
import { dirname, join } from 'node:path'
import { defineCommand, flag, maybe, UsageError } from '../command.ts'
import { text } from '../parse.ts'

/** Which running peer of this machine is meant. */
export const runningPeerOptions = {
  identity: maybe('--identity <file>', "the peer's identity file", text, 'the only peer with state here'),
  state: maybe('--state <dir>', "the peer's state directory, as given to join", text, 'beside the identity'),
  control: maybe('--control <path>', 'the socket, as given to join', text, 'in the state directory'),
}

export const status = defineCommand({
  name: 'status',
  summary:
    'what a running peer of this machine is doing: its step, the peers that it waits for, and the state of the others',
  about:
    'Asks the socket in the state directory of a peer that "concord join" runs. Name the peer by its identity file, its state directory or that socket.',
  options: {
    ...runningPeerOptions,
    json: flag('--json', 'print the status as JSON'),
  },
  examples: ['--identity alice.pem', '--state /var/lib/concord --json'],
  async handler({ identity, state, control, json }, _, terminal) {
    const { askStatus } = await import('../../daemon/control.ts')
    const path = control ?? (await socketOf(state, identity))
    const { checkStatus } = await import('../../daemon/status-answer.ts')
    const found = checkStatus(await askStatus(path), path)
    if (json) {
      terminal.json(found)
      return 0
    }
    const { faultLines, statusHead, statusLines, statusRow } = await import('../view/status.ts')
    for (const line of statusLines(found)) terminal.print(line)
    const { tableLines } = await import('../view/table.ts')
    const style = { columns: terminal.columns, spare: ['withheld', 'in flight', 'kept'] }
    terminal.print(...(await tableLines(statusHead, found.peers.map(statusRow), style)), ...faultLines(found))
    return 0
  },
})

/**
 * The socket of the peer that the user means. If there are several in one folder, the one whose log was written last.
 */
export async function socketOf(state: string | null, identity: string | null): Promise<string> {
  const { controlPath } = await import('../../daemon/control.ts')
  if (state !== null) return controlPath(state)
  const logs = await logsIn(identity === null ? await stateFolders() : [`${identity}.state`])
  const folders = new Set(logs.map(({ path }) => dirname(dirname(path))))
  if (logs.length === 0)
    throw new UsageError(
      identity === null
        ? 'no peer has state in this folder; expected --identity FILE, or --state DIR as given to join'
        : `--identity is "${identity}": there is no state in ${identity}.state; expected that of a peer that "concord join" runs, or --state DIR as given to it`,
    )
  if (folders.size > 1)
    throw new UsageError(
      `several peers have state here: ${[...folders].join(', ')}; choose one with --identity FILE or --state DIR`,
    )
  const latest = logs.reduce((a, b) => (b.writtenMs > a.writtenMs ? b : a))
  return controlPath(join(dirname(latest.path)))
}

async function stateFolders(): Promise<readonly string[]> {
  const { readdir } = await import('node:fs/promises')
  const entries = await readdir('.', { withFileTypes: true })
  return entries.filter(entry => entry.isDirectory() && entry.name.endsWith('.state')).map(({ name }) => name)
}

interface StateLog {
  readonly path: string
  readonly writtenMs: number
}

/** The logs that peers keep in state folders, one for each cohort. */
async function logsIn(folders: readonly string[]): Promise<readonly StateLog[]> {
  const { readdir, stat } = await import('node:fs/promises')
  const lists = folders.map(async folder => {
    const names = await readdir(folder).catch((): string[] => [])
    const logs = names.map(async name => {
      const path = join(folder, name, 'peer.log')
      return stat(path).then(
        ({ mtimeMs }): StateLog[] => [{ path, writtenMs: mtimeMs }],
        () => [],
      )
    })
    return (await Promise.all(logs)).flat()
  })
  return (await Promise.all(lists)).flat()
}

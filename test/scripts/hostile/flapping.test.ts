/** Real processes, one member of whose cohort comes and goes and acknowledges nothing: what they keep for it is what they hold. */
import test from 'ava'
import { cohortId } from '../../../node/cohort/cohort.ts'
import { askStatus, controlPath } from '../../../node/daemon/control.ts'
import { checkStatus } from '../../../node/daemon/status-answer.ts'
import { freePorts } from '../../../node/network/free-ports.ts'
import { makeCohort } from '../../../scripts/cohort/files.ts'
import { MEASURE, type Memory } from '../../../scripts/cohort/measure.ts'
import { type PeerProcess, startPeer } from '../../../scripts/cohort/processes.ts'
import { join, linkFrame, readLinkFrame, targetOf } from '../../../scripts/hostile/raw/index.ts'

const PEERS = 4
const FLAPPING = 0
const HONEST = [1, 2, 3]
const STEPS = 60
/** What of a process's buffers has nothing to do with the run's length: sockets, the log, the data. */
const SPARE_BYTES = 2 ** 22

test('what is held for a member that flaps is what is counted for it', async t => {
  const addresses = (await freePorts(PEERS)).map(port => `/ip4/127.0.0.1/tcp/${port}`)
  const settings = { protocol: 'rb-tm', faults: 1, model: 'softmax', rate: 0.1, batch: 8, seed: 1 } as const
  const files = await makeCohort('flapping', PEERS, { ...settings, steps: STEPS }, peer => [addresses[peer]!])
  t.teardown(files.remove)
  const listening = new Map<number, string>()
  const finished = new Set<number>()
  const [measured, over] = [Promise.withResolvers<Memory>(), Promise.withResolvers<void>()]
  const failed = Promise.withResolvers<never>()
  const processes = new Map<number, PeerProcess>()
  const hello = { cohortId: cohortId(files.cohort) }
  const member = { seed: files.identities[FLAPPING]!.seed, hello, opens: true }
  const visited = new Set<number>()
  let visits = 0
  /** Comes, says that it has nothing, sees what it is given, and goes. */
  const visit = async (peer: number): Promise<void> => {
    if (visited.has(peer)) return
    visited.add(peer)
    try {
      const talk = await join(targetOf(listening.get(peer)!), member)
      try {
        await talk.send(linkFrame.resume({ incarnation: 7 }))
        while (readLinkFrame(await talk.next()).kind !== 'data');
        visits++
      } finally {
        talk.close()
      }
    } catch {
      // It has come too often; it is let in again some steps later.
    }
    visited.delete(peer)
  }
  const stateOf = (peer: number) => `${files.folder}/state-${peer}`
  for (const peer of HONEST) {
    const child = startPeer({
      imported: new URL('../../../scripts/cohort/measure.ts', import.meta.url),
      args: [
        ...['--cohort', files.cohortPath, '--identity', files.identityPaths[peer]!],
        ...['--state', stateOf(peer), '--no-mdns'],
      ],
      onEvent(event) {
        const message: typeof event | Memory = event
        if (message.kind === 'listening') listening.set(peer, message.addresses[0]!)
        if (message.kind === 'step') void visit(peer)
        if (message.kind === 'finished' && finished.add(peer).size === HONEST.length) over.resolve()
        if ((message as unknown as Memory).kind === 'memory') measured.resolve(message as never)
      },
    })
    processes.set(peer, child)
    void child.ended.then(({ lastWords }) => failed.reject(new Error(`peer ${peer}: ${lastWords}`)))
  }
  t.teardown(async () => {
    for (const child of processes.values()) child.kill('SIGKILL')
    await Promise.all([...processes.values()].map(child => child.ended))
  })
  failed.promise.catch(() => {})

  await Promise.race([over.promise, failed.promise])
  t.true(visits > HONEST.length, `${visits} visits`)
  // Those who have finished stay to help the one that is missing.
  const status = checkStatus(await askStatus(controlPath(stateOf(1))), 'peer 1')
  processes.get(1)!.kill(MEASURE)
  const { bufferBytes } = await Promise.race([measured.promise, failed.promise])
  const link = status.peers.find(({ peer }) => peer === FLAPPING)?.link
  t.true(link!.keptMessages > STEPS)
  t.true(
    bufferBytes <= 2 * link!.keptBytes + SPARE_BYTES,
    `${bufferBytes} bytes in buffers for ${link!.keptBytes} counted`,
  )
})

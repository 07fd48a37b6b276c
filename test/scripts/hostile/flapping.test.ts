/** Real processes, one member of whose cohort comes and goes and acknowledges nothing: what they keep for it is what they hold. */
import test from 'ava'
import { askStatus, controlPath } from '../../../node/cli/peer/control.ts'
import { checkStatus } from '../../../node/cli/peer/status-answer.ts'
import { cohortId } from '../../../node/cohort.ts'
import { freePorts } from '../../../node/network/free-ports.ts'
import { makeCohort } from '../../../scripts/cohort/files.ts'
import { MEASURE, type Memory } from '../../../scripts/cohort/measure.ts'
import { type PeerProcess, startPeer } from '../../../scripts/cohort/processes.ts'
import { join, linkFrame, targetOf } from '../../../scripts/hostile/raw/index.ts'

const PEERS = 4
const STEPS = 60
/** Between two visits, and as long as one. */
const PAUSE_MS = 100
/** What of a process's buffers has nothing to do with the run's length: sockets, the log, the data. */
const SPARE_BYTES = 2 ** 22

const pause = () => new Promise(resolve => setTimeout(resolve, PAUSE_MS))

const onUnix = process.platform === 'win32' ? test.skip : test

onUnix('what is held for a member that flaps is what is counted for it', async t => {
  const addresses = (await freePorts(PEERS)).map(port => `/ip4/127.0.0.1/tcp/${port}`)
  const settings = { protocol: 'rb-tm', faults: 1, model: 'softmax', rate: 0.1, batch: 8, seed: 1 } as const
  const files = await makeCohort('flapping', PEERS, { ...settings, steps: STEPS }, peer => [addresses[peer]!])
  t.teardown(files.remove)
  const [self, honest] = [0, [1, 2, 3]]
  const listening = new Map<number, string>()
  const finished = new Set<number>()
  const measured = Promise.withResolvers<Memory>()
  const failed = Promise.withResolvers<never>()
  const over = Promise.withResolvers<void>()
  const processes = new Map<number, PeerProcess>()
  const stateOf = (peer: number) => `${files.folder}/state-${peer}`
  for (const peer of honest) {
    const child = startPeer({
      imported: new URL('../../../scripts/cohort/measure.ts', import.meta.url),
      args: [
        ...['--cohort', files.cohortPath, '--identity', files.identityPaths[peer]!, '--no-mdns'],
        ...['--state', stateOf(peer)],
      ],
      onEvent(event) {
        const message: typeof event | Memory = event
        if (message.kind === 'listening') listening.set(peer, message.addresses[0]!)
        if (message.kind === 'finished' && finished.add(peer).size === honest.length) over.resolve()
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

  let visits = 0
  const flap = async (peer: number): Promise<void> => {
    while (!finished.has(peer)) {
      await pause()
      const address = listening.get(peer)
      if (address === undefined) continue
      const member = { seed: files.identities[self]!.seed, hello: { cohortId: cohortId(files.cohort) } }
      const talk = await join(targetOf(address), { ...member, opens: true }).catch(() => null)
      if (talk === null) continue
      visits++
      talk.stream.discard()
      await talk.send(linkFrame.resume({ epoch: 7 })).catch(() => {})
      await pause()
      talk.close()
    }
  }
  const flapping = Promise.all(honest.map(flap))
  await Promise.race([over.promise, failed.promise])
  await flapping
  t.true(visits > honest.length)
  // Those who have finished stay to help the one that is missing.
  const status = checkStatus(await askStatus(controlPath(stateOf(1))), 'peer 1')
  processes.get(1)!.kill(MEASURE)
  const { bufferBytes } = await Promise.race([measured.promise, failed.promise])
  const link = status.peers.find(({ peer }) => peer === self)?.link
  t.log({ visits, bufferBytes, kept: link })
  t.true(link!.keptMessages > STEPS)
  t.true(
    bufferBytes <= 2 * link!.keptBytes + SPARE_BYTES,
    `${bufferBytes} bytes in buffers for ${link!.keptBytes} counted`,
  )
})

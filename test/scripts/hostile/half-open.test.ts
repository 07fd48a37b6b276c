/** A real process, beset by sockets of no member from the very address that its members come from. */
import test from 'ava'
import { cohortId } from '../../../node/cohort/cohort.ts'
import { freePorts } from '../../../node/network/free-ports.ts'
import { makeCohort } from '../../../scripts/cohort/files.ts'
import { startPeer } from '../../../scripts/cohort/processes.ts'
import {
  createInitiator,
  join,
  NOISE,
  noiseFrame,
  openSocket,
  type RawSocket,
  selectProtocol,
  targetOf,
} from '../../../scripts/hostile/raw/index.ts'

/** More than libp2p lets wait at all, which is 64 by default. */
const SILENT = 100
const HALF_DONE = 40
/** Of a member that comes, while the others come again and again. */
const VISITS = 5
/** The newcomer may have to go for another, seldom. */
const ATTEMPTS_MAX = 3

test('a member is let in at once beside half-open sockets and half handshakes without end', async t => {
  const addresses = (await freePorts(2)).map(port => `/ip4/127.0.0.1/tcp/${port}`)
  const settings = { protocol: 'mean', faults: 0, model: 'softmax', rate: 0.1, batch: 8, seed: 1 } as const
  const files = await makeCohort('half-open', 2, { ...settings, steps: 3 }, peer => [addresses[peer]!])
  t.teardown(files.remove)
  const listening = Promise.withResolvers<string>()
  const child = startPeer({
    args: [
      ...['--cohort', files.cohortPath, '--identity', files.identityPaths[0]!, '--no-mdns'],
      ...['--state', `${files.folder}/state`],
    ],
    onEvent(event) {
      if (event.kind === 'listening') listening.resolve(event.addresses[0]!)
    },
  })
  t.teardown(async () => {
    child.kill('SIGKILL')
    await child.ended
  })
  void child.ended.then(({ lastWords }) => listening.reject(new Error(lastWords)))
  const target = targetOf(await listening.promise)

  const crowd = new Set<RawSocket>()
  let isOver = false
  t.teardown(() => {
    isOver = true
    for (const socket of crowd) socket.destroy()
  })
  /** One that is there for as long as it is borne, and comes again. */
  const loiter = async (begin: (socket: RawSocket) => Promise<void>, there: () => void): Promise<void> => {
    while (!isOver) {
      const socket = await openSocket(target).catch(() => null)
      if (socket === null) continue
      crowd.add(socket)
      await begin(socket).catch(() => {})
      there()
      await socket.closed
      crowd.delete(socket)
    }
  }
  const halfHandshake = async (socket: RawSocket): Promise<void> => {
    await selectProtocol(socket, NOISE)
    socket.write(noiseFrame(createInitiator().messageA()))
  }
  const gathered = Array.from({ length: SILENT + HALF_DONE }, (_, i) => {
    const { promise, resolve } = Promise.withResolvers<void>()
    void loiter(i < SILENT ? () => Promise.resolve() : halfHandshake, resolve)
    return promise
  })
  await Promise.all(gathered)

  const member = {
    seed: files.identities[1]!.seed,
    hello: { cohortId: cohortId(files.cohort) },
    opens: false,
  }
  let [visits, attempts] = [0, 0]
  for (; visits < VISITS && attempts < VISITS * ATTEMPTS_MAX; attempts++) {
    const talk = await join(target, member).catch(() => null)
    if (talk === null) continue
    talk.close()
    visits++
  }
  t.is(visits, VISITS, `of ${attempts} attempts`)
  t.false(child.hasEnded())
})

/** The doctor's checks on this machine: key, membership, bound, ports, disk, and the cost of a step. */

import { randomUUID } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { rm, stat, statfs } from 'node:fs/promises'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { bytesOf } from '../../agreement/precision.ts'
import { isBroadcastBased } from '../../agreement/protocols/registry.ts'
import { refusalOf } from '../../agreement/refusal.ts'
import { DataError } from '../../learning/data/dataset.ts'
import { openData } from '../../learning/data/open.ts'
import { checkOwnData } from '../../learning/data/own-data.ts'
import { type Schema, shapeOfSchema } from '../../learning/data/schema.ts'
import { ModelError, modelDimension } from '../../learning/models/model.ts'
import { modelNamed } from '../../learning/models/registry.ts'
import { boundsQuery } from '../cohort/bounds-query.ts'
import { type Cohort, memberName } from '../cohort/cohort.ts'
import { readCohort } from '../cohort/file.ts'
import { graphOf, protocolText, whyUnfit } from '../cohort/gossip.ts'
import { type Identity, readIdentity } from '../cohort/identity.ts'
import { scheduleOf } from '../cohort/learn-options.ts'
import { whyNotWritten } from '../files/make-folder.ts'
import { createNew } from '../files/safe-open.ts'
import { type Endpoint, endpointOf } from '../network/endpoint.ts'
import { EXTERNAL_MODEL } from '../oracle/open.ts'
import { keptBytesMax } from '../runtime/room.ts'
import { VECTOR_BYTES_MIN } from '../storage/vector-file.ts'
import { type Finding, failed, fine, warning } from './finding.ts'

interface Found<T> {
  readonly value: T | null
  readonly finding: Finding
}

export async function examineCohort(path: string): Promise<Found<Cohort>> {
  try {
    const cohort = await readCohort(path)
    const { members, faults, topology, unsafe } = cohort
    const below =
      topology === undefined ? (refusalOf(boundsQuery(cohort))?.why ?? null) : whyUnfit(cohort, [])
    const whose = topology === undefined ? 'whom' : 'whose neighbours'
    const says = `${path} is a good file: ${members.length} members, of ${whose} ${faults} may be faulty, ${protocolText(cohort)}`
    if (below === null) return { value: cohort, finding: fine('cohort', says) }
    const todo =
      'Lower faults, add members, or take a protocol that needs fewer ("concord bounds" compares them).'
    const finding = warning(
      'cohort',
      'bound',
      `${path} runs below its bound on purpose (unsafe: ${unsafe}): ${below}.`,
      todo,
    )
    return { value: cohort, finding }
  } catch (error) {
    if (!(error instanceof Error && error.name === 'CohortError' && 'code' in error)) throw error
    const isBound = error.code === 'cohort-bound'
    const todo = isBound
      ? 'Lower faults, add members, or take a protocol that needs fewer ("concord bounds" compares them); then give all members the new file.'
      : 'Correct that, then run this again: nothing else can be checked without the file.'
    return {
      value: null,
      finding: failed('cohort', isBound ? 'bound' : 'cohort-file', `${error.message}.`, todo),
    }
  }
}

export async function examineIdentity(path: string): Promise<Found<Identity>> {
  try {
    const identity = await readIdentity(path)
    return {
      value: identity,
      finding: fine('identity', `${path} holds the key of ${identity.id}, for you alone`),
    }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    const says = `${error instanceof Error ? error.message : error}.`
    const todo =
      code === 'identity-missing'
        ? 'Name the file that "concord keygen" made, or make one and have its id put into the cohort file.'
        : 'Make the file readable by you alone, or make a new key and have its id put into the cohort file.'
    return { value: null, finding: failed('identity', code ?? 'identity', says, todo) }
  }
}

export function examineMembership(cohort: Cohort, { id }: Identity): Found<number> {
  const self = cohort.members.findIndex(member => member.id === id)
  if (self >= 0)
    return {
      value: self,
      finding: fine('membership', `this key is that of ${memberName(cohort, self)}`),
    }
  const names = cohort.members.map(({ name, id: other }) => `${name} (…${other.slice(-8)})`).join(', ')
  return {
    value: null,
    finding: failed(
      'membership',
      'not-a-member',
      `${id} is not a member of this cohort, whose members are ${names}.`,
      'Use the identity file of one of them; or have this id put into the cohort file, and give all members the new file.',
    ),
  }
}

/** @param running the peer of this key answers on its control socket: then it is the one that uses the ports */
export async function examinePorts(listen: readonly string[], running: boolean): Promise<readonly Finding[]> {
  return Promise.all(
    listen.map(async address => {
      const endpoint = endpointOf(address)
      if (endpoint === null || endpoint.family.startsWith('dns'))
        return failed(
          'ports',
          'address',
          `${address} is not an address to listen on.`,
          'Use one such as /ip4/0.0.0.0/tcp/4001.',
        )
      const { port, over } = endpoint
      const error = await listenError(endpoint)
      if (error === null) return fine('ports', `${address} is free`)
      if (error.code === 'EAFNOSUPPORT' && listen.some(other => endpointOf(other)?.family === 'ip4'))
        return fine('ports', `${address} is left out: this machine has no IPv6`)
      if (error.code !== 'EADDRINUSE')
        return failed('ports', 'port', `cannot listen on ${address}: ${error.message}.`, portTodo(error.code))
      if (running) return fine('ports', `${address} is in use, by the peer of this key that runs here`)
      const todo = `Find out whose it is (as root: ss -${over === 'tcp' ? 'tlnp' : 'ulnp'} 'sport = :${port}') and stop that, or choose another port with --listen and tell the others.`
      return failed('ports', 'port-in-use', `${address} is in use by another program.`, todo)
    }),
  )
}

function portTodo(code: string | undefined): string {
  if (code === 'EACCES') return 'Ports below 1024 are for root: choose a higher one.'
  if (code === 'EADDRNOTAVAIL')
    return 'This machine has no such address: name one of its own, or /ip4/0.0.0.0.'
  return 'Choose another address with --listen.'
}

async function listenError({ family, host, port, over }: Endpoint): Promise<NodeJS.ErrnoException | null> {
  if (over === 'quic') return bindError(family === 'ip6' ? 'udp6' : 'udp4', host, port)
  const server = createServer()
  const { promise, resolve } = Promise.withResolvers<NodeJS.ErrnoException | null>()
  server.once('error', resolve).listen({ host, port, exclusive: true }, () => resolve(null))
  const error = await promise
  if (error === null) await new Promise(done => server.close(done))
  return error
}

async function bindError(
  type: 'udp4' | 'udp6',
  host: string,
  port: number,
): Promise<NodeJS.ErrnoException | null> {
  const socket = createSocket({ type, ipv6Only: type === 'udp6' })
  const { promise, resolve } = Promise.withResolvers<NodeJS.ErrnoException | null>()
  socket.once('error', resolve).bind({ address: host, port, exclusive: true }, () => resolve(null))
  const error = await promise
  socket.close()
  return error
}

/** Vectors of a checkpoint, of the step at hand, and of steps that are forgotten only once the disk has the next one. */
const OTHER_VECTORS = 8
/** The log, its new copy while it is rewritten, proofs. */
const LOG_BYTES = 64 * 2 ** 20

/** Room for what a peer keeps. Short vectors stand in the log, which is there twice while it is rewritten. */
export function diskBytesNeeded(cohort: Cohort, dimension: number, keepBytes?: number): number {
  const vectors = keptBytesMax(cohort, dimension, keepBytes) + OTHER_VECTORS * 4 * dimension
  return (4 * dimension < VECTOR_BYTES_MIN ? 2 : 1) * vectors + LOG_BYTES
}

/** Checks that the place for the state can be written to and synced, and has room. `neededBytes` null: unknown. */
export async function examineDisk(directory: string, neededBytes: number | null): Promise<Finding> {
  const place = await existingParent(directory)
  const probe = join(place, `.concord-doctor-${randomUUID()}`)
  try {
    const file = await createNew(probe, 0o600)
    try {
      await file.writeFile('x')
      await file.datasync()
    } finally {
      await file.close()
      await rm(probe, { force: true })
    }
    const { bavail, bsize } = await statfs(place)
    const free = bavail * bsize
    const says = `${directory} can be written to, ${gigabytes(free)} free`
    if (neededBytes === null || free >= neededBytes) return fine('disk', says)
    const needed = `a run may need ${gigabytes(neededBytes)}; a peer whose disk is full stops`
    return failed(
      'disk',
      'disk-full',
      `${says}, but ${needed}.`,
      'Free some space, choose another place with --state, or keep less for slower members with --keep-bytes.',
    )
  } catch (error) {
    const says = `${place} cannot be written to: ${whyNotWritten(error)}.`
    return failed(
      'disk',
      'disk',
      says,
      'Choose a directory of your own with --state, or take ownership of this one.',
    )
  }
}

async function existingParent(directory: string): Promise<string> {
  const isThere = await stat(directory).then(
    status => status.isDirectory(),
    () => false,
  )
  const parent = dirname(directory)
  return isThere || parent === directory ? directory : existingParent(parent)
}

const gigabytes = (bytes: number) => `${(bytes / 1e9).toPrecision(3)} GB`

export interface Cost {
  readonly dimension: number
  /** How many vectors this peer sends to each other peer in the last step: exchanges, one after the other. */
  readonly exchanges: number
  /** Bytes sent in that step; about as many are received. */
  readonly bytes: number
  /** Over a link of 100 Mbit/s, without the gradient itself. */
  readonly seconds: number
}

const LINK_BITS_PER_SECOND = 100e6
/** RB-TM: a vector is followed by echo, ready and report, each a round trip. */
const BROADCAST_ROUND_TRIPS = 4

/**
 * The parameters of the cohort's model; null if they are unknown, as for the members' own program.
 * @param data null: the digits, from which a peer learns if it is told nothing else
 */
export async function examineModel(cohort: Cohort, data: string | null): Promise<Found<number>> {
  const { model, schema } = cohort
  if (schema !== undefined) return examineOwnData(model, schema, data)
  if (model === EXTERNAL_MODEL)
    return {
      value: null,
      finding: fine('model', "the members' own program, which alone knows its parameters"),
    }
  const where = data ?? 'the digits that come with Concord (--data names other data)'
  try {
    const dimension = modelDimension(modelNamed(model, await openData(data ?? 'digits')))
    return { value: dimension, finding: fine('model', `${model} has ${dimension} parameters on ${where}`) }
  } catch (error) {
    if (!(error instanceof DataError || error instanceof ModelError)) throw error
    const todo = 'Name with --data what the peer is to learn from, as to join.'
    const judge = data === null ? warning : failed
    return { value: null, finding: judge('model', 'data', `${error.message}.`, todo) }
  }
}

/** Where the cohort has a schema, the parameters follow from it, and the member's data must fit it. */
async function examineOwnData(model: string, schema: Schema, data: string | null): Promise<Found<number>> {
  const dimension = modelDimension(modelNamed(model, shapeOfSchema(schema)))
  const says = `${model} has ${dimension} parameters by the cohort's schema`
  if (data === null) {
    const untold = `${says}; the member's own data was not looked at.`
    const finding = warning('model', 'data', untold, 'Name it with --data, as to join.')
    return { value: dimension, finding }
  }
  const found = (finding: Finding) => ({ value: dimension, finding })
  try {
    const { misfits, notes, holds } = await checkOwnData(data, schema)
    if (misfits.count === 0)
      return found(fine('model', [`${says}; ${data} fits it: ${holds}`, ...notes].join('; ')))
    const more = misfits.count === 1 ? '' : `, and ${misfits.count - 1} more`
    const todo = `Correct the data, or the schema for all members ("concord data check" lists everything).`
    return found(failed('model', 'data', `${misfits.lines()[0]}${more}.`, todo))
  } catch (error) {
    if (!(error instanceof DataError)) throw error
    return found(
      failed(
        'model',
        'data',
        `${error.message}.`,
        'Name with --data what the peer is to learn from, as to join.',
      ),
    )
  }
}

/** The cost of one step. */
export function costOf(cohort: Cohort, dimension: number, roundTripMs: number): Cost {
  const schedule = scheduleOf(cohort, dimension)
  const graph = graphOf(cohort)
  const others = graph === null ? cohort.members.length - 1 : Math.max(...graph.map(({ length }) => length))
  const [gradients, parameters] =
    graph === null ? [schedule(cohort.steps, 'gradient'), schedule(cohort.steps, 'parameters')] : [0, 1]
  const exchanges = gradients + parameters
  const bytes =
    (gradients * bytesOf(dimension, cohort.precision ?? 'f32') + parameters * bytesOf(dimension, 'f32')) *
    others
  const trips = isBroadcastBased(cohort.protocol) ? BROADCAST_ROUND_TRIPS : 1
  const seconds = (8 * bytes) / LINK_BITS_PER_SECOND + (exchanges * trips * roundTripMs) / 1000
  return { dimension, exchanges, bytes, seconds }
}

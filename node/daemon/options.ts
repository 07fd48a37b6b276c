/** The options of a peer and their defaults. They are checked here, before anything is opened. */
import type { Attack } from '../../learning/attacks/attack.ts'
import { OWN_PARTITION } from '../../learning/data/partition.ts'
import { agreedPartition, type Cohort, cohortId, type Membership } from '../cohort/cohort.ts'
import { readCohort } from '../cohort/file.ts'
import { type Identity, readIdentity } from '../cohort/identity.ts'
import type { Log } from '../network/index.ts'
import { type OracleChoice, wrongOracle, wrongSaveEvery } from '../oracle/open.ts'
import { DEFAULT_KEEP_BYTES } from '../runtime/room.ts'
import { PeerError } from './errors.ts'
import type { PeerEvent } from './events.ts'
import type { MetricsAddress } from './metrics.ts'
import { evidenceFolderOf, ownPorts, stateBeside } from './places.ts'

/** A program of yours that computes a peer's gradients (docs/oracles.md). */
export interface OracleProgram {
  /** Its command line, such as `python3 train.py`. */
  readonly command: string
  /** How long one answer may take, in seconds. Default 600. */
  readonly timeoutSeconds?: number | undefined
}

/** The listeners of a peer. */
export interface PeerListeners {
  /** Called with every event. If it throws, that is an uncaught exception, and the peer goes on. */
  readonly onEvent?: ((event: PeerEvent) => void) | undefined
  /** Takes the network's own lines. Without a log, its warnings come as events. */
  readonly log?: Log | undefined
}

/** A member of a cohort, and how it runs here. Two options are required; the others default as in `concord join`. */
export interface StartPeerOptions extends PeerListeners {
  /** A cohort, or the path of its file. */
  readonly cohort: Cohort | string
  /** A member's key, or the path of its file. Only one peer may run with it at a time. */
  readonly identity: Identity | string
  /** The data set of the cohort's model: `digits`, which needs no files, a .csv or .parquet file, or a folder of one of the kinds in docs/data.md. Default `digits`. */
  readonly data?: string | undefined
  /**
   * How the data is split between the peers: `iid`, `label`, `dirichlet:α` or `quantity:α`. Default: the cohort's; `own` if
   * it has a schema, and then `data` is this member's own; otherwise `iid`.
   */
  readonly partition?: string | undefined
  /** The share of the member's own examples that is kept out of its training and measured on. Default 0.2; needs a schema. */
  readonly holdout?: number | undefined
  /** Mirrors training images left to right with probability ½. Default `none`. */
  readonly augment?: 'none' | 'mirror' | undefined
  /** Computes the gradients, in place of one of our models. */
  readonly oracle?: OracleProgram | undefined
  /** A checkpoint (.safetensors) to start from. The other members must start from the same one. */
  readonly init?: string | undefined
  /** The file to which the result is written as a checkpoint. */
  readonly save?: string | undefined
  /**
   * Needs `save`: writes the parameters after every so many steps too, under a name with the step, as
   * `model.step-120.safetensors`. The newest is kept until the run is done.
   */
  readonly saveEvery?: number | undefined
  /** Multiaddrs to listen on; port 0 takes a free one. Default: the ports of this member's addresses in the cohort. */
  readonly listen?: readonly string[] | undefined
  /** Looks for members on the local network. Default true. */
  readonly mdns?: boolean | undefined
  /**
   * The directory in which this peer remembers what it signed, so that it can go on after it was stopped or killed.
   * Default: beside the identity's file. Null keeps nothing: this key must then never run again in this cohort.
   */
  readonly stateDirectory?: string | null | undefined
  /**
   * The most, in bytes, that this peer keeps of past steps for slower and restarted ones: on its disk if vectors are long.
   * Default 4 GiB; always two steps, and never more than 16.
   */
  readonly keepBytes?: number | undefined
  /** Moves an unreadable log aside and starts without memory, instead of refusing to start. Default false. */
  readonly forget?: boolean | undefined
  /** Goes on with own data that has changed since this peer first joined, instead of refusing it. Default false. */
  readonly dataChanged?: boolean | undefined
  /** The folder for proofs of equivocation. Default: in the state directory, or, without one, the working directory. */
  readonly evidenceFolder?: string | undefined
  /** Makes this peer misbehave, for tests and demonstrations. */
  readonly attack?: Attack | undefined
  /** Serves metrics for Prometheus there, at `/metrics`. */
  readonly metrics?: MetricsAddress | undefined
  /** The socket for `concord status`. Default: in the state directory; without a state directory there is no socket. */
  readonly control?: string | undefined
}

/** How a peer runs here, with every default filled in. */
export interface PeerPlan {
  readonly membership: Membership
  readonly identity: Identity
  readonly oracle: OracleChoice
  readonly save: string | null
  readonly saveEvery: number | null
  readonly listen: readonly string[]
  readonly mdns: boolean
  readonly stateDirectory: string | null
  readonly keepBytes: number
  readonly forget: boolean
  readonly dataChanged: boolean
  readonly evidenceFolder: string
  readonly attack: Attack | null
  readonly metrics: MetricsAddress | null
  readonly control: string | null
  /** Remarks for the user, one sentence each. */
  readonly notes: readonly string[]
}

/** @throws CohortError, IdentityError, FileError, PeerError */
export async function planPeer(options: StartPeerOptions): Promise<PeerPlan> {
  const { membership, identity } = await findMember(options)
  const { attack = null, forget = false, dataChanged = false } = options
  const stateDirectory = stateDirectoryOf(options, membership.cohortId)
  for (const [name, isGiven] of Object.entries({ forget, dataChanged }))
    if (isGiven && stateDirectory === null)
      throw new PeerError(
        'option-clash',
        `${name} needs a state directory, and stateDirectory is null; expected one of the two`,
      )
  const notes = await checkStart(membership.cohort, options.init ?? null)
  return {
    membership,
    identity,
    oracle: oracleOf(options, membership),
    save: options.save ?? null,
    saveEvery: saveEveryOf(options),
    listen: options.listen ?? ownPorts(membership.cohort, membership.self),
    mdns: options.mdns ?? true,
    stateDirectory,
    keepBytes: options.keepBytes ?? DEFAULT_KEEP_BYTES,
    forget,
    dataChanged,
    evidenceFolder: options.evidenceFolder ?? evidenceFolderOf(stateDirectory),
    attack,
    metrics: options.metrics ?? null,
    control: options.control ?? null,
    notes,
  }
}

/**
 * The cohort, and the member of it that has this key.
 * @throws CohortError, IdentityError, and PeerError `not-a-member`
 */
async function findMember({
  cohort: cohortOrPath,
  identity: identityOrPath,
}: Pick<StartPeerOptions, 'cohort' | 'identity'>): Promise<{
  readonly membership: Membership
  readonly identity: Identity
}> {
  // They are read one after the other, so that the error is the same each time if both are wrong.
  const cohort = typeof cohortOrPath === 'string' ? await readCohort(cohortOrPath) : cohortOrPath
  const identity = typeof identityOrPath === 'string' ? await readIdentity(identityOrPath) : identityOrPath
  const self = cohort.members.findIndex(({ id }) => id === identity.id)
  if (self >= 0) return { membership: { cohort, cohortId: cohortId(cohort), self }, identity }
  const which = typeof identityOrPath === 'string' ? ` is "${identityOrPath}"` : ''
  const where = typeof cohortOrPath === 'string' ? cohortOrPath : cohort.name
  throw new PeerError(
    'not-a-member',
    `identity${which}: its peer id ${identity.id} is not a member of ${where}, whose members are ` +
      `${cohort.members.map(({ name, id }) => `${name} (${id})`).join(', ')}; expected the identity of one of them`,
  )
}

/** @throws PeerError */
function saveEveryOf({ save, saveEvery }: StartPeerOptions): number | null {
  if (saveEvery === undefined) return null
  const wrong = wrongSaveEvery(save ?? null, saveEvery)
  if (wrong !== null) throw new PeerError('option-clash', wrong)
  return saveEvery
}

function stateDirectoryOf({ stateDirectory, identity }: StartPeerOptions, id: string): string | null {
  if (stateDirectory !== undefined) return stateDirectory
  if (typeof identity === 'string') return stateBeside(identity, id)
  throw new PeerError(
    'option-missing',
    'stateDirectory is missing, and the identity is not a file beside which it could lie; expected a directory, or null to remember nothing',
  )
}

/** @throws PeerError `wrong-start`; FileError if the checkpoint cannot be read */
async function checkStart({ init: wanted }: Cohort, init: string | null): Promise<readonly string[]> {
  if (wanted === undefined && init === null) return []
  const { digestOfFile, wrongStart } = await import('../oracle/start-digest.ts')
  const wrong = await wrongStart(wanted, init)
  if (wrong !== null) throw new PeerError('wrong-start', wrong)
  if (wanted !== undefined || init === null) return []
  return [
    `the cohort does not name the checkpoint of its members, so nothing would notice a member with another one; add to its file: init: ${await digestOfFile(init)}`,
  ]
}

/** @throws PeerError if the cohort's model and the options do not fit */
function oracleOf(options: StartPeerOptions, { cohort, self }: Membership): OracleChoice {
  const { model, members, seed, dropout, classWeights } = cohort
  const { augment = 'none', oracle, init = null, attack } = options
  const command = oracle?.command ?? null
  const wrong = wrongOracle(model, command, augment)
  if (wrong !== null) throw new PeerError(wrong.code, wrong.why)
  checkOwnData(options, cohort)
  const { data = 'digits', holdout = HOLDOUT } = options
  const partition = options.partition ?? agreedPartition(cohort) ?? 'iid'
  const { schema } = cohort
  return {
    spec: {
      model,
      data,
      ...(schema && { own: { schema, holdout, seed } }),
      partition,
      peer: self,
      peers: members.length,
      seed,
      ...(attack?.relabel && { relabel: 'flip' as const }),
      ...(attack?.backdoor && { backdoor: { ...attack.backdoor, poisons: true } }),
      ...(augment !== 'none' && { augment }),
      dropout,
      classWeights,
    },
    command,
    timeoutSeconds: oracle?.timeoutSeconds ?? ORACLE_TIMEOUT_SECONDS,
    init,
  }
}

/** A fifth, as of other tables. */
const HOLDOUT = 0.2

/** @throws PeerError if the options do not fit what the members agreed on about their data */
function checkOwnData(options: StartPeerOptions, cohort: Cohort): void {
  const { data = 'digits', partition, holdout, dataChanged = false, oracle } = options
  const agreed = agreedPartition(cohort)
  const clash = (why: string) => new PeerError('option-clash', why)
  if (partition !== undefined && agreed !== null && partition !== agreed)
    throw clash(`partition is "${partition}", and the cohort's is ${agreed}; expected that, or no partition`)
  if (cohort.schema === undefined) {
    const needs = 'needs a schema in the cohort file, by which members read data of their own'
    if (partition === OWN_PARTITION && oracle === undefined)
      throw clash(`partition is "${OWN_PARTITION}", which ${needs}`)
    if (holdout !== undefined) throw clash(`holdout ${needs}; expected it, or no holdout`)
    if (dataChanged) throw clash(`dataChanged ${needs}; expected it, or no dataChanged`)
    return
  }
  if (holdout !== undefined && !(holdout > 0 && holdout < 1))
    throw clash(`holdout is ${holdout}; expected a share between 0 and 1`)
  if (oracle !== undefined)
    throw clash('oracle cannot be used where the cohort has a schema: a program reads its data itself')
  if (data === 'digits')
    throw new PeerError(
      'option-missing',
      `data is missing: the cohort has a schema, so every member brings its own; expected ${cohort.schema.kind === 'images' ? 'a folder with a folder of .png or .jpg images for each class' : 'a .csv, .tsv or .parquet file'}`,
    )
}

const ORACLE_TIMEOUT_SECONDS = 600

/**
 * Cohort files: parses YAML once into a typed `Cohort`, with errors that name the file, the field, the value and what
 * would be right; and writes it back.
 */
import { multiaddr } from '@multiformats/multiaddr'
import { stringify } from 'yaml'
import { whyNotFirst } from '../../agreement/averaging/first-rule.ts'
import { refusalOf } from '../../agreement/refusal.ts'
import { OWN_PARTITION } from '../../learning/data/partition.ts'
import { readText } from '../../learning/data/read-file.ts'
import { schemaFieldsAt, shapeOfSchema } from '../../learning/data/schema.ts'
import { agreedNotes } from '../../learning/data/statistics.ts'
import { ModelError } from '../../learning/models/model.ts'
import { modelNamed, wrongSetting } from '../../learning/models/registry.ts'
import { endpointOf } from '../network/endpoint.ts'
import { EXTERNAL_MODEL, wrongModel } from '../oracle/open.ts'
import { isPrintable } from '../text/printable.ts'
import { boundsQuery } from './bounds-query.ts'
import { type Cohort, cohortDocument, cohortSchema, type Member, memberSchema } from './cohort.ts'
import { CohortError, problemOf, valueText } from './errors.ts'
import { checkGossip, GOSSIP_PROTOCOL } from './gossip.ts'
import { IdentityError, publicKeyOf } from './identity.ts'
import { parseYaml } from './yaml.ts'

export { CohortError, type CohortErrorCode } from './errors.ts'

/** @throws CohortError */
export async function readCohort(path: string): Promise<Cohort> {
  const text = await readText(path, COHORT_BYTES_MAX).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT')
      throw new CohortError(
        'cohort-missing',
        `${path}: no such cohort file; "concord cohort create" makes one`,
      )
    throw new CohortError('cohort-unreadable', `${path}: cannot be read (${error.message})`)
  })
  return parseCohort(text, path)
}

/**
 * @param source where the text comes from, for messages
 * @throws CohortError
 */
export function parseCohort(text: string, source: string): Cohort {
  return checkCohort(
    parseYaml(text, source, message => new CohortError('cohort-syntax', message)),
    source,
  )
}

/** Checks a value of unknown shape: types, ranges, members, and the protocol's bound. @throws CohortError */
export function checkCohort(document: unknown, source: string): Cohort {
  const parsed = cohortSchema.safeParse(withProtocol(document))
  if (!parsed.success) {
    const { kind, message } = problemOf(source, document, parsed.error.issues, path =>
      fieldsAt(path, document),
    )
    throw new CohortError(`cohort-field-${kind}`, message)
  }
  const cohort = parsed.data
  checkMembers(cohort.members, source)
  const model = wrongModel(cohort.model, [EXTERNAL_MODEL])
  if (model !== null)
    throw new CohortError(
      'cohort-field-invalid',
      `${source}: model is ${valueText(cohort.model)}; expected ${model}`,
    )
  checkSchema(cohort, source)
  const setting = wrongSetting(cohort.model, cohort)
  if (setting !== null)
    throw new CohortError('cohort-field-invalid', `${source}: ${setting.setting} ${setting.why}`)
  checkBound(cohort, source)
  return cohort
}

/** A cohort that gossips runs no agreement, and need not name one. */
function withProtocol(document: unknown): unknown {
  const isOpen = typeof document === 'object' && document !== null && !('protocol' in document)
  return isOpen && 'topology' in document ? { protocol: GOSSIP_PROTOCOL, ...document } : document
}

/** What a cohort file says: of gossip no agreement. */
export function writtenDocument(cohort: Cohort): object {
  const { protocol, ...rest } = cohortDocument(cohort)
  return cohort.topology === undefined ? cohortDocument(cohort) : rest
}

/**
 * 1,024 members, the most that a cohort may have, with 1 KiB for each; parsing takes some hundred times as much memory.
 */
const COHORT_BYTES_MAX = 2 ** 20

/** The text of a cohort file, every field spelt out. */
export function formatCohort(cohort: Cohort): string {
  return [
    '# The cohort: every member needs this file, with the same values (addresses may differ).',
    '# concord cohort check FILE says what is wrong with it, concord cohort show FILE prints its id.',
    stringify(writtenDocument(cohort), { lineWidth: 0 }),
  ].join('\n')
}

function fieldsAt(path: readonly PropertyKey[], document: unknown): readonly string[] {
  if (path.length === 0) return Object.keys(cohortSchema.unwrap().shape)
  if (path[0] === 'members') return Object.keys(memberSchema.unwrap().shape)
  if (path[0] === 'schema') return schemaFieldsAt(path.slice(1), (document as Partial<Cohort>).schema)
  return ['gradient', 'parameters']
}

/** The schema has to be of use to the model, and a partition of files of their own needs one. */
function checkSchema({ schema, partition, model, steps }: Cohort, source: string): void {
  const wrong = (why: string) => new CohortError('cohort-field-invalid', `${source}: ${why}`)
  if (schema === undefined) {
    if (partition !== OWN_PARTITION || model === EXTERNAL_MODEL) return
    throw wrong(
      'partition is "own", and there is no schema; expected one ("concord data inspect" proposes it), as members with files of their own must agree on inputs and classes',
    )
  }
  if (steps === 1 && agreedNotes(schema).length > 0)
    throw wrong('steps is 1, and step 1 agrees on the statistics of the schema; expected 2 at least')
  if (model === EXTERNAL_MODEL)
    throw wrong(
      `model is "${EXTERNAL_MODEL}", and there is a schema; expected none, as the members' own programs read their data themselves`,
    )
  try {
    modelNamed(model, shapeOfSchema(schema))
  } catch (error) {
    if (!(error instanceof ModelError)) throw error
    throw wrong(`the model does not fit the schema: ${error.message}`)
  }
}

function checkMembers(members: readonly Member[], source: string): void {
  const names = new Map<string, number>()
  const ids = new Map<string, number>()
  for (const [index, member] of members.entries()) {
    const where = `${source}: members[${index}]`
    const sameName = names.get(member.name)
    if (sameName !== undefined)
      throw new CohortError(
        'cohort-member-twice',
        `${where}.name is ${valueText(member.name)}, as members[${sameName}].name is; expected a name of its own`,
      )
    const sameId = ids.get(member.id)
    if (sameId !== undefined)
      throw new CohortError(
        'cohort-member-twice',
        `${where}.id (${member.name}) is ${member.id}, as members[${sameId}].id (${members[sameId]!.name}) is; every member needs a key of its own`,
      )
    names.set(member.name, index)
    ids.set(member.id, index)
    checkId(member.id, `${where}.id`)
    for (const [place, address] of member.addresses.entries())
      checkAddress(address, member.id, `${where}.addresses[${place}]`)
  }
}

function checkId(id: string, where: string): void {
  try {
    publicKeyOf(id)
  } catch (error) {
    if (!(error instanceof IdentityError)) throw error
    throw new CohortError('cohort-member-id', `${where}: ${error.message}`)
  }
}

const hosts = new Set(['ip4', 'ip6', 'dns', 'dns4', 'dns6'])

function checkAddress(address: string, id: string, where: string): void {
  const wrong = (why: string) =>
    new CohortError(
      'cohort-address',
      `${where} is ${valueText(address)}: ${why}; expected an address such as /ip4/192.168.1.5/tcp/4001`,
    )
  if (!isPrintable(address)) throw wrong('it holds an escape, a line break or an invisible character')
  let parts: ReturnType<ReturnType<typeof multiaddr>['getComponents']>
  try {
    parts = multiaddr(address).getComponents()
  } catch (error) {
    throw wrong(error instanceof Error ? error.message : String(error))
  }
  if (parts[0] === undefined || !hosts.has(parts[0].name)) throw wrong('it begins with no host')
  const endpoint = endpointOf(address)
  if (endpoint === null) throw wrong('it names neither a TCP port nor one for QUIC (/udp/4001/quic-v1)')
  if (endpoint.over === 'quic' && endpoint.family.startsWith('dns'))
    throw wrong('QUIC needs the IP address itself, not a name')
  const owner = parts.find(({ name }) => name === 'p2p')?.value
  if (owner !== undefined && owner !== id) throw wrong(`it ends in the id of another peer than ${id}`)
}

function checkBound(cohort: Cohort, source: string): void {
  checkGossip(cohort, source)
  const { faults, quorum, unsafe, gradientRule } = cohort
  const refusal = refusalOf({ ...boundsQuery(cohort), unsafe, learns: true })
  const field = quorum === undefined ? `faults is ${faults}` : `faults is ${faults}, quorum is ${quorum}`
  if (refusal !== null && (cohort.topology === undefined || refusal.reason === 'nobody-honest'))
    throw new CohortError(
      refusal.reason === 'nobody-honest' ? 'cohort-field-invalid' : 'cohort-bound',
      `${source}: ${field}: ${refusal.why}${refusal.reason === 'below-bound' ? ' (unsafe: true runs it anyway)' : ''}`,
    )
  if (gradientRule === undefined) return
  const peers = cohort.members.length
  const unfit = whyNotFirst(gradientRule, quorum ?? peers - faults, faults, peers)
  if (unfit !== null)
    throw new CohortError('cohort-field-invalid', `${source}: gradientRule is ${gradientRule}: ${unfit}`)
}

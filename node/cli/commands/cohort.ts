/** `concord cohort create|add|check|show`: cohort files for real machines. */
import type { Cohort, Member } from '../../cohort/cohort.ts'
import { type CommandGroup, defineCommand, flag, maybe, option, UsageError } from '../command.ts'
import { cohortSettings, gossipCohortOptions } from '../gossip-cohort.ts'
import { startingFrom } from '../learning-options.ts'
import { cohortOptions, digestFirst, partitionOrOwn } from '../options.ts'
import { integer, text } from '../parse.ts'
import { newGradientRule, newGradientRuleOption } from '../rule-options.ts'
import { counted } from '../view/format.ts'
import { faultyText, protocolOver, travelText } from '../view/settings.ts'

const memberHelp =
  'A member is NAME=ID or NAME=ID@ADDRESS,ADDRESS: a name, the peer id that "concord keygen" printed, and the addresses to reach it at (none if mDNS finds it).'

const file = { name: '<file>', about: 'the cohort file' }

const create = defineCommand({
  name: 'create',
  summary: 'make a cohort file from members and settings',
  about: memberHelp,
  arguments: [file, { name: '<members...>', about: 'NAME=ID[@ADDRESS,…]' }],
  options: {
    name: option('--name <name>', 'the name of the cohort', text, 'cohort'),
    ...cohortOptions,
    ...digestFirst,
    ...gossipCohortOptions,
    gradientRule: newGradientRuleOption,
    init: maybe(
      '--init <file>',
      'the checkpoint that every member is to start from; the file then names its SHA-256',
      text,
      'the start of the model',
    ),
    schema: maybe(
      '--schema <file>',
      'the schema of the tables or images that members bring ("concord data inspect" proposes one)',
      text,
      'none: all members have the same data',
    ),
    partition: maybe(
      '--partition <kind>',
      'own: what --data names is each member’s own, which takes --schema or --model external; or a way to divide the same data: iid, label, dirichlet:0.5, quantity:0.5',
      partitionOrOwn,
      'own with a schema, else up to each member',
    ),
    force: flag('--force', 'replace the file if it exists'),
  },
  examples: [
    'cohort.yaml --schema schema.yaml --model softmax alice=12D3KooW…@/ip4/192.168.1.5/tcp/4001 bob=12D3KooW… …',
    'cohort.yaml alice=12D3KooW…@/ip4/192.168.1.5/tcp/4001 bob=12D3KooW… …',
    'cohort.yaml --topology regular:6 alice=12D3KooW… bob=12D3KooW… …',
  ],
  async handler({ name, force, init, schema, partition, ...values }, [path, ...members], terminal) {
    const { checkCohort } = await import('../../cohort/file.ts')
    const settings = await startingFrom(init, await newSettings(values, members.length))
    const agreed = {
      ...(schema !== null && { schema: await readSchemaOf(schema) }),
      ...(partition !== null && { partition }),
    }
    const cohort = checkCohort({ name, members: members.map(parseMember), ...settings, ...agreed }, path!)
    await write(path!, cohort, force)
    terminal.print(`wrote ${path}: ${summaryLine(cohort)}`)
    terminal.print(`id ${await idOf(cohort)}`)
    return 0
  },
})

/** The settings of a new cohort, whose first rule on gradients mixes unless it is told not to. */
async function newSettings(values: Parameters<typeof cohortSettings>[0], peers: number) {
  const bare = await cohortSettings(Object.assign({}, values, { gradientRule: null }), peers)
  const gradientRule = newGradientRule(values.gradientRule, bare)
  return gradientRule === null ? bare : cohortSettings(Object.assign({}, values, { gradientRule }), peers)
}

const add = defineCommand({
  name: 'add',
  summary: 'add members to a cohort file; all members then need the new file',
  about: memberHelp,
  arguments: [file, { name: '<members...>', about: 'NAME=ID[@ADDRESS,…]' }],
  options: {
    faults: maybe('--faults <f>', 'how many members may now be faulty', integer({ min: 0 }), 'as before'),
  },
  examples: ['cohort.yaml carol=12D3KooW…@/ip4/192.168.1.7/tcp/4001'],
  async handler({ faults }, [path, ...members], terminal) {
    const [{ checkCohort, readCohort }, { cohortDocument }] = await Promise.all([
      import('../../cohort/file.ts'),
      import('../../cohort/cohort.ts'),
    ])
    const before = await readCohort(path!)
    const cohort = checkCohort(
      {
        ...cohortDocument(before),
        members: [...before.members, ...members.map(parseMember)],
        faults: faults ?? before.faults,
      },
      path!,
    )
    await write(path!, cohort, true)
    terminal.print(`wrote ${path}: ${summaryLine(cohort)}`)
    terminal.print(`id ${await idOf(cohort)} (it was ${await idOf(before)})`)
    const rule =
      before.faults === 0 && cohort.gradientRule === undefined ? newGradientRule(null, cohort) : null
    if (rule !== null)
      terminal.print(
        `members may be faulty now, and a new cohort would have gradientRule: ${rule} (docs/unequal-data.md)`,
      )
    return 0
  },
})

const check = defineCommand({
  name: 'check',
  summary: 'say what is wrong with a cohort file; with a second file, how the two differ',
  arguments: [file, { name: '[other]', about: "another member's file" }],
  options: {},
  examples: ['cohort.yaml', 'mine.yaml theirs.yaml'],
  async handler(_, [path, other], terminal) {
    const [{ readCohort }, { differingFields }] = await Promise.all([
      import('../../cohort/file.ts'),
      import('../../cohort/cohort.ts'),
    ])
    const cohort = await readCohort(path!)
    terminal.print(`${path} is a good cohort file: ${summaryLine(cohort)}`)
    if (other === undefined) return 0
    const fields = differingFields(cohort, await readCohort(other))
    if (fields.length === 0) {
      terminal.print(`${other} says the same`)
      return 0
    }
    terminal.warn(`${path} and ${other} are different cohorts; they differ in ${fields.join(', ')}`)
    return 1
  },
})

const show = defineCommand({
  name: 'show',
  summary: 'show a cohort file with every default spelt out, and its id',
  arguments: [file],
  options: {
    json: flag('--json', 'print { id, cohort } as JSON'),
    field: maybe('--field <name>', 'print this field alone (id, faults, steps, …)', text),
  },
  examples: ['cohort.yaml', 'cohort.yaml --field id'],
  async handler({ json, field }, [path], terminal) {
    const { formatCohort, readCohort, writtenDocument } = await import('../../cohort/file.ts')
    const cohort = await readCohort(path!)
    const document = writtenDocument(cohort)
    const id = await idOf(cohort)
    if (field !== null) {
      const fields: Record<string, unknown> = { id, ...document }
      if (!Object.hasOwn(fields, field))
        throw new UsageError(`--field is "${field}"; expected one of ${Object.keys(fields).join(', ')}`)
      const value = fields[field]
      if (typeof value === 'string') terminal.data(`${value}\n`)
      else terminal.json(value, 0)
    } else if (json) terminal.json({ id, cohort: document })
    else {
      terminal.print(`id: ${id}`)
      terminal.print(...formatCohort(cohort).trimEnd().split('\n'))
    }
    return 0
  },
})

export const cohort: CommandGroup = {
  name: 'cohort',
  summary: 'make, extend, check or show a cohort file',
  commands: [create, add, check, show],
}

/** `NAME=ID`, `NAME=ID@ADDRESS,ADDRESS`. The cohort's own check says what the parts may be. */
export function parseMember(argument: string): Member {
  const match = /^([^=@]+)=([^=@]+)(?:@(.+))?$/.exec(argument)
  if (match === null)
    throw new UsageError(`member "${argument}"; expected NAME=ID or NAME=ID@ADDRESS,ADDRESS`)
  const [, name, id, addresses] = match
  return { name: name!, id: id!, addresses: addresses?.split(',') ?? [] }
}

function summaryLine(cohort: Cohort): string {
  const { members, steps, model } = cohort
  const who = `${counted(members.length, 'member')}, ${faultyText(cohort)}`
  return `${who}, ${protocolOver(cohort)}, ${travelText(cohort)}, ${counted(steps, 'step')} of ${model}`
}

async function idOf(cohort: Cohort): Promise<string> {
  const { cohortId } = await import('../../cohort/cohort.ts')
  return cohortId(cohort)
}

async function readSchemaOf(path: string) {
  const { readSchema } = await import('../../data/schema-file.ts')
  return readSchema(path)
}

async function write(path: string, cohort: Cohort, replace: boolean): Promise<void> {
  const [{ writeOutput }, { writeNew }, { formatCohort }] = await Promise.all([
    import('../../files/output.ts'),
    import('../../files/safe-open.ts'),
    import('../../cohort/file.ts'),
  ])
  const write = replace ? writeOutput : writeNew
  await write(path, formatCohort(cohort)).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
    throw new UsageError(`${path} exists already; expected a new name, or --force to replace it`)
  })
}

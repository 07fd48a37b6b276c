/** Three real peers, each with a table of its own: other rows, other columns' order, missing cells; one model. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { tableSchema } from '../../../learning/data/schema.ts'
import { defaultWindow } from '../../../learning/learn-contract.ts'
import { randomStream } from '../../../learning/random.ts'
import { PeerError } from '../../../node/daemon/errors.ts'
import type { PeerEvent } from '../../../node/daemon/events.ts'
import { planPeer } from '../../../node/daemon/options.ts'
import { startPeer } from '../../../node/daemon/start-peer.ts'
import { place } from '../cli/places.ts'
import { started } from './followed.ts'
import { learnFromOwn } from './own-peers.ts'

const schema = tableSchema.parse({
  kind: 'table',
  columns: [
    { name: 'age', type: 'number', scale: 'agreed', missing: 'agreed', indicator: true },
    { name: 'sex', type: 'category', values: ['f', 'm', 'x'] },
    { name: 'smoker', type: 'yes-no', yes: 'yes', no: 'no', missing: 'no' },
  ],
  target: { name: 'outcome', type: 'class', classes: ['well', 'ill', 'dead'] },
})

/** Members' rows differ in number and mixture; what makes ill is the same everywhere. Nobody here is dead. */
function tableOf(member: number, order: readonly string[], separator: string, count: number): string {
  const random = randomStream(7, 'table', member)
  const lines = Array.from({ length: count }, () => {
    const age = 50 + 15 * random.normal() + 4 * member
    const sex = random.uniform() < 0.3 + 0.2 * member ? 'm' : 'f'
    const score = (age - 55) / 15 + (sex === 'm' ? 1 : -1) + 0.2 * random.normal()
    const cells: Record<string, string> = {
      age: random.uniform() < 0.05 ? 'NA' : age.toFixed(1),
      sex,
      smoker: ['yes', 'no', ''][random.integer(3)]!,
      outcome: score > 0 ? 'ill' : 'well',
      ward: `ward ${random.integer(9)}`,
    }
    return order.map(name => cells[name]).join(separator)
  })
  return `${[order.join(separator), ...lines].join('\n')}\n`
}

const listening = (events: readonly PeerEvent[]) => events.find(event => event.kind === 'listening')

const orders = [
  ['age', 'sex', 'smoker', 'outcome'],
  ['outcome', 'smoker', 'ward', 'sex', 'age'],
  ['sex', 'outcome', 'age', 'smoker'],
]

test('three members learn one model from three different tables, and hear what stays with them', async t => {
  const settings = { steps: 120, rate: 0.5, batch: 32, schema }
  const { endings, heard } = await learnFromOwn(t, settings, async (member, folder) => {
    const data = join(folder, `member-${member}.csv`)
    const [separator, rows] = [[',', ';', '\t'][member]!, [300, 120, 600][member]!]
    await writeFile(data, tableOf(member, orders[member]!, separator, rows))
    return { data }
  })
  for (const [member, { accuracy, parameters }] of endings.entries()) {
    t.is(parameters.length, 6 * 3 + 3)
    t.true(accuracy! > 0.85, `member ${member}: ${accuracy}`)
    for (const [i, value] of parameters.entries()) t.true(Math.abs(value - endings[0]!.parameters[i]!) < 1e-4)
  }
  for (const [member, events] of heard.entries()) {
    t.is(listening(events)?.examples, [240, 96, 480][member]!)
    const said = listening(events)!.notes.join('\n')
    t.regex(
      said,
      new RegExp(
        `member-${member}\\.csv: ${[300, 120, 600][member]} rows; classes of "outcome": well \\d+, ill \\d+, dead 0`,
      ),
    )
    t.regex(said, /no row here has the class dead/)
    t.regex(said, /the mean and deviation of one column are agreed on with the other members, in step 1/)
    t.regex(said, /the rows stay on this machine: the other members get vectors/)
    t.is(/not used: "ward"/.test(said), member === 1)
  }
})

test('a member that starts late, and one that starts again, learn on from their own tables', async t => {
  const settings = { schema, steps: 100_000, model: 'softmax', rate: 0.1, batch: 32 }
  const files = await place(t, settings)
  const start = async (member: number) => {
    const data = join(files.folder, `member-${member}.csv`)
    await writeFile(data, tableOf(member, orders[member % 3]!, ',', 80 + 20 * member))
    return started(t, { cohort: files.cohortPath, identity: files.identityPaths[member]!, data })
  }
  const early = await Promise.all([0, 1, 2].map(start))
  await early[0]!.reached(defaultWindow.kept + 3)
  const dora = await start(3)
  t.is(listening(dora.events)?.examples, 112)
  await dora.abreast(early[0]!)
  t.true(dora.events.some(({ kind }) => kind === 'caught-up'))
  await dora.stop()
  await early[0]!.reached(early[0]!.status().step + 3)
  const again = await start(3)
  t.true(listening(again.events)!.step > 1)
  t.is(listening(again.events)?.examples, 112)
  await again.abreast(early[0]!)
  for (const peer of [...early, again]) t.deepEqual(peer.faults(), [])
})

test('a share of the rows that is none, or data that is not the member’s own, starts no peer', async t => {
  const { folder, cohort, identities } = await place(t, { schema })
  const start = (more: object) =>
    startPeer({
      cohort,
      identity: identities[0]!,
      data: join(folder, 'ours.csv'),
      mdns: false,
      stateDirectory: null,
      evidenceFolder: folder,
      ...more,
    })
  await t.throwsAsync(start({ holdout: 1 }), {
    instanceOf: PeerError,
    message: /^holdout is 1; expected a share/,
  })
  await t.throwsAsync(start({ data: undefined }), { instanceOf: PeerError, message: /^data is missing/ })
  await t.throwsAsync(start({}), { message: /ours\.csv: no such file/ })
  await writeFile(join(folder, 'ours.csv'), 'age,sex,smoker,outcome\n1,f,no,gone\n')
  await t.throwsAsync(start({}), { message: /line 2, column 4 \(outcome\) is "gone"/ })
})

test('a partition that the members agreed on is each member’s, and no member has another', async t => {
  const { folder, cohort, identities } = await place(t, { partition: 'label' })
  const plan = (more: object) =>
    planPeer({ cohort, identity: identities[0]!, stateDirectory: null, evidenceFolder: folder, ...more })
  t.is((await plan({})).oracle.spec.partition, 'label')
  t.is((await plan({ partition: 'label' })).oracle.spec.partition, 'label')
  await t.throwsAsync(plan({ partition: 'iid' }), {
    instanceOf: PeerError,
    message: /^partition is "iid", and the cohort's is label/,
  })
})

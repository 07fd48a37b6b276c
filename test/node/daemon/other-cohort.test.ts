/** Three hospitals, one of whom has an older schema: it ends and says why, and the others wait for it. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { type TableSchema, tableSchema } from '../../../learning/data/schema.ts'
import { checkCohort } from '../../../node/cohort/file.ts'
import { start } from '../cli/concord.ts'
import { place, writeCohort } from '../cli/places.ts'
import { started } from './followed.ts'

const schemaOf = (...names: readonly string[]) =>
  tableSchema.parse({
    kind: 'table',
    columns: names.map(name => ({ name, type: 'number' })),
    target: { name: 'outcome', type: 'class', classes: ['well', 'ill'] },
  })

test('the member whose schema lacks a column ends with the difference; the others name the column and wait', async t => {
  const { folder, cohort, identities, identityPaths } = await place(t)
  const cohortOf = (schema: TableSchema) =>
    checkCohort(
      {
        name: 'hospitals',
        members: cohort.members.slice(0, 3),
        faults: 0,
        protocol: 'mean',
        steps: 100_000,
        model: 'softmax',
        rate: 0.1,
        batch: 4,
        seed: 1,
        schema,
      },
      'test',
    )
  const data = join(folder, 'ours.csv')
  await writeFile(data, 'age,marker,outcome\n1,2,ill\n-1,3,well\n1,1,ill\n-2,0,well\n')
  const older = await writeCohort(folder, 'older.yaml', cohortOf(schemaOf('age')))
  const cleo = start([
    'join',
    '--cohort',
    older,
    '--identity',
    identityPaths[2]!,
    '--data',
    data,
    '--no-mdns',
  ])
  const others = await Promise.all(
    [0, 1].map(member =>
      started(t, {
        cohort: cohortOf(schemaOf('age', 'marker')),
        identity: identities[member]!,
        data,
        stateDirectory: null,
        evidenceFolder: folder,
      }),
    ),
  )
  const { code, stderr } = await cleo.ended
  t.is(code, 78)
  t.regex(
    stderr,
    /ada and bob have another cohort file, and without them this peer cannot go on\. Of \w+: its cohort file differs in schema\.columns \(cohort [0-9a-f]+, here [0-9a-f]+\): it has 2 columns, this peer 1: 1 of its columns is missing here/,
  )
  for (const peer of others) {
    await peer.heard(
      event =>
        event.kind === 'fault' &&
        event.fault.peer === 2 &&
        /it has 1 column, this peer 2: "marker" is missing there/.test(event.detail ?? ''),
    )
    t.false(peer.events.some(({ kind }) => kind === 'failed'))
  }
})

/** Three members with data of their own and a fourth that lies, as processes on the loopback address, by --oracle. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Report } from '../../node/daemon/report.ts'
import { addressOf } from '../../node/network/endpoint.ts'
import { freePorts } from '../../node/network/free-ports.ts'
import { type CohortFiles, makeCohort } from '../cohort/files.ts'
import { type PeerEnd, startPeer } from '../cohort/processes.ts'
import { drawShapes, shapes, writeTable } from './member-files.ts'
import { root } from './programs.ts'

const MEMBERS = 4
const LIAR = 3

interface Scene {
  readonly what: string
  readonly program: string
  readonly steps: number
  readonly rate: number
  readonly write: (path: string, peer: number) => Promise<string>
}

const scenes: readonly Scene[] = [
  {
    what: 'images, of which one member has no triangles',
    program: `torch_images.py ${shapes.join(' ')}`,
    steps: 50,
    rate: 0.1,
    write: (path, peer) => drawShapes(path, peer, [40, 25, 60, 30][peer]!),
  },
  {
    what: 'tables in units of their own',
    program: 'torch_table.py outcome well ill',
    steps: 60,
    rate: 0.3,
    write: (path, peer) => writeTable(`${path}.csv`, peer, [200, 900, 400, 300][peer]!),
  },
]

export function testOwnDataCohort(python: string): void {
  for (const { what, program, steps, rate, write } of scenes)
    test(`a cohort learns by PyTorch from its members' own ${what}, though one of them lies`, async () => {
      const ports = await freePorts(MEMBERS)
      const settings = {
        protocol: 'rb-tm',
        faults: 1,
        model: 'external',
        partition: 'own',
        batch: 16,
        seed: 5,
        steps,
        rate,
      } as const
      const files = await makeCohort('own-data', MEMBERS, settings, peer => [
        addressOf({ family: 'ip4', host: '127.0.0.1', port: ports[peer]!, over: 'tcp' }),
      ])
      const command = `${python} ${join(root, 'python/examples', program)}`
      const data = await Promise.all(ports.map((_, peer) => write(join(files.folder, `data-${peer}`), peer)))
      const ends = await Promise.all(ports.map((_, peer) => run(files, peer, command, data[peer]!)))
      for (const [peer, { code, lastWords }] of ends.entries()) assert.equal(code, 0, `${peer}: ${lastWords}`)
      for (const peer of [0, 1, 2]) await checkReport(files, peer)
      await files.remove()
    })
}

function run(files: CohortFiles, peer: number, command: string, data: string): Promise<PeerEnd> {
  const args = [
    ...['--cohort', files.cohortPath, '--identity', files.identityPaths[peer]!, '--no-mdns'],
    ...['--oracle', command, '--data', data, '--report', reportPath(files, peer)],
    ...(peer === LIAR ? ['--attack', 'sign-flip'] : []),
  ]
  return startPeer({ args, onEvent() {} }).ended
}

function reportPath({ folder }: CohortFiles, peer: number): string {
  return join(folder, `report-${peer}.json`)
}

async function checkReport(files: CohortFiles, peer: number): Promise<void> {
  const report = JSON.parse(await readFile(reportPath(files, peer), 'utf8')) as Report
  const [own] = report.honest
  const metrics = own?.metrics
  assert.equal(metrics?.kind, 'classes')
  const { balancedAccuracy, auroc, recall, baseline } = metrics
  console.log(
    `  peer ${peer}: balanced ${balancedAccuracy.toFixed(3)}, AUROC ${auroc?.toFixed(3)}, ${recall.map(each => `${each.name} ${each.recall?.toFixed(2)} of ${each.examples}`).join(', ')}`,
  )
  assert.ok(balancedAccuracy > baseline.balancedAccuracy + 0.2)
}

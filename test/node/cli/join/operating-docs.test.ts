/** Everything that the operator's pages name exists: metrics, options of the service, causes of the doctor. */
import { readFileSync } from 'node:fs'
import test from 'ava'
import { join as joinCommand } from '../../../../node/cli/commands/join.ts'
import { createMetrics } from '../../../../node/daemon/metrics.ts'
import { createStatusBook } from '../../../../node/daemon/status.ts'
import { membership, present } from './membership.ts'

const page = (name: string) =>
  readFileSync(new URL(`../../../../docs/operating/${name}`, import.meta.url), 'utf8')
const registry = () => {
  const book = createStatusBook(membership, 'concord/1', () => 0)
  return createMetrics(() => book.status(present())).registry
}

test('the dashboard draws metrics that exist, and the page lists all of them', async t => {
  const own = (await registry().getMetricsAsArray()).map(({ name }) => name)
  const dashboard: { panels: { targets: { expr: string }[] }[] } = JSON.parse(page('grafana-dashboard.json'))
  const drawn = dashboard.panels.flatMap(({ targets }) =>
    targets.flatMap(({ expr }) => expr.match(/\b(concord|process|nodejs)_\w+/g) ?? []),
  )
  t.true(drawn.length > 10)
  for (const name of drawn) t.true(own.includes(name), name)
  const listed = page('README.md')
    .match(/`concord_\w+/g)!
    .map(text => text.slice(1))
  for (const name of own.filter(each => each.startsWith('concord_'))) t.true(listed.includes(name), name)
  for (const name of listed) t.true(own.includes(name), name)
})

test('the image is built with everything that the build needs; the compiler is an optional package', t => {
  const steps = [...page('Dockerfile').matchAll(/npm (ci|run build|prune)([^&\n]*)/g)]
  t.deepEqual(
    steps.map(([, step]) => step),
    ['ci', 'run build', 'prune'],
  )
  t.notRegex(steps[0]![2]!, /--omit/)
  t.regex(steps[2]![2]!, /--omit=dev --omit=optional/)
})

test('the service and the container use options that join has', t => {
  const flags = Object.values(joinCommand.options).map(({ flags: text }) => /--[\w-]+/.exec(text)![0])
  const service = /ExecStart=([\s\S]*?)\n[A-Z]/.exec(page('concord.service'))![1]!
  const container = /^CMD ([\s\S]*)/m.exec(page('Dockerfile'))![1]!
  for (const [named] of `${service} ${container}`.matchAll(/--[a-z]+/g)) t.true(flags.includes(named), named)
  for (const [, setting] of page('concord.service').matchAll(/^(Kill\w+|Restart\w*|\w+Status|Timeout\w+)=/gm))
    t.true(page('README.md').includes(setting!), setting)
})

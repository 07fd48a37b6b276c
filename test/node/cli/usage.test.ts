/** Wrong usage, from outside: exit code 2, and a message that names the field, the value and what would be right. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { attackNames } from '../../../learning/attacks/registry.ts'
import { commandsFor } from '../../../node/cli/commands/index.ts'
import { formatCohort } from '../../../node/cohort/file.ts'
import { testCohort } from '../cohorts.ts'
import { run } from './concord.ts'
import { runInside } from './inside.ts'

const commands = await commandsFor(undefined)

const wrong: readonly (readonly [command: string, expected: RegExp])[] = [
  ['bunds', /unknown command 'bunds'[\s\S]*bounds/],
  ['bounds --protcol mda', /unknown option '--protcol'[\s\S]*--protocol/],
  ['bounds --protocol mdaa', /--protocol is "mdaa"; expected one of mda, .*did you mean mda\?/],
  ['bounds --peers seven', /--peers is "seven"; expected a whole number, at least 1/],
  [
    'bounds --peers 5 --faults 5',
    /--faults is 5: at least one of 5 peers must be honest; expected at most 4/,
  ],
  ['bounds --dimension 1.5', /--dimension is "1\.5"; expected a whole number, at least 1/],
  ['simulate --attack sign-flp', /--attack is "sign-flp"; expected one of .*did you mean sign-flip\?/],
  ['simulate --model mpl', /--model is "mpl"; expected one of .*did you mean mlp\?/],
  ['simulate --model external', /--oracle is missing: the cohort's model is "external"/],
  [
    'simulate --architecture server --model external',
    /--model is "external", and a server's workers learn our models; expected one of (?!.*external)/,
  ],
  [
    'simulate --architecture server --oracle true',
    /--oracle is given, but a server's workers learn our models/,
  ],
  ['simulate --oracle true --model softmax', /--model is "softmax", but an --oracle has a model of its own/],
  ['simulate --oracle true --augment mirror', /--augment is "mirror", but the gradients come from an oracle/],
  ['simulate --oracle true --seeds 10', /--oracle is given, but --seeds draws what it runs from each seed/],
  [
    'simulate --only box-geom',
    /--only is "box-geom", and there is one cohort; expected --seeds, or --protocol/,
  ],
  ['simulate --only box-mean --seeds 2 --learn', /--only is "box-mean", and with --learn each seed draws/],
  ['simulate --peers 13 --seeds 10', /--peers is given, but --seeds draws what it runs from each seed/],
  ['simulate --measure-every 5 --seeds 10', /--measure-every is given, but --seeds draws/],
  [
    'simulate --protocol box-geom --seeds 10',
    /--protocol is box-geom, and --seeds draws it; expected --only box-geom/,
  ],
  ['simulate --unsafe --seeds 10', /--unsafe is given, but --seeds draws/],
  [
    'simulate --seed 7 --seeds 10',
    /--seed is 7, and with --seeds the first seed is --from; expected --from alone/,
  ],
  ['simulate --learn', /--learn is given, and one cohort always learns; expected --seeds beside it/],
  ['simulate --from 9', /--from is 9, and there is one cohort; expected --seeds beside it, or --seed/],
  ['simulate --rule krum --seeds 10', /--rule is given, but --seeds draws what it runs from each seed/],
  ['simulate --rule krumm', /--rule is "krumm": "krumm" is none of the rules .*did you mean krum\?/],
  ['simulate --param m=3', /--param sets a parameter of a rule; expected --rule beside it/],
  ['simulate --rule ./nowhere.ts', /\.\/nowhere\.ts: there is no such file/],
  ['simulate --protocol ./nowhere.ts', /\.\/nowhere\.ts: there is no such file/],
  ['agree --protocol ./nowhere.ts --rule krum', /--protocol is "\.\/nowhere\.ts", which has its own rule/],
  [
    'agree --protocol rb-tm --rule krum',
    /--protocol rb-tm is not of standard form; expected one of mda, cva,/,
  ],
  [
    'agree --rule krum --target 2',
    /--target is 2, and nothing is known of how fast standard-form@krum contracts/,
  ],
  ['agree --csv /nowhere/rows.csv', /--csv is "\/nowhere\/rows\.csv": there is no folder \/nowhere/],
  ['agree --seeds 2 --page page.html', /--seeds is given, and a page shows one agreement/],
  ['aggregate --rule ./nowhere.ts x.npy -o out.npy', /\.\/nowhere\.ts: there is no such file/],
  ['simulate --model softmax --dropout 0.5', /--dropout is 0\.5, which model softmax does not take/],
  [
    'simulate --model mean --class-weights balanced',
    /--class-weights is balanced, which model mean does not/,
  ],
  ['demo --oracle true --class-weights balanced', /--class-weights is balanced, which model external does/],
  ['demo --oracle true --dropout 0.5', /--dropout is 0\.5, which model external does not take/],
  ['demo --model mlp:64x64', /--model is "mlp:64x64"; expected mlp: and the sizes .* such as mlp:64,64$/m],
  ['simulate --peers 6 --faults 1', /mda needs n ≥ 6f \+ 1 = 7 .*there are 6.*7 peers would do.*--unsafe/],
  ['simulate --byzantine 2', /--byzantine is 2, more than the f = 1 .*expected at most 1, or --unsafe/],
  ['simulate --partition dirichlet:x', /partition 'dirichlet:x': expected iid, label, or dirichlet/],
  ['simulate --partition 0,1@12-15', /it says who holds what data; expected --isolate 0,1@12-15/],
  ['simulate --crash 3', /--crash is "3"; expected such as 3@5, or 2,3@5/],
  [
    'simulate --crash',
    /^concord: option '--crash <peers@step>' argument missing\nTry "concord simulate --help"\.$/m,
  ],
  ['simulate --crash 3@5 --seeds 10', /--crash is given, but --seeds draws what it runs/],
  ['simulate --topology ring --seeds 10', /--topology is given, but --seeds draws what it runs/],
  [
    'simulate --architecture gossip --seeds 10',
    /--architecture is gossip, and without --learn --seeds makes agreements.*; expected --learn beside it/,
  ],
  [
    'simulate --architecture server --learn --seeds 10',
    /--architecture is server, and --seeds makes worlds of peers that agree, learn or gossip; expected/,
  ],
  ['simulate --network lan --seeds 10', /--network is given, but --seeds draws/],
  ['simulate --network lan --latency 3', /--latency is 3, and --network names a model; expected one/],
  [
    'reproduce --list --figures here',
    /--figures is given beside --list, which runs nothing; expected --list alone/,
  ],
  ['reproduce redundancy --list', /redundancy is given beside --list, which runs nothing/],
  ['simulate --network moon', /--network is "moon"; expected lan, wan, constant:5/],
  ['simulate --rate 1e400', /--rate is "1e400"; expected a number, above 0 and at most 1\.797\d+e\+308/],
  ['simulate --seed 9007199254740993', /--seed is "9007199254740993"; expected .*at most 9007199254740991/],
  ['simulate --loss 1', /--loss is "1"; expected a number, at least 0 and at most 0\.9/],
  ['simulate --architecture server --pause 1@2-3', /--pause is about agreement between peers/],
  [
    'simulate --architecture server --exchange digest-first',
    /--exchange is about agreement between peers; expected none with --architecture server/,
  ],
  ['simulate --momentum 1', /--momentum is "1"; expected a number, at least 0 and below 1/],
  ['simulate --report /nowhere/r.json', /--report is "\/nowhere\/r\.json": there is no folder \/nowhere/],
  ['simulate --save /nowhere/m.safetensors', /--save is "\/nowhere\/m\.safetensors": there is no folder/],
  ['demo --save /nowhere/m.safetensors', /--save is "\/nowhere\/m\.safetensors": there is no folder/],
  ['aggregate x.npy --rule mean -o /nowhere/o.npy', /--out is "\/nowhere\/o\.npy": there is no folder/],
  ['data show --svg /nowhere/s.svg', /--svg is "\/nowhere\/s\.svg": there is no folder/],
  [
    'reproduce redundancy --out /dev/null/x',
    /--out is "\/dev\/null\/x", which cannot be made: a file is where a folder must be/,
  ],
  [
    'export a.safetensors /nowhere/b.safetensors',
    /<file> is "\/nowhere\/b\.safetensors": there is no folder/,
  ],
  ['demo --protocol rb-tm --peers 3 --faults 1', /rb-tm needs n ≥ 3f \+ 1 = 4/],
  ['join --identity a.pem', /--cohort is missing; expected the cohort file/],
  ['join --cohort nowhere.yaml --identity a.pem', /nowhere\.yaml: no such cohort file/],
  ['cohort create /dev/null alice', /member "alice"; expected NAME=ID/],
  ['cohort check', /missing required argument 'file'/],
  ['keygen a.pem b.pem', /too many arguments/],
]

for (const [command, expected] of wrong)
  test(`concord ${command}`, async t => {
    const { code, stderr, stdout } = await runInside(...command.split(' '))
    t.is(code, 2, stderr)
    t.regex(stderr, expected)
    t.notRegex(stderr, /\n +at /, 'no stack trace')
    t.is(stdout, '')
  })

test('a data directory without the files is told before anything runs', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'concord-'))
  t.teardown(() => rm(folder, { recursive: true }))
  const { code, stderr } = await run('simulate', '--data', folder, '--steps', '1')
  t.is(code, 2)
  t.true(stderr.includes(folder) && stderr.includes('train-images'), stderr)
})

test('a demo whose peers cannot start says why once, and with their exit code', async t => {
  const { code, stderr } = await run(
    'demo',
    '--peers',
    '4',
    '--protocol',
    'rb-tm',
    '--data',
    '/nowhere',
    '--steps',
    '1',
  )
  t.is(code, 2, stderr)
  t.is(stderr.split('/nowhere').length, 2, stderr)
})

test('joining with a key that is not a member’s names its id and the members', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'concord-'))
  t.teardown(() => rm(folder, { recursive: true }))
  const [cohort, key] = [join(folder, 'c.yaml'), join(folder, 'me.pem')]
  await writeFile(cohort, formatCohort(testCohort()))
  const { stdout: id, code: made } = await run('keygen', key)
  t.is(made, 0)
  const { code, stderr } = await run('join', '--cohort', cohort, '--identity', key)
  t.is(code, 2)
  t.true(stderr.includes(id.trim()) && stderr.includes('peer-3') && stderr.includes('not a member'), stderr)
})

test('every command has a help with an example', async t => {
  for (const each of commands)
    for (const command of 'commands' in each ? each.commands : [each]) {
      t.true(command.examples.length > 0, command.name)
      t.true(command.summary.length > 0, command.name)
    }
  const { code, stdout, stderr } = await run('simulate', '--help')
  t.is(code, 0)
  t.is(stderr, '')
  t.regex(stdout, /Examples?:\n {2}concord simulate /)
  for (const name of attackNames) t.true(stdout.replaceAll(/\s+/g, ' ').includes(name), name)
})

test('without a command the help is shown, and the exit code says that this is no job', async t => {
  const { code, stdout, stderr } = await run()
  t.is(code, 2)
  t.regex(stdout + stderr, /Usage: concord/)
})

test('the version is that of the package', async t => {
  const { stdout, code } = await run('--version')
  t.is(code, 0)
  t.regex(stdout, /^\d+\.\d+\.\d+\n$/)
})

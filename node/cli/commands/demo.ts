/** `concord demo`: a cohort of real peers on this machine, one process each, while one of them lies. */
import { defineCommand, flag, maybe } from '../command.ts'
import { gossipCohortOptions } from '../gossip-cohort.ts'
import { learningOptions } from '../learning-options.ts'
import { digestFirst, scenarioOptions } from '../options.ts'
import { pageOptions, preparePage } from '../page/page-options.ts'
import { decimal, text } from '../parse.ts'

export const demo = defineCommand({
  name: 'demo',
  summary: 'a cohort of real peers on this machine, one process each, while some of them lie',
  about:
    'Starts one "concord join" for each peer, over libp2p on the loopback address, and shows what they do. Then runs the same cohort, data and attack with plain averaging in the simulator, for contrast.',
  options: {
    ...scenarioOptions,
    ...digestFirst,
    ...gossipCohortOptions,
    ...learningOptions,
    timeout: maybe(
      '--timeout <seconds>',
      'give up after this long',
      decimal({ above: 0, max: 2_000_000 }),
      'never',
    ),
    quic: flag('--quic', 'peers speak QUIC with each other instead of TCP'),
    contrast: flag('--no-contrast', 'leave out the contrast with plain averaging (always so with --oracle)'),
    ...pageOptions,
    report: maybe('--report <file>', 'write the report as JSON', text),
    json: flag('--json', 'print the report as JSON; progress goes to standard error'),
  },
  examples: [
    '',
    '--attack random --steps 200',
    '--oracle "python3 python/examples/torch_mnist.py" --data path/to/mnist --rate 0.2',
    '--topology regular:6 --peers 12 --byzantine 1',
    '--protocol rb-tm --peers 4 --data path/to/mnist --report run.json',
  ],
  async handler(values, _, terminal) {
    await preparePage(values)
    const { runDemo } = await import('../demo/run-demo.ts')
    return runDemo(values, terminal)
  },
})

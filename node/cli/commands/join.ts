/** `concord join`: one real peer of a cohort. `demo` starts one of these for each peer. */
import { attackNames } from '../../../learning/attacks/registry.ts'
import { loadAttack } from '../../files/attack-file.ts'
import { attackReference } from '../attack-options.ts'
import { defineCommand, flag, maybe, option, UsageError } from '../command.ts'
import { operatingOptions } from '../join/operating-options.ts'
import { learningOptions } from '../learning-options.ts'
import { augmentOption, memberDataOptions } from '../options.ts'
import { pageOptions, preparePage } from '../page/page-options.ts'
import { byteCount, decimal, integer, text } from '../parse.ts'
import { prepareReport } from '../report-output.ts'

export const join = defineCommand({
  name: 'join',
  summary: 'be one peer of a cohort, on a real network',
  about:
    'Every member runs this with the same cohort file and an identity file of its own (concord keygen). The peers find each other by the addresses in the file and by mDNS.',
  options: {
    cohort: maybe('--cohort <file>', 'the cohort file', text, 'required'),
    identity: maybe('--identity <file>', "this peer's identity file", text, 'required'),
    ...memberDataOptions,
    ...augmentOption,
    ...learningOptions,
    listen: maybe(
      '--listen <addresses>',
      'multiaddrs to listen on, separated by commas; /udp/4001/quic-v1 for QUIC',
      text,
      "the ports of this peer's addresses in the file, else free ones, on IPv4 and IPv6",
    ),
    mdns: flag('--no-mdns', 'do not look for members on the local network'),
    state: maybe(
      '--state <dir>',
      'where this peer remembers what it signed; none: nowhere',
      text,
      'beside the identity file',
    ),
    keepBytes: maybe(
      '--keep-bytes <size>',
      'the most to keep of past steps for slower members, such as 500M or 8G',
      byteCount,
      '4G; always two steps, never more than 16',
    ),
    forget: flag('--forget', 'move a damaged log aside and start without memory, instead of refusing it'),
    dataChanged: flag(
      '--data-changed',
      'go on with own data that has changed since this peer first joined, instead of refusing it',
    ),
    attack: maybe(
      '--attack <name>',
      `misbehave on purpose, to test a cohort: ${attackNames.join(', ')}, or a file such as ./mine.ts`,
      attackReference,
      'none',
    ),
    linger: option(
      '--linger <seconds>',
      'how long to serve slower members after finishing',
      integer({ min: 0 }),
      60,
    ),
    ...operatingOptions,
    ...pageOptions,
    report: maybe('--report <file>', 'write the report as JSON', text),
    json: flag('--json', 'print the report as JSON; progress goes to standard error'),
    observe: {
      ...maybe('--observe <k>', 'send vectors to the parent every k steps', integer({ min: 1 })),
      hidden: true,
    },
    recordedFrom: {
      ...maybe('--recorded-from <ms>', 'the beginning of the parent’s run', decimal({ min: 0 })),
      hidden: true,
    },
  },
  examples: [
    '--cohort cohort.yaml --identity alice.pem',
    '--cohort cohort.yaml --identity alice.pem --data ours.csv',
    '--cohort cohort.yaml --identity carol.pem --oracle "python3 train.py" --save learnt.safetensors',
    '--cohort cohort.yaml --identity dora.pem --log json --metrics 9464',
    '--cohort cohort.yaml --identity bob.pem --listen /ip4/0.0.0.0/tcp/4001 --data path/to/mnist',
  ],
  async handler(values, _, terminal) {
    const { cohort, identity } = values
    if (cohort === null)
      throw new UsageError('--cohort is missing; expected the cohort file, such as --cohort cohort.yaml')
    if (identity === null)
      throw new UsageError(
        '--identity is missing; expected the file that "concord keygen" made, such as --identity alice.pem',
      )
    await prepareReport(values, terminal)
    await preparePage(values)
    const { runJoin } = await import('../join/run-join.ts')
    const attack = values.attack === null ? null : await loadAttack(values.attack)
    return runJoin({ ...values, cohort, identity, attack }, terminal)
  },
})

/** `concord doctor`: whether a peer can run here, and if not, why and what to do. */
import type { Finding } from '../../doctor/finding.ts'
import type { Cost } from '../../doctor/local.ts'
import { defineCommand, flag, maybe, option } from '../command.ts'
import { byteCount, decimal, text } from '../parse.ts'
import type { Terminal } from '../terminal.ts'
import { counted, duration, megabytes } from '../view/format.ts'

export const doctor = defineCommand({
  name: 'doctor',
  summary: 'look at everything that a peer needs, and say what is wrong and what to do',
  about:
    'Key, membership, bound, clock, ports, mDNS, disk, and each other member: whether it can be reached, with which version and which cohort file. Disturbs no running peer. Exit code 0 if nothing fails, 1 if something does.',
  arguments: [{ name: '<cohort>', about: 'the cohort file' }],
  options: {
    identity: maybe('--identity <file>', "this peer's identity file", text, 'without it: no peers, no ports'),
    state: maybe('--state <dir>', 'as given to join', text, 'beside the identity file'),
    keepBytes: maybe('--keep-bytes <size>', 'as given to join', byteCount, '4G'),
    listen: maybe(
      '--listen <addresses>',
      'as given to join',
      text,
      "the ports of this peer's addresses in the file",
    ),
    mdns: flag('--no-mdns', 'do without mDNS'),
    data: maybe(
      '--data <path>',
      'as given to join: digits, a .csv, .tsv or .parquet file, or a folder with IDX, CIFAR-10, .csv, .parquet or .npy files, or with a folder of .png and .jpg images for each class; PATH?missing=mean fills missing values, PATH?size=28x28&channels=1 brings images to a size; this member’s own table or images where the cohort has a schema',
      text,
      'digits',
    ),
    timeout: option(
      '--timeout <seconds>',
      'how long a peer has to answer',
      decimal({ above: 0, max: 600 }),
      5,
    ),
    json: flag('--json', 'print { healthy, findings, cost } as JSON'),
  },
  examples: ['cohort.yaml --identity alice.pem', 'cohort.yaml --identity alice.pem --json'],
  async handler({ identity, state, keepBytes, listen, mdns, data, timeout, json }, [path], terminal) {
    if (json) terminal.reserveOutput()
    const [{ examine }, { ownPorts, stateBeside }, { askStatus, controlPath }, { softwareName }] =
      await Promise.all([
        import('../../doctor/doctor.ts'),
        import('../../daemon/places.ts'),
        import('../../daemon/control.ts'),
        import('../../daemon/version.ts'),
      ])
    const beside = (id: string) => (identity === null ? null : stateBeside(identity, id))
    const diagnosis = await examine({
      cohortPath: path!,
      identityPath: identity,
      ...(keepBytes !== null && { keepBytes }),
      mdns,
      data,
      software: softwareName(),
      timeoutMs: 1000 * timeout,
      listen: (cohort, self) => listen?.split(',') ?? ownPorts(cohort, self),
      stateDirectory: id => (state === 'none' ? null : (state ?? beside(id))),
      isRunning: directory =>
        askStatus(controlPath(directory)).then(
          () => true,
          () => false,
        ),
      onFinding: finding => {
        for (const line of findingLines(finding, terminal)) terminal.print(line)
      },
    })
    const { findings, cost, healthy } = diagnosis
    if (cost !== null) terminal.print(costSentence(cost))
    const count = (verdict: Finding['verdict']) => findings.filter(each => each.verdict === verdict).length
    terminal.print(
      healthy
        ? `Nothing is in the way${count('warning') > 0 ? `; ${counted(count('warning'), 'thing')} to look at` : ''}.`
        : `${counted(count('failed'), 'thing')} to put right.`,
    )
    if (json) terminal.json(diagnosis)
    return healthy ? 0 : 1
  },
})

const marks = { ok: ['green', 'ok  '], warning: ['yellow', 'look'], failed: ['red', 'FAIL'] } as const

function findingLines({ check, verdict, says, todo }: Finding, { paint }: Terminal): readonly string[] {
  const [colour, mark] = marks[verdict]
  return [`${paint(colour, mark)}  ${check}: ${says}`, ...(todo === null ? [] : [`        ${todo}`])]
}

function costSentence({ dimension, exchanges, bytes, seconds }: Cost): string {
  return (
    `A step sends ${megabytes(bytes)} and receives as much (${counted(exchanges, 'exchange')} of ${dimension} parameters): ` +
    `${seconds < 1 ? `${Math.ceil(1000 * seconds)} ms` : duration(seconds)} over links of 100 Mbit/s, besides the gradient.`
  )
}

/** Lets a page look on at one averaging agreement. */
import { softwareName } from '../../daemon/version.ts'
import { attackText } from '../../page/about.ts'
import { createPathRecorder } from '../../page/paths.ts'
import type { RunAbout } from '../../page/run.ts'
import { createWorldRecorder } from '../../page/world.ts'
import type { Onlooker } from '../../simulation/onlooker.ts'
import type { Agreement, AgreeReport } from '../agreement.ts'
import type { Terminal } from '../terminal.ts'
import type { PageValues } from './page-options.ts'
import { showRun } from './show-run.ts'

interface AgreementLook {
  readonly onlooker: Onlooker
  /** @param sentences how the command sums it up */
  ended(report: AgreeReport, trace: string | null, sentences: readonly string[]): Promise<void>
}

/** Null where nobody wants to look. */
export async function lookOnAgreement(
  agreement: Agreement,
  values: PageValues,
  terminal: Terminal,
): Promise<AgreementLook | null> {
  const page = await showRun(aboutAgreement(agreement), values, terminal)
  if (page === null) return null
  const { recorder } = page
  const { settings, byzantine, inputs } = agreement
  const honest = [...inputs.keys()].filter(peer => !byzantine.peers.includes(peer))
  const world = createWorldRecorder(recorder, settings.quorum)
  const path = createPathRecorder(settings, honest)
  return {
    onlooker: {
      ...world,
      output(self, output) {
        path.output(self, output)
        world.output(self, output)
      },
    },
    async ended(report, trace, sentences) {
      world.ended()
      const paths = path.paths()
      if (paths !== null) recorder.tell({ kind: 'paths', ms: recorder.document().ms, paths })
      const { within, violations, messages, bytes, wallSeconds } = report
      await page.ended({
        outcome: within === false ? 'failed' : 'finished',
        sentences,
        violations: violations.map(({ checker, detail }) => `${checker}: ${detail}`),
        messages,
        bytes,
        wallSeconds,
        learningSeconds: null,
        trace,
        results: report.outputs.map(({ peer, distanceToMean }) => ({
          peer,
          loss: null,
          accuracy: null,
          distance: distanceToMean,
          bytesSent: recorder.document().peers[peer]!.bytesSent,
          bytesReceived: recorder.document().peers[peer]!.bytesReceived,
        })),
      })
    },
  }
}

function aboutAgreement({ settings, inputs, byzantine, target, seed }: Agreement): RunAbout {
  const { protocol, synchrony, maxFaulty, dimension, iterations, quorum, precision = 'f32' } = settings
  const lie = byzantine.attack === null ? '' : `, ${byzantine.attack.name}`
  return {
    command: 'agree',
    title: `agree: ${protocol}, ${inputs.length} peers${lie}`,
    software: softwareName(),
    startedMs: null,
    clock: 'virtual',
    cohort: null,
    protocol,
    synchrony,
    maxFaulty,
    peers: inputs.map((_, peer) => {
      const lies = byzantine.peers.includes(peer)
      const attack = lies && byzantine.attack !== null ? attackText(byzantine.attack) : null
      return { name: `peer-${peer}`, id: null, honest: !lies, attack }
    }),
    self: null,
    steps: 1,
    dimension,
    seed,
    settings: [
      ['iterations', String(iterations)],
      ['target', target === null ? 'none' : `AVG_${target}`],
      ['precision', precision],
      ...(quorum === undefined ? [] : [['quorum', String(quorum)] as const]),
    ],
  }
}

/** Progress of a download: a bar on a terminal, a line every tenth elsewhere. */
import { SingleBar } from 'cli-progress'
import type { FetchProgress } from '../../data/fetch.ts'
import type { Terminal } from '../terminal.ts'
import { megabytes } from './format.ts'

interface FetchView {
  update(progress: FetchProgress): void
  note(line: string): void
  stop(): void
}

export function createFetchView(terminal: Terminal): FetchView {
  let bar: SingleBar | null = null
  let file = ''
  let tenth = -1
  const stop = () => {
    bar?.stop()
    bar = null
    file = ''
  }
  return {
    stop,
    note(line) {
      stop()
      terminal.print(line)
    },
    update(progress) {
      const { bytes, of } = progress
      const text = `${megabytes(bytes)} of ${megabytes(of)}`
      if (progress.file !== file) {
        stop()
        file = progress.file
        tenth = -1
        if (terminal.live) {
          bar = new SingleBar({
            format: '{file} {bar} {text}',
            stream: terminal.live,
            barsize: 24,
            hideCursor: true,
          })
          bar.start(of, bytes, { file: terminal.shown(file), text })
        }
      }
      if (bar) bar.update(bytes, { file: terminal.shown(file), text })
      else if (Math.floor((10 * bytes) / of) > tenth) {
        tenth = Math.floor((10 * bytes) / of)
        terminal.print(`${file}: ${text}`)
      }
      if (bytes === of) stop()
    },
  }
}

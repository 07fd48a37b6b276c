/** A quiet end once the reader of this program's output has gone: `concord demo | head`. */

/** As shells count an end by SIGPIPE, which Node turns into an error of the stream. */
const EXIT_CODE = 141

interface Output {
  on(event: 'error', listener: (error: NodeJS.ErrnoException) => void): unknown
}

/**
 * The end of a reader ends the program as a SIGTERM does: a command that cleans up at one does so now, all others end
 * at once. What is written meanwhile is lost without a word.
 *
 * @param exit ends the process
 * @param stop asks the command to end; false where nothing listens
 */
export function endWithReader(
  outputs: readonly Output[],
  stop: () => boolean,
  exit: (code: number) => void,
): void {
  let isStopping = false
  for (const output of outputs)
    output.on('error', error => {
      if (error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_DESTROYED') throw error
      if (isStopping) return
      isStopping = true
      if (!stop()) exit(EXIT_CODE)
    })
}

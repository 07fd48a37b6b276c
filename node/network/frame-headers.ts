/** Reads the headers of frames off the bytes of a connection, in order and however they are cut; skips the bodies. */

/** @param onHeader called as soon as a header is complete; returns how many bytes follow it */
export function frameHeaders(
  headerBytes: number,
  onHeader: (header: DataView) => number,
): (chunk: Uint8Array) => void {
  const header = new Uint8Array(headerBytes)
  const view = new DataView(header.buffer)
  let headerFilled = 0
  let bodyLeft = 0
  return chunk => {
    for (let at = 0; at < chunk.length; ) {
      const skipped = Math.min(bodyLeft, chunk.length - at)
      bodyLeft -= skipped
      at += skipped
      while (headerFilled < headerBytes && at < chunk.length) header[headerFilled++] = chunk[at++]!
      if (headerFilled < headerBytes) continue
      headerFilled = 0
      bodyLeft = onHeader(view)
    }
  }
}

/** multistream-select 1.0: lines behind their length; one side names a protocol, the other repeats it or says "na". */
import { LINE_BYTES_MAX, LINES_MAX } from './limits.ts'
import { prefixed } from './protobuf.ts'
import { RawError } from './queue.ts'
import type { Channel } from './socket.ts'

export const MULTISTREAM = '/multistream/1.0.0'

/** "/noise" as it goes over the wire. */
export function line(text: string): Buffer {
  return prefixed(Buffer.from(`${text}\n`))
}

/** Names the protocol, and rejects if the other side does not repeat it. */
export async function selectProtocol(channel: Channel, protocol: string): Promise<void> {
  channel.write(Buffer.concat([line(MULTISTREAM), line(protocol)]))
  const greeting = await readLine(channel)
  if (greeting !== MULTISTREAM) throw new RawError(`"${greeting}" instead of ${MULTISTREAM}`)
  const answer = await readLine(channel)
  if (answer !== protocol) throw new RawError(`${protocol} was answered with "${answer}"`)
}

/** Answers the other side's choice: the first of these that it names. */
export async function handleProtocol(channel: Channel, protocols: readonly string[]): Promise<string> {
  for (let lines = 0; lines < LINES_MAX; lines++) {
    const wanted = await readLine(channel)
    if (wanted === MULTISTREAM) channel.write(line(MULTISTREAM))
    else if (protocols.includes(wanted)) {
      channel.write(line(wanted))
      return wanted
    } else channel.write(line('na'))
  }
  throw new RawError('the other side named no protocol that is spoken here')
}

export async function readLine(channel: Channel): Promise<string> {
  let length = 0
  for (let bits = 0; ; bits += 7) {
    const [byte] = await channel.read(1)
    length += (byte! & 127) << bits
    if (byte! < 128) break
    if (bits > 7) throw new RawError('a line of multistream-select without an end')
  }
  if (length > LINE_BYTES_MAX) throw new RawError(`a line of ${length} bytes`)
  return String(await channel.read(length)).trimEnd()
}

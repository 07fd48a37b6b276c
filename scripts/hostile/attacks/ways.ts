/** What attacks share: acting as a member towards every victim, again and again, and waiting a moment. */

import type { Message } from '../../../agreement/message.ts'
import { decodeLinkFrame, encodeMessage } from '../../../node/codec/index.ts'
import {
  dialSecure,
  dialSession,
  type JoinOptions,
  join,
  linkFrame,
  type SecureChannel,
  type Talk,
  type YamuxSession,
} from '../raw/index.ts'
import type { Counter, Scene, Victim } from '../scene.ts'

/** Between two attempts at the same victim: as fast as makes sense, without spinning. */
export const RETRY_MS = 200

export function pause(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms))
}

/** Lets the process see to its sockets. */
export function breathe(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}

/** Against each victim at once, as often as it ends or fails; a failure before `counter.connections` grew is a refusal. */
export async function againstEach(
  { victims }: Scene,
  counter: Counter,
  once: (victim: Victim, connected: () => void) => Promise<void>,
  retryMs = RETRY_MS,
): Promise<void> {
  await Promise.all(
    victims.map(async victim => {
      for (;;) {
        let isConnected = false
        const connected = (): void => {
          isConnected = true
          counter.connections++
        }
        await once(victim, connected).catch(() => {
          if (!isConnected) counter.refused++
        })
        await pause(retryMs)
      }
    }),
  )
}

export const memberOptions = (scene: Scene, victim: Victim): JoinOptions => ({
  seed: scene.seed,
  hello: { cohortId: scene.cohortId },
  opens: scene.self < victim.peer,
})

/** With the member's key as far as the encrypted channel. */
export function onChannel(
  scene: Scene,
  counter: Counter,
  act: (channel: SecureChannel, victim: Victim) => Promise<void>,
): Promise<void> {
  return againstEach(scene, counter, async (victim, connected) => {
    const channel = await dialSecure(victim, { seed: scene.seed })
    counter.watch(channel.socket)
    connected()
    await act(channel, victim).finally(() => channel.socket.destroy())
  })
}

/** As far as the multiplexer. */
export function onSession(
  scene: Scene,
  counter: Counter,
  act: (session: YamuxSession, victim: Victim) => Promise<void>,
): Promise<void> {
  return againstEach(scene, counter, async (victim, connected) => {
    const session = await dialSession(victim, { seed: scene.seed })
    counter.watch(session.channel.socket)
    connected()
    await act(session, victim).finally(() => session.channel.socket.destroy())
  })
}

/** As a member in good standing. */
export function onTalk(
  scene: Scene,
  counter: Counter,
  act: (talk: Talk, victim: Victim) => Promise<void>,
  options: Partial<JoinOptions> = {},
): Promise<void> {
  return againstEach(scene, counter, async (victim, connected) => {
    const talk = await join(victim, { ...memberOptions(scene, victim), ...options })
    counter.watch(talk.session.channel.socket)
    connected()
    await act(talk, victim).finally(talk.close)
  })
}

/** An incarnation: any number but zero. */
export const INCARNATION = 99

/** Says where it is, and then these frames for as long as they are taken; the sequence begins anew on each connection. */
export function flood(
  scene: Scene,
  counter: Counter,
  next: (sequence: number, victim: Victim) => Uint8Array | null,
): Promise<void> {
  return onTalk(scene, counter, async (talk, victim) => {
    talk.stream.discard()
    await talk.send(linkFrame.resume({ incarnation: INCARNATION }))
    for (let sequence = 1; ; sequence++) {
      const frame = next(sequence, victim)
      if (frame === null) await pause(RETRY_MS)
      else {
        await talk.send(frame)
        counter.acts++
      }
      if (sequence % 16 === 0) await breathe()
    }
  })
}

/** A data frame of one message. */
export function dataOf(sequence: number, message: Message): Buffer {
  return linkFrame.data(sequence, [Buffer.concat(encodeMessage(message))])
}

/** The messages in a victim's frame; nothing if it has none. */
export function messagesIn({ peers, dimension, steps }: Scene, frame: Buffer): readonly Message[] {
  const limits = { peers, dimension, stepsMax: steps, iterationsMax: 1000 }
  const decoded = decodeLinkFrame([frame], limits)
  if (!('kind' in decoded) || decoded.kind !== 'data') return []
  return decoded.messages.flatMap(received => ('message' in received ? [received.message] : []))
}

export function randomInteger(below: number): number {
  return Math.floor(below * Math.random())
}

export function pick<T>(from: readonly T[]): T {
  return from[randomInteger(from.length)]!
}

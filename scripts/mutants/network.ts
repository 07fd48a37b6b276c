/** The mutants of dialling and of links. Their tests hunt them. */
import type { Mutant } from './mutant.ts'

const test = { within: 1, test: 'test/node/network/redial.test.ts' }

export const networkMutants: readonly Mutant[] = [
  {
    name: 'all-dialled-at-once',
    file: 'node/network/dial-window.ts',
    line: 'hasRoomBeside: dials => dials < Math.floor(width)',
    becomes: 'hasRoomBeside: () => true',
    ...test,
  },
  {
    name: 'liars-narrow-the-window',
    file: 'node/network/dial-window.ts',
    line: 'timedOut.size <= faults || begunMs < halvedMs',
    becomes: 'begunMs < halvedMs',
    ...test,
  },
  {
    name: 'an-old-time-out-counts-for-ever',
    file: 'node/network/dial-window.ts',
    line: 'timedOut.delete(peer)',
    becomes: 'timedOut.has(peer)',
    ...test,
  },
  {
    name: 'comers-and-goers-widen',
    file: 'node/network/dial-window.ts',
    line: 'if (!isNews || ',
    becomes: 'if (',
    ...test,
  },
  {
    name: 'late-dials-of-the-present-count',
    file: 'node/network/dial-queue.ts',
    line: '!isConnected && !came.has(peer)',
    becomes: '!isConnected',
    ...test,
  },
  {
    name: 'only-the-longest-waiting',
    file: 'node/network/dial-queue.ts',
    line: 'isTurnOfLongest ? longest! : least',
    becomes: 'longest!',
    ...test,
  },
  {
    name: 'only-the-least-failed',
    file: 'node/network/dial-queue.ts',
    line: 'isTurnOfLongest ? longest! : least',
    becomes: 'least',
    ...test,
  },
  {
    name: 'old-votes-not-sent-again',
    file: 'node/link/outbox.ts',
    line: 'const past = state.ahead + 1',
    becomes: 'const past = 0',
    within: 1,
    test: 'test/node/link/restart.test.ts',
  },
  {
    name: 'old-vectors-sent-again',
    file: 'node/runtime/send.ts',
    line: "return bringsVector(message) && !broadcasts && message.slot.phase !== 'metrics'",
    becomes: "return false && bringsVector(message) && !broadcasts && message.slot.phase !== 'metrics'",
    within: 1,
    test: 'test/agreement/message.test.ts',
  },
]

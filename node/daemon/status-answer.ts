/** Checks the answer of a socket to `concord status` before it is shown, because another program may own the socket. */
import { z } from 'zod'
import { ControlError } from './control.ts'
import type { PeerStatus } from './status.ts'

const number = z.number()
const text = z.string()
const kinds = z.array(z.object({ kind: text, count: number }))
const kept = { keptMessages: number, keptBytes: number, resentBytes: number }
const link = z.object({ ...kept, unacknowledged: number, withheld: number, finished: z.boolean() })
const other = z.object({
  peer: number,
  name: text,
  connected: z.boolean(),
  convicted: z.boolean(),
  faults: kinds,
  seconds: number.nullable(),
  step: number.nullable(),
  lag: number.nullable(),
  evidence: text.nullable(),
  link: link.nullable(),
})
const missing = z.array(z.object({ peer: number, seconds: number }))
const figure = number.nullable()
const figures = z.object({
  accuracy: figure,
  balancedAccuracy: figure,
  f1: figure,
  auroc: figure,
  rmse: figure,
  r2: figure,
})
const statusSchema = z.object({
  software: text,
  pid: number,
  uptimeSeconds: number,
  step: number,
  steps: number,
  cohort: z.object({ name: text, id: text, faults: number }),
  self: z.object({ peer: number, name: text, id: text }),
  addresses: z.array(text),
  phase: z.enum(['gradient', 'parameters', 'metrics', 'catching-up', 'finished', 'diverged']),
  computing: z.boolean(),
  stillSeconds: number,
  waiting: z.object({ needed: number, missing }).nullable(),
  loss: number.nullable(),
  accuracy: number.nullable(),
  evaluation: z.object({ step: number, agreed: figures, own: figures }).nullable(),
  traffic: z.object({ messages: number, bytesSent: number, bytesReceived: number }),
  memory: z.object({
    rssBytes: number,
    peakBytes: number,
    heapBytes: number,
    externalBytes: number,
    arrayBufferBytes: number,
  }),
  peers: z.array(other),
  strangers: kinds,
  secondProcess: z.object({ address: text, by: z.array(number), seconds: number }).nullable(),
}) satisfies z.ZodType<PeerStatus>

/** @throws ControlError `control-unreachable`: another program, or another version, answers there */
export function checkStatus(answer: unknown, path: string): PeerStatus {
  const parsed = statusSchema.safeParse(answer)
  if (parsed.success) return parsed.data
  const place = parsed.error.issues[0]?.path.join('.')
  throw new ControlError(
    'control-unreachable',
    `${path}: the answer from there is not the status of a peer${place ? ` (see ${place})` : ''}; expected the socket of a peer that "concord join" of this version runs`,
  )
}

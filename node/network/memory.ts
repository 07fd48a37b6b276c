/**
 * One setting of the runtime, for a process that moves vectors.
 *
 * V8 starts a full collection each time 64 MB of buffers outside its heap have come and gone, and marks the
 * whole heap for it, though there is nothing on it to free. A peer that exchanges vectors gets there every
 * second or third exchange. With this flag such buffers count towards the ordinary limit, which grows and shrinks
 * with what is alive. Measured among 7 processes: exchanges of 318 KB vectors in 29 instead of 43 ms, of 1.7 MB
 * in 118 instead of 180 ms; the process grows from 230 to 290 MB.
 */
import v8 from 'node:v8'

/** V8 13 (Node 24) has the flag; others would complain about it on standard error. */
const KNOWN_TO = '13.'

/** For the start of a program, not for a library: it concerns the whole process. */
export function countBuffersAsHeap(): void {
  if (process.versions.v8.startsWith(KNOWN_TO))
    v8.setFlagsFromString('--external-memory-accounted-in-global-limit')
}

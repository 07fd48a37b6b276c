/**
 * Loads the array library so that it computes the same bits on every machine.
 *
 * On Node it runs on WebAssembly SIMD in the calling thread: it starts threads of its own only where the
 * browser's `Worker` exists. Where the machine offers relaxed SIMD it would fuse multiplications and additions,
 * and whether those are rounded once or twice depends on the processor; it decides by one probe with
 * `WebAssembly.validate`, at its first kernel, and remembers the answer. The probe is answered "no" here: it
 * costs nothing measurable in a matrix product, and the trace of a run no longer depends on the machine.
 */
import type { Jax } from '../models/model.ts'

/** The one member needed here; its declaration comes with the browser's library, which the project leaves out. */
const { WebAssembly } = globalThis as unknown as { WebAssembly: { validate(bytes: Uint8Array): boolean } }

let loading: Promise<Jax> | undefined

export function loadJax(): Promise<Jax> {
  loading ??= import('@jax-js/jax').then(jax => {
    const validate = WebAssembly.validate
    WebAssembly.validate = () => false
    try {
      // The smallest kernel makes the library probe.
      jax.numpy.array([1]).add(1).dataSync()
    } finally {
      WebAssembly.validate = validate
    }
    return jax
  })
  return loading
}

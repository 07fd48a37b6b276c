/**
 * Loads the array library so that it computes the same bits on every machine.
 *
 * On Node it runs on WebAssembly SIMD in the calling thread: it starts threads of its own only where the browser's
 * `Worker` exists. On a machine with relaxed SIMD it would fuse multiplications and additions, and the processor
 * decides whether those are rounded once or twice. The library decides by one probe with `WebAssembly.validate`, at its
 * first kernel, and remembers the answer. Here the probe is answered "no". That costs nothing measurable in a matrix
 * product, and the trace of a run no longer depends on the machine.
 */
import type { Jax } from '../models/model.ts'

type Imports = { readonly env?: { readonly memory?: unknown } }
type Instantiate = new (module: object, imports: Imports) => object

/** The members needed here; their declarations come with the browser's library, which the project leaves out. */
const { WebAssembly } = globalThis as unknown as {
  WebAssembly: { validate(bytes: Uint8Array): boolean; Instance: Instantiate }
}

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

const instances = new WeakMap<object, { readonly memory: unknown; readonly instance: object }>()

/**
 * Runs code that calls the library synchronously, and instantiates each of its kernels once. The library does so at
 * each call, which takes a third of the time of a small model's gradient. Its kernels are functions without state over
 * one memory. Outside of `work` nothing is changed.
 */
export function reusingKernels<T>(work: () => T): T {
  const Instance = WebAssembly.Instance
  WebAssembly.Instance = function reuse(module: object, imports: Imports) {
    const memory = imports.env?.memory
    const known = instances.get(module)
    if (known !== undefined && known.memory === memory) return known.instance
    const instance = new Instance(module, imports)
    instances.set(module, { memory, instance })
    return instance
  } as unknown as Instantiate
  try {
    return work()
  } finally {
    WebAssembly.Instance = Instance
  }
}

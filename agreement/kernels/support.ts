/** Whether this machine runs the emitted kernels. */
import { kernelModule, v128 } from './wasm.ts'

/** True with WebAssembly SIMD; without it the rules run plain code and give the same bits. */
export const hasKernels = supported()

function supported(): boolean {
  if (typeof WebAssembly === 'undefined') return false
  return WebAssembly.validate(kernelModule(1, undefined, () => v128.store([0x20, 0], v128.zero())))
}

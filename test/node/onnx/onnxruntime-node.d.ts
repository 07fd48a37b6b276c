/** What the tests use of the package, which comes without types. */
declare module 'onnxruntime-node' {
  export class Tensor {
    constructor(type: 'float32', data: Float32Array, dims: readonly number[])
    constructor(type: 'uint8', data: Uint8Array, dims: readonly number[])
    constructor(type: 'string', data: readonly string[], dims: readonly number[])
    readonly dims: readonly number[]
    readonly data: Float32Array | Uint8Array | readonly string[]
  }
  export class InferenceSession {
    static create(
      model: Uint8Array,
      options: { readonly intraOpNumThreads: number },
    ): Promise<InferenceSession>
    readonly inputNames: readonly string[]
    readonly outputNames: readonly string[]
    run(feeds: Readonly<Record<string, Tensor>>): Promise<Readonly<Record<string, Tensor>>>
  }
}

/** Passes over vectors as data: all that a thread has to know to do its part of one. */
import type { PairTerm } from './emit-pairs.ts'

/** Makes one vector of all, coordinate by coordinate. */
export type ColumnPass =
  | { readonly kind: 'sum'; readonly divisor: number }
  | { readonly kind: 'combine'; readonly weights: readonly number[] }
  | { readonly kind: 'ranks'; readonly from: number; readonly to: number }
  | { readonly kind: 'middle'; readonly low: number; readonly high: number }
  | { readonly kind: 'around'; readonly drop: number }

/** Makes one number of each pair of vectors, or of each vector and one point. */
export type PairPass =
  | { readonly kind: 'to'; readonly withPoint: boolean }
  | { readonly kind: 'pairs'; readonly term: PairTerm; readonly centred: boolean }

/** A pass over rows that all lie in the kernels' memory. */
export type SlicedPass = { readonly addresses: readonly number[]; readonly d: number } & (
  | { readonly kind: 'columns'; readonly pass: ColumnPass }
  | { readonly kind: 'blocks'; readonly pass: PairPass; readonly length: number }
)

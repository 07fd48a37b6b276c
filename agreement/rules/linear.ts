/** The little dense linear algebra that rules need for a handful of vectors: `n × n` matrices, row by row. */

/**
 * Solves `matrix · x = right` by elimination with row pivots; both are overwritten. Nothing if the matrix is singular.
 */
export function solve(matrix: Float64Array, right: Float64Array): Float64Array | undefined {
  const n = right.length
  for (let column = 0; column < n; column++) {
    let pivot = column
    for (let row = column + 1; row < n; row++)
      if (Math.abs(matrix[row * n + column]!) > Math.abs(matrix[pivot * n + column]!)) pivot = row
    const top = matrix[pivot * n + column]!
    if (!(Math.abs(top) > 0)) return undefined
    swapRows(matrix, right, pivot, column)
    for (let row = column + 1; row < n; row++) {
      const factor = matrix[row * n + column]! / top
      if (factor === 0) continue
      for (let k = column; k < n; k++) matrix[row * n + k]! -= factor * matrix[column * n + k]!
      right[row]! -= factor * right[column]!
    }
  }
  for (let row = n - 1; row >= 0; row--) {
    for (let k = row + 1; k < n; k++) right[row]! -= matrix[row * n + k]! * right[k]!
    right[row]! /= matrix[row * n + row]!
  }
  return right.every(Number.isFinite) ? right : undefined
}

function swapRows(matrix: Float64Array, right: Float64Array, a: number, b: number): void {
  if (a === b) return
  const n = right.length
  const row = matrix.slice(a * n, a * n + n)
  matrix.copyWithin(a * n, b * n, b * n + n)
  matrix.set(row, b * n)
  const value = right[a]!
  right[a] = right[b]!
  right[b] = value
}

/**
 * The largest eigenvalue of a symmetric matrix, and its eigenvector, by cyclic Jacobi rotations until what is
 * off the diagonal is below rounding. The matrix is overwritten.
 */
export function largestEigenpair(matrix: Float64Array, n: number): { value: number; vector: Float64Array } {
  const vectors = new Float64Array(n * n)
  for (let j = 0; j < n; j++) vectors[j * n + j] = 1
  for (let sweep = 0; sweep < 60 && rotateAll(matrix, vectors, n); sweep++);
  let top = 0
  for (let j = 1; j < n; j++) if (matrix[j * n + j]! > matrix[top * n + top]!) top = j
  return {
    value: matrix[top * n + top]!,
    vector: Float64Array.from({ length: n }, (_, j) => vectors[j * n + top]!),
  }
}

/** One rotation for each pair of axes; whether any was needed. */
function rotateAll(matrix: Float64Array, vectors: Float64Array, n: number): boolean {
  let rotated = false
  for (let p = 0; p < n; p++)
    for (let q = p + 1; q < n; q++) {
      const off = matrix[p * n + q]!
      const [a, b] = [matrix[p * n + p]!, matrix[q * n + q]!]
      if (Math.abs(off) <= 1e-16 * Math.sqrt(Math.abs(a * b)) || off === 0) continue
      rotated = true
      const theta = (b - a) / (2 * off)
      const tangent = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1))
      const cosine = 1 / Math.sqrt(tangent * tangent + 1)
      rotate(matrix, vectors, n, p, q, cosine, tangent * cosine)
    }
  return rotated
}

function rotate(
  m: Float64Array,
  v: Float64Array,
  n: number,
  p: number,
  q: number,
  c: number,
  s: number,
): void {
  for (let k = 0; k < n; k++) mix(m, k * n + p, k * n + q, c, s)
  for (let k = 0; k < n; k++) mix(m, p * n + k, q * n + k, c, s)
  for (let k = 0; k < n; k++) mix(v, k * n + p, k * n + q, c, s)
}

function mix(values: Float64Array, p: number, q: number, c: number, s: number): void {
  const [a, b] = [values[p]!, values[q]!]
  values[p] = c * a - s * b
  values[q] = s * a + c * b
}

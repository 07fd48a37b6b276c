/**
 * Vectors: `d` finite 32-bit floats, immutable by convention and passed by reference.
 * Sums run in 64 bits, coordinate by coordinate in index order, so that every machine gets the same bits.
 */

/** `d` finite 32-bit floats. Nobody writes to a vector once it is made. */
export type Vector = Float32Array

/** Vectors known to be finite. They are immutable, so asking again (codec, protocol, rule) costs nothing. */
const foundFinite = new WeakSet<Vector>()

/** True if every coordinate is finite (a NaN that passes a sort poisons every honest peer). */
export function isFiniteVector(vector: Vector): boolean {
  if (foundFinite.has(vector)) return true
  const finite = areFinite(vector, 0, vector.length)
  if (finite) markFinite(vector)
  return finite
}

/** For code that looked at every coordinate while it wrote the vector: marks it as finite. */
export function markFinite(vector: Vector): void {
  foundFinite.add(vector)
}

/** True if coordinates `from … to − 1` are finite. */
export function areFinite(vector: Vector, from: number, to: number): boolean {
  // 0 · x is 0 for a finite x and NaN otherwise: no branch in the loop, and four sums that wait for nobody.
  let [a, b, c, d] = [0, 0, 0, 0]
  const whole = to - ((to - from) % 4)
  for (let i = from; i < whole; i += 4) {
    a += 0 * vector[i]!
    b += 0 * vector[i + 1]!
    c += 0 * vector[i + 2]!
    d += 0 * vector[i + 3]!
  }
  for (let i = whole; i < to; i++) a += 0 * vector[i]!
  return a + b + c + d === 0
}

/**
 * `‖a − b‖₂²`, from differences: with norms and products, terms would cancel for honest vectors that lie close
 * together.
 */
export function squaredDistance(a: Vector, b: Vector): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) {
    const difference = a[i]! - b[i]!
    sum += difference * difference
  }
  return sum
}

/** `‖a − b‖₂`. */
export function distance(a: Vector, b: Vector): number {
  return Math.sqrt(squaredDistance(a, b))
}

/** `‖x‖₂`. */
export function norm(vector: Vector): number {
  let sum = 0
  for (let i = 0; i < vector.length; i++) sum += vector[i]! * vector[i]!
  return Math.sqrt(sum)
}

/** `Δ₂(x) = max ‖x_j − x_k‖₂` over the family; 0 for fewer than two vectors. */
export function diameter(family: readonly Vector[]): number {
  let widest = 0
  for (let j = 0; j < family.length; j++)
    for (let k = j + 1; k < family.length; k++)
      widest = Math.max(widest, squaredDistance(family[j]!, family[k]!))
  return Math.sqrt(widest)
}

/** `Δ₂^cw(x) = ‖Δ^cw(x)‖₂`, `Δ^cw(x)[i] = max_{j,k} |x_j[i] − x_k[i]|` (collaborative-learning, §3.1). */
export function coordinateWiseDiameter(family: readonly Vector[]): number {
  const d = family[0]?.length ?? 0
  let sum = 0
  for (let i = 0; i < d; i++) {
    let low = Infinity
    let high = -Infinity
    for (const vector of family) {
      low = Math.min(low, vector[i]!)
      high = Math.max(high, vector[i]!)
    }
    sum += (high - low) ** 2
  }
  return Math.sqrt(sum)
}

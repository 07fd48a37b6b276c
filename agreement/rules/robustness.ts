/**
 * `(f, κ)`-robustness (Allouah et al. 2023, "Fixing by mixing", Definition 2): for every `S` of `n − f` of the vectors,
 * `‖R(x) − x̄_S‖² ≤ κ · (1/|S|) Σ_{i∈S} ‖x_i − x̄_S‖²`. It is what a rule promises on unequal data, where λ of RESAM
 * promises too little.
 */

/** `κ` for `f` faults among `n` vectors, `2f < n`. */
type Robustness = (n: number, f: number) => number

const ratio = (n: number, f: number) => f / (n - 2 * f)

/** Of rules that stand alone: the table of the same paper. */
const known: Readonly<Record<string, Robustness>> = {
  cwtm: (n, f) => 6 * ratio(n, f) * (1 + ratio(n, f)),
  krum: (n, f) => 6 * (1 + ratio(n, f)),
  gm: (n, f) => 4 * (1 + ratio(n, f)) ** 2,
  cwmed: (n, f) => 4 * (1 + ratio(n, f)) ** 2,
}

/** `κ` of a rule by name, alone or behind `nnm`; null where none is proved. */
export function robustnessOf(name: string): Robustness | null {
  const [first, second, ...rest] = name.split('+')
  if (rest.length > 0) return null
  if (second === undefined) return known[first!] ?? null
  const behind = known[second]
  if (first !== 'nnm' || behind === undefined) return null
  // The paper's lemma on mixing: NNM shrinks what the rule behind it sees.
  return (n, f) => (f === 0 ? 0 : ((8 * f) / (n - f)) * (behind(n, f) + 1))
}

/** No rule has a smaller `κ` (the paper's lower bound). */
export function leastRobustness(n: number, f: number): number {
  return ratio(n, f)
}

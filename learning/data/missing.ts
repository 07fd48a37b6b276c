/** Missing values of examples: refused, unless the data's name says what fills them, as `ours.csv?missing=mean`. */
/** The mean of a column's training values, or one number for all. */
export type Filling = 'mean' | number

/** What a refusal says would help. */
export function fillingHint(path: string): string {
  return `a number in every place, or "${path}?missing=mean" (or =0) to have what is missing filled`
}

/** Values for each column, by which what is missing in training and test examples is filled. */
export function fillingsOf(examples: Float32Array, width: number, filling: Filling): Float64Array {
  if (filling !== 'mean') return new Float64Array(width).fill(filling)
  const sums = new Float64Array(width)
  const counts = new Float64Array(width)
  for (let i = 0; i < examples.length; i++)
    if (!Number.isNaN(examples[i])) {
      sums[i % width]! += examples[i]!
      counts[i % width]! += 1
    }
  // A column without any value says nothing; so does a constant.
  return sums.map((sum, column) => (counts[column] === 0 ? 0 : sum / counts[column]!))
}

/** Fills in place. @returns how many values were missing */
export function fillMissing(examples: Float32Array, fillings: Float64Array): number {
  let filled = 0
  for (let i = 0; i < examples.length; i++)
    if (Number.isNaN(examples[i])) {
      examples[i] = fillings[i % fillings.length]!
      filled += 1
    }
  return filled
}

/** For people, what was filled and how. */
export function filledText(count: number, filling: Filling): string {
  const values = count === 1 ? '1 missing value' : `${count} missing values`
  return `filled ${values} with ${filling === 'mean' ? "the mean of the column's training values" : filling}`
}

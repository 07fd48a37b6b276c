/**
 * Seeds that once failed, or that catch a mutant of `npm run mutants` (most faults that the swarm found are mutants
 * now). They run every time, whichever other seeds run.
 */
export const knownSeeds: readonly number[] = [
  0, 2, 8, 11, 13, 14, 16, 17, 26, 28, 35, 49, 59, 136, 145, 188, 1065, 1750,
]

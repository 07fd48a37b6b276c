/** The passes over the vectors that the rules are made of. */
export * from './plain.ts'

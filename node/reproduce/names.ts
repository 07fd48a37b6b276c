/** The names of the experiments, for who needs no more of them: a shell that completes them, a message. */
export const experimentNames = [
  'redundancy',
  'linear-regression',
  'cge',
  'lenet',
  'resam',
  'peer-to-peer',
  'learn-theorem',
] as const

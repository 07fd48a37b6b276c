/** Imported into a peer's process by a test: a signal plants a defect where nobody catches it. */
process.on('SIGUSR2', () => {
  throw new Error('planted')
})

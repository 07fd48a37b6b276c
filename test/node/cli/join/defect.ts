/** A test imports this into a peer's process: a signal causes an exception that nothing catches. */
process.on('SIGUSR2', () => {
  throw new Error('planted')
})

/** A decoder may refuse an input in its own words. */
export function refusing(decode: () => unknown, refusal: abstract new (...args: never[]) => Error): void {
  try {
    decode()
  } catch (error) {
    if (!(error instanceof refusal)) throw error
  }
}

/** A decoder may refuse an input in its own words. */
export function refusing(decode: () => unknown, refusal: abstract new (...args: never[]) => Error): void {
  try {
    decode()
  } catch (error) {
    if (!(error instanceof refusal)) throw error
  }
}

/** As `refusing`, for a decoder that reads as it goes. */
export async function refusingLater(
  decode: () => Promise<unknown>,
  refusal: abstract new (...args: never[]) => Error,
): Promise<void> {
  try {
    await decode()
  } catch (error) {
    if (!(error instanceof refusal)) throw error
  }
}

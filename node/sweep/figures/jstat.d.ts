/** The part of jstat that is used here; the package has no types. */
declare module 'jstat' {
  interface Distribution {
    cdf(x: number, freedom: number): number
    inv(p: number, freedom: number): number
  }
  const jstat: { readonly studentt: Distribution }
  export { jstat as default }
}

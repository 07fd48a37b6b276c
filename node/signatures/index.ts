/** Signed slots: digests, signatures, and the one criterion for valid signatures. */
export {
  createSigner,
  createVerifier,
  type Signer,
  type Verifier,
  type VerifierOptions,
} from './authority.ts'
export { digestOf } from './digest.ts'
export { type Ed25519, ed25519, nativeIfAny, portable } from './ed25519.ts'
export { sealed } from './seal.ts'
export { signedBytes } from './slot.ts'
export { isStrictPoint, isStrictSignature } from './strict.ts'

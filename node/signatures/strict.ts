/**
 * The criterion for valid Ed25519 signatures: the same in front of every implementation, so that all peers agree.
 *
 * RFC 8032 leaves open what "decoding fails" means, and implementations differ: tweetnacl takes `S + L` for `S`
 * and `y + p` for `y`, others refuse them. Two peers that differ on one signature hold different sets of
 * vectors. So, before any implementation is asked (Chalkias, Garillot, Nikolaenko: "Taming the many EdDSAs",
 * 2020, §5; RFC 8032 §5.1.7):
 *   - `S < L`: a signature cannot be changed into another one for the same bytes;
 *   - `A` and `R` are canonical encodings, `y < p`;
 *   - `A` and `R` are not of small order: such a key would verify a signature for any bytes.
 * What remains is decided by the equation `S·B = R + k·A`, without cofactor, in every implementation used here.
 */

const PUBLIC_KEY_BYTES = 32
const SIGNATURE_BYTES = 64

/** `L`, the order of the base point, little-endian. */
const ORDER = littleEndian('1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed')
/** `p = 2²⁵⁵ − 19`, little-endian. */
const PRIME = littleEndian('7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed')

/** `y` of the eight points whose order divides 8: two have order 8 twice each, 0 order 4, 1 the identity, −1 order 2. */
const SMALL_ORDER = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0000000000000000000000000000000000000000000000000000000000000001',
  '7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffec',
  '7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7',
  '05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826',
].map(littleEndian)

function littleEndian(hexadecimal: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hexadecimal, 'hex')).reverse()
}

/** `a < b`, both little-endian and of equal length. */
function isLess(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = a.length - 1; i >= 0; i--) if (a[i] !== b[i]) return a[i]! < b[i]!
  return false
}

const isEqual = (a: Uint8Array, b: Uint8Array) => a.every((byte, i) => byte === b[i])

/** A canonical encoding of something that is not a small-order point; whether it is on the curve is left to the implementation. */
export function isStrictPoint(encoding: Uint8Array): boolean {
  if (encoding.length !== PUBLIC_KEY_BYTES) return false
  const y = Uint8Array.from(encoding) // not slice: a Buffer's would be the same bytes
  y[31]! &= 0x7f // the sign of x
  return isLess(y, PRIME) && !SMALL_ORDER.some(point => isEqual(y, point))
}

/** `R ‖ S` with `R` strict and `S < L`. */
export function isStrictSignature(signature: Uint8Array): boolean {
  if (signature.length !== SIGNATURE_BYTES) return false
  return isLess(signature.subarray(32), ORDER) && isStrictPoint(signature.subarray(0, 32))
}

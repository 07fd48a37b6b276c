/**
 * Preloaded into a member's process: writes every byte that leaves it over the network, before it is enciphered, to the
 * file that CONCORD_CAPTURE names.
 */
import { appendFileSync } from 'node:fs'
import { noiseCrypto } from '../../node/network/noise-crypto.ts'

const file = process.env.CONCORD_CAPTURE
if (file === undefined) throw new Error('CONCORD_CAPTURE is not set')
const { chaCha20Poly1305Encrypt: encrypt } = noiseCrypto
Object.assign(noiseCrypto, {
  chaCha20Poly1305Encrypt(...args: Parameters<typeof encrypt>) {
    const [plaintext] = args
    appendFileSync(file, plaintext.subarray())
    return encrypt(...args)
  },
})

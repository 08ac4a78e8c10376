// Section 2: labels, hashes, signatures, derived keys, the one-message AEAD.
import crypto from 'node:crypto'
import { ascii, join } from './bytes.mjs'
import { Refused } from './refused.mjs'

export const L = (label, ...parts) => join(ascii(`companion/1 ${label}`), [0], ...parts)
export const sha256 = (bytes) => new Uint8Array(crypto.createHash('sha256').update(bytes).digest())
export const H = (label, ...parts) => sha256(L(label, ...parts))
export const KDF = (key, salt, label, ...parts) =>
  new Uint8Array(crypto.hkdfSync('sha256', key, salt, L(label, ...parts), 32))
export const hmac = (key, bytes) => new Uint8Array(crypto.createHmac('sha256', key).update(bytes).digest())

/** Whether `signature` is `key`'s over the bytes. */
export function verify(key, signed, signature) {
  const x = Buffer.from(key).toString('base64url')
  const jwk = { kty: 'OKP', crv: 'Ed25519', x }
  return crypto.verify(null, signed, { key: jwk, format: 'jwk' }, signature)
}

const privateKey = (seed) => {
  const der = join(Buffer.from('302e020100300506032b657004220420', 'hex'), seed)
  return crypto.createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' })
}

/** The public key of an Ed25519 seed. */
export function edPublic(seed) {
  const key = privateKey(seed)
  const { x } = crypto.createPublicKey(key).export({ format: 'jwk' })
  return new Uint8Array(Buffer.from(x, 'base64url'))
}

/** Opens what Seal1 sealed. */
export function open1(key, aad, sealed) {
  if (sealed.length < 16) throw new Refused('does-not-open')
  const options = { authTagLength: 16 }
  const cipher = crypto.createDecipheriv('chacha20-poly1305', key, Buffer.alloc(12), options)
  const end = sealed.length - 16
  cipher.setAAD(aad, { plaintextLength: end })
  cipher.setAuthTag(sealed.subarray(end))
  try {
    return join(cipher.update(sealed.subarray(0, end)), cipher.final())
  } catch {
    throw new Refused('does-not-open')
  }
}

/** Ed25519 by a seed. */
export function sign(seed, bytes) {
  return new Uint8Array(crypto.sign(null, bytes, privateKey(seed)))
}

/** Seal1: one message under a key that is never used again. */
export function seal1(key, aad, plaintext) {
  const cipher = crypto.createCipheriv('chacha20-poly1305', key, Buffer.alloc(12), { authTagLength: 16 })
  cipher.setAAD(aad, { plaintextLength: plaintext.length })
  return join(cipher.update(plaintext), cipher.final(), cipher.getAuthTag())
}

export const random = (length) => new Uint8Array(crypto.randomBytes(length))

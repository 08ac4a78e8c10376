// Section 11: invites and digits.
import { argon2id } from 'hash-wasm'
import { ascii, same } from './bytes.mjs'
import * as cbor from './cbor.mjs'
import { H, KDF, L, hmac } from './crypto.mjs'
import { need } from './refused.mjs'
import { parseAuthority } from './request.mjs'

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

export const Offer = cbor.map({
  roster: [0, cbor.bytes(32)],
  root: [1, cbor.bytes(32)],
  clinic: [2, cbor.text],
  expires: [3, cbor.int],
})

export function base32(bytes) {
  let bits = [...bytes].map((b) => b.toString(2).padStart(8, '0')).join('')
  while (bits.length % 5) bits += '0'
  return bits.match(/.{5}/g).map((five) => ALPHABET[parseInt(five, 2)]).join('')
}

/** The reverse, or null: `length` bytes and left-over bits that are zero. */
export function unbase32(text, length) {
  const places = [...text].map((c) => ALPHABET.indexOf(c))
  if (places.includes(-1)) return null
  const bits = places.map((n) => n.toString(2).padStart(5, '0')).join('')
  const rest = bits.slice(length * 8)
  if (bits.length < length * 8 || rest.length > 4 || rest.includes('1')) return null
  return new Uint8Array(bits.slice(0, length * 8).match(/.{8}/g).map((b) => parseInt(b, 2)))
}

// GF(32) by powers of α, where α⁵ = α² + 1.
const POWERS = [1]
while (POWERS.length < 31) {
  const next = POWERS.at(-1) * 2
  POWERS.push(next < 32 ? next : next ^ 0b100101)
}
const times = (a, b) => (a && b ? POWERS[(POWERS.indexOf(a) + POWERS.indexOf(b)) % 31] : 0)
/** The polynomial of these characters' values at x, the first the highest coefficient. */
const at = (word, x) => [...word].reduce((sum, c) => times(sum, x) ^ ALPHABET.indexOf(c), 0)
const fits = (word) => at(word, POWERS[1]) === 0 && at(word, POWERS[2]) === 0
const pairs = [...ALPHABET].flatMap((a) => [...ALPHABET].map((b) => a + b))
/** The word with the one pair of check characters with which it fits. */
const checked = (word) => word + pairs.find((pair) => fits(word + pair))

export const lookup = (secret) => KDF(secret, '', 'invite lookup').subarray(0, 16)
export const text = (secret) => checked(base32(secret)).match(/.{4}/g).join('-')
export const offerMac = (secret, offer) =>
  hmac(KDF(secret, '', 'invite clinic'), L('invite clinic', lookup(secret), offer))
export const claimMac = (secret, patient, root) =>
  hmac(KDF(secret, '', 'invite patient'), L('invite patient', lookup(secret), patient, root))

/** The secret that was typed. */
export function parseText(typed) {
  const plain = typed
    .replace(/[\p{White_Space}-]/gu, '')
    .toUpperCase()
    .replace(/O/g, '0')
    .replace(/[IL]/g, '1')
  need(plain.length === 28 && [...plain].every((c) => ALPHABET.includes(c)), 'shape')
  const secret = unbase32(plain.slice(0, 26), 16)
  need(secret, 'shape')
  need(fits(plain), 'checksum')
  return secret
}

/** What was scanned or typed: the secret, and from a QR code root and server. */
export function parse(input) {
  const trimmed = input.trim()
  if (!trimmed.startsWith('PC1:')) {
    need(!trimmed.includes(':'), 'not-ours')
    return { secret: parseText(trimmed), root: null, server: null }
  }
  const [, code, rootText, scheme, ...rest] = trimmed.split(':')
  const secret = parseText(code)
  const root = rootText === undefined ? null : unbase32(rootText, 32)
  need(root, 'not-ours')
  need(scheme === 'S' || scheme === 'L', 'not-ours')
  const name = scheme === 'S' ? 'https' : 'http'
  const authority = parseAuthority(name, rest.join(':'))
  need(authority, 'not-ours')
  const host = authority.startsWith('[') ? authority.slice(0, authority.indexOf(']') + 1) : authority.split(':')[0]
  const loopback = host === 'localhost' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host)
  need(scheme === 'S' || loopback, 'not-ours')
  return { secret, root, server: `${name}://${authority}` }
}

/** The text of a QR code. */
export const qr = (secret, root, scheme, authority) =>
  `PC1:${text(secret).replaceAll('-', '')}:${base32(root)}:${scheme}:${authority}`.toUpperCase()

export const transcript = (secret, patient, root, roster) =>
  H('join transcript', lookup(secret), patient, root, roster)

/** The 12 digits that both sides compare. */
export async function digits(transcript) {
  const out = await argon2id({
    password: transcript,
    salt: ascii('companion/1 digits'),
    parallelism: 4,
    iterations: 3,
    memorySize: 65536,
    hashLength: 8,
    outputType: 'binary',
  })
  const number = Buffer.from(out).readBigUInt64BE(0) % 1000000000000n
  return number.toString().padStart(12, '0').match(/.{3}/g).join(' ')
}

/** Whether an offer is what the invite's clinic made. */
export const offerFits = (secret, offer, mac) => same(offerMac(secret, offer), mac)

// Section 11: pairing.
import * as cbor from './cbor.mjs'
import { H, KDF, L, hmac, verify } from './crypto.mjs'
import { base32, parseText, text, unbase32 } from './invite.mjs'
import { need } from './refused.mjs'
import { parseAuthority } from './request.mjs'
import { DeviceKeys } from './statement.mjs'

export const Offer = cbor.map({
  kind: [0, cbor.oneOf(1, 2)],
  chain: [1, cbor.bytes(32)],
  number: [2, cbor.uint],
  hash: [3, cbor.bytes(32)],
  roster: [4, cbor.optional(cbor.bytes(32))],
  root: [5, cbor.optional(cbor.bytes(32))],
  expires: [6, cbor.int],
  person: [7, cbor.optional(cbor.bytes(16))],
})

export const Answer = cbor.map({
  device: [0, DeviceKeys],
  consent: [1, cbor.bytes(64)],
  name: [2, cbor.text],
})

const made = { offer: [1, cbor.bytes()], mac: [2, cbor.bytes(32)] }
const PairingAnswer = cbor.map({ answer: [0, cbor.bytes()], mac: [1, cbor.bytes(32)] })
const PairingAnswered = cbor.map({ answer: [0, cbor.optional(PairingAnswer)] })

export const messages = {
  new_pairing: cbor.map({ lookup: [0, cbor.bytes(16)], ...made }),
  pairing_offer: cbor.map({ offer: [0, cbor.bytes()], mac: [1, cbor.bytes(32)] }),
  pairing_answer: PairingAnswer,
  pairing_answered: PairingAnswered,
  not_answered: PairingAnswered,
}

export const lookup = (secret) => KDF(secret, '', 'pairing lookup').subarray(0, 16)
const named = (offer) => H('pairing offer', offer)
export const offerMac = (secret, offer) =>
  hmac(KDF(secret, '', 'pairing offer'), L('pairing offer', lookup(secret), offer))
export const answerMac = (secret, offer, answer) =>
  hmac(KDF(secret, '', 'pairing answer'), L('pairing answer', lookup(secret), named(offer), answer))
export const transcript = (secret, offer, answer) =>
  H('pairing transcript', lookup(secret), named(offer), answer)

const LABELS = { 1: 'patient consent', 2: 'roster consent' }

/** Whether the device of an answer consents to what was offered. */
export const consents = (offer, answer, device) =>
  verify(answer.device.log, L(LABELS[offer.kind], offer.chain, offer.hash, device), answer.consent)

/** The text of a QR code. */
export const qr = (secret, { root, number, hash }, scheme, authority) => {
  const place = `${base32(root)}:${number}:${base32(hash)}:${scheme}:${authority}`
  return `PP1:${text(secret).replaceAll('-', '')}:${place}`.toUpperCase()
}

/** What was scanned. */
export function parse(scanned) {
  const [mark, code, root, number, hash, scheme, ...rest] = scanned.trim().split(':')
  need(mark === 'PP1' && (scheme === 'S' || scheme === 'L') && /^\d+$/.test(number), 'not-ours')
  const name = scheme === 'S' ? 'https' : 'http'
  const authority = parseAuthority(name, rest.join(':'))
  const place = { root: unbase32(root, 32), number: Number(number), hash: unbase32(hash, 32) }
  need(authority && place.root && place.hash, 'not-ours')
  return { secret: parseText(code), ...place, server: `${name}://${authority}` }
}

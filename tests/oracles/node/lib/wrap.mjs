// Sections 2 and 3: wraps by HPKE with X-Wing, and the keys of those who read.
import { Chacha20Poly1305 } from '@hpke/chacha20poly1305'
import { CipherSuite, HkdfSha256 } from '@hpke/core'
import { XWing } from '@hpke/hybridkem-x-wing'
import { same } from './bytes.mjs'
import * as cbor from './cbor.mjs'
import { H, KDF, L, edPublic } from './crypto.mjs'
import { Refused, need } from './refused.mjs'

const suite = new CipherSuite({ kem: new XWing(), kdf: new HkdfSha256(), aead: new Chacha20Poly1305() })

export const Wrap = cbor.map({
  recipient: [0, cbor.bytes(32)],
  enc: [1, cbor.bytes()],
  sealed: [2, cbor.bytes()],
})
export const wrapFits = (wrap) => wrap.enc.length === 1120 && wrap.sealed.length === 48

/** Whether it can be an X-Wing public key (FIPS 203, section 7.2). */
export function kemFits(key) {
  if (key.length !== 1216) return false
  for (let i = 0; i < 1152; i += 3) {
    const [a, b, c] = key.subarray(i, i + 3)
    if (a + 256 * (b % 16) >= 3329 || Math.floor(b / 16) + 16 * c >= 3329) return false
  }
  return true
}

/** The X-Wing public key of a seed. */
export async function kemPublic(seed) {
  const pair = await suite.kem.generateKeyPairDerand(seed)
  return new Uint8Array(await suite.kem.serializePublicKey(pair.publicKey))
}

/** Opens a wrap as the reader `{ id, kem }`, where kem is the X-Wing seed. */
export async function unwrap(reader, label, parts, wrap) {
  need(same(wrap.recipient, reader.id), 'does-not-open')
  try {
    const recipientKey = await suite.kem.deserializePrivateKey(reader.kem)
    const info = L(label, ...parts, reader.id)
    const context = await suite.createRecipientContext({ recipientKey, enc: wrap.enc, info })
    return new Uint8Array(await context.open(wrap.sealed))
  } catch {
    throw new Refused('does-not-open')
  }
}

/** Wraps a secret to the recipient of that name and KEM key. */
export async function wrap(recipient, kem, label, parts, secret) {
  const recipientPublicKey = await suite.kem.deserializePublicKey(kem)
  const context = await suite.createSenderContext({ recipientPublicKey, info: L(label, ...parts, recipient) })
  const sealed = new Uint8Array(await context.seal(secret))
  return { recipient, enc: new Uint8Array(context.enc), sealed }
}

export const deviceId = (keys) => H('device', keys.log, keys.request, keys.kem)
export const kitId = (keys) => H('kit', keys.sign, keys.kem)
export const rootId = (key) => H('root', key)
export const teamId = (kem) => H('team', kem)

/** A device of three seeds. */
export async function device(seeds) {
  const keys = { log: edPublic(seeds.log), request: edPublic(seeds.request), kem: await kemPublic(seeds.kem) }
  return { id: deviceId(keys), keys, kem: seeds.kem }
}

/** A kit of its secret. */
export async function kit(secret) {
  const [signSeed, kem] = ['kit sign', 'kit kem'].map((label) => KDF(secret, '', label))
  const keys = { sign: edPublic(signSeed), kem: await kemPublic(kem) }
  return { id: kitId(keys), keys, kem, signSeed }
}

/** A team's key of its seed. */
export async function team(seed) {
  const kem = await kemPublic(seed)
  return { id: teamId(kem), public: kem, kem: seed }
}

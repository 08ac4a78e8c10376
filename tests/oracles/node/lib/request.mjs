// Section 12: signed requests.
import { isIPv6 } from 'node:net'
import { ascii, hex } from './bytes.mjs'
import { sha256, verify } from './crypto.mjs'
import { need } from './refused.mjs'

const COMPONENTS = '("@method" "@authority" "@path" "@query" "content-digest")'

/** An authority in its one form, or null. */
export function parseAuthority(scheme, text) {
  const found = /^(\[[^\]]*\]|[A-Za-z0-9._-]{1,253})(?::([1-9][0-9]{0,4}))?$/.exec(text)
  if (!found || Number(found[2] ?? 1) > 65535) return null
  if (found[1].startsWith('[') && !isIPv6(found[1].slice(1, -1))) return null
  const usual = scheme === 'https' ? '443' : '80'
  const port = found[2] === undefined || found[2] === usual ? '' : `:${found[2]}`
  return found[1].toLowerCase() + port
}

export const contentDigest = (body) => `sha-256=:${Buffer.from(sha256(body)).toString('base64')}:`

const params = (created, keyid) =>
  `${COMPONENTS};created=${created};keyid="${keyid}";alg="ed25519";tag="companion-clinic-api"`

/** The signature base of a request. */
export const signatureBase = (request, authority, created, keyid) =>
  [
    `"@method": ${request.method}`,
    `"@authority": ${authority}`,
    `"@path": ${request.path}`,
    `"@query": ?${request.query}`,
    `"content-digest": ${request.content_digest}`,
    `"@signature-params": ${params(created, keyid)}`,
  ].join('\n')

/** Verifies a request as the server `ours`; `keyOf` gives a device's request key. */
export function verifyRequest(request, ours, keyOf, body) {
  const field = /^sig=\((?:[^)]*)\);created=(-?\d{1,15});keyid="([0-9a-f]{64})"/.exec(request.signature_input)
  need(field && request.signature_input === `sig=${params(field[1], field[2])}`, 'signature-malformed')
  const signature = /^sig=:([A-Za-z0-9+/]{86}==):$/.exec(request.signature)
  need(signature, 'signature-malformed')
  need(/^sha-256=:[A-Za-z0-9+/]{43}=:$/.test(request.content_digest), 'signature-malformed')
  const authority = parseAuthority(request.scheme, request.host)
  need(authority === ours, 'wrong-authority')
  const key = keyOf(field[2])
  need(key, 'unknown-device')
  need(Math.abs(request.now - Number(field[1])) <= 300, 'signature-stale')
  const base = signatureBase(request, authority, field[1], field[2])
  const bytes = new Uint8Array(Buffer.from(signature[1], 'base64'))
  need(verify(key, ascii(base), bytes), 'signature-invalid')
  need(contentDigest(body) === request.content_digest, 'digest-mismatch')
  return { device: hex(Buffer.from(field[2], 'hex')), base }
}

/** The three fields of a request that a device signs with the seed of its request key. */
export function signRequest(request, authority, created, keyid, sign) {
  const base = signatureBase(request, authority, created, keyid)
  const signature = Buffer.from(sign(ascii(base))).toString('base64')
  return {
    'content-digest': request.content_digest,
    'signature-input': `sig=${params(created, keyid)}`,
    signature: `sig=:${signature}:`,
  }
}

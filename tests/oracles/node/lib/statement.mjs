// Section 4: signed statements.
import * as cbor from './cbor.mjs'
import { H, L, verify } from './crypto.mjs'
import { same } from './bytes.mjs'
import { need } from './refused.mjs'

export const KIND = { patient: 1, roster: 2, epoch: 3 }
const LABEL = { 1: 'patient statement', 2: 'roster statement', 3: 'epoch statement' }

const Signed = cbor.array({ body: [0, cbor.bytes()], signature: [1, cbor.bytes(64)] })
const kind = cbor.oneOf(1, 2, 3)
const Prefix = cbor.map({ version: [0, cbor.byte], suite: [1, cbor.byte], kind: [2, kind] })
const shape = (step) => ({
  version: [0, cbor.byte],
  suite: [1, cbor.byte],
  kind: [2, kind],
  number: [3, cbor.uint],
  previous: [4, cbor.optional(cbor.bytes(32))],
  at: [5, cbor.int],
  signer: [6, cbor.bytes(32)],
  step: [7, step],
})

/** A statement from the bytes that travelled. */
export function signed(bytes) {
  need(bytes.length <= 524288, 'too-large')
  const { body, signature } = Signed(cbor.decode(bytes))
  return { body, signature, hash: H('statement', body) }
}

/** The kind of chain that a statement says it is of. */
export const kindOf = (statement) => Prefix(cbor.decode(statement.body)).kind

/** The body of the statement that follows `tip` (null: the first); no signature is verified. */
export function bodyAfter(statement, kind, tip, step) {
  const value = cbor.decode(statement.body)
  const prefix = Prefix(value)
  need(prefix.version === 1 && prefix.suite === 1, 'unsupported')
  need(prefix.kind === kind, 'wrong-kind')
  const body = cbor.map(shape(step))(value)
  const due = tip ? tip.number + 1 : 0
  const follows = tip ? body.previous !== null && same(body.previous, tip.hash) : body.previous === null
  need(body.number === due && follows, 'not-next')
  return body
}

/** Refuses unless `key` signed it. */
export function checkSignature(statement, kind, key) {
  need(verify(key, L(LABEL[kind], statement.body), statement.signature), 'bad-signature')
}

/** What patient chain and roster have in common. */
export class Chain {
  hashes = []

  get id() {
    return this.hashes[0]
  }
  get tip() {
    return { number: this.hashes.length - 1, hash: this.hashes.at(-1) }
  }
  /** The number of the statement with that hash, or null. */
  numberOf(hash) {
    const at = this.hashes.findIndex((h) => same(h, hash))
    return at < 0 ? null : at
  }
  space(kind) {
    return H('space', [kind], this.id)
  }
  consented(label, key, id, consent) {
    need(verify(key, L(label, this.id, this.tip.hash, id), consent), 'rule', 'no consent')
  }
}

export const DeviceKeys = cbor.map({
  log: [0, cbor.bytes(32)],
  request: [1, cbor.bytes(32)],
  kem: [2, cbor.bytes()],
})

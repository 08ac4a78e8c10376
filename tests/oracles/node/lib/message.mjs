// Section 13: messages of the clinic API.
import * as cbor from './cbor.mjs'

const blobs = cbor.list(cbor.bytes())
const Claim = cbor.map({ statements: [0, blobs], mac: [1, cbor.bytes(32)] })
const Have = cbor.array({ log: [0, cbor.bytes(16)], beat: [1, cbor.uint] })
const InviteRecord = cbor.map({
  lookup: [0, cbor.bytes(16)],
  state: [1, cbor.oneOf(0, 1, 2, 3, 4)],
  expires: [2, cbor.int],
  claim: [3, cbor.optional(Claim)],
})

export const messages = {
  statements: cbor.map({ statements: [0, blobs] }),
  chain_page: cbor.map({ statements: [0, blobs], more: [1, cbor.bool] }),
  push: cbor.map({ runs: [0, blobs] }),
  pushed: cbor.map({ stored: [0, cbor.uint] }),
  pull: cbor.map({ have: [0, cbor.list(Have)] }),
  pulled: cbor.map({ runs: [0, blobs], more: [1, cbor.bool] }),
  new_invite: cbor.map({ lookup: [0, cbor.bytes(16)], offer: [1, cbor.bytes()], mac: [2, cbor.bytes(32)] }),
  invite_offer: cbor.map({ offer: [0, cbor.bytes()], mac: [1, cbor.bytes(32)] }),
  claim: Claim,
  invites: cbor.map({ invites: [0, cbor.list(InviteRecord)] }),
  server_time: cbor.map({ now: [0, cbor.int] }),
}

// Section 9: runs and heads, and the headers that they imply (section 8).
import { join, same, u64, zeros } from './bytes.mjs'
import * as cbor from './cbor.mjs'
import { H, L, verify } from './crypto.mjs'
import { need } from './refused.mjs'

const Item = cbor.choice({
  0: ['body', { body: [0, cbor.bytes()] }],
  1: ['erased', { content: [0, cbor.bytes(32)] }],
})
const Run = cbor.array({
  items: [0, cbor.list(Item)],
  head: [1, cbor.bytes()],
  signature: [2, cbor.bytes(64)],
})
const Versioned = cbor.map({ version: [0, cbor.byte], suite: [1, cbor.byte] })
const Seen = cbor.array({ log: [0, cbor.bytes(16)], beat: [1, cbor.uint], head: [2, cbor.bytes(32)] })
const Head = cbor.map({
  version: [0, cbor.byte],
  suite: [1, cbor.byte],
  space: [2, cbor.bytes(32)],
  device: [3, cbor.bytes(32)],
  nonce: [4, cbor.bytes(16)],
  beat: [5, cbor.uint],
  previous: [6, cbor.optional(cbor.bytes(32))],
  number: [7, cbor.uint],
  header: [8, cbor.bytes(32)],
  seen: [9, cbor.list(Seen)],
  patient: [10, cbor.bytes(32)],
  roster: [11, cbor.bytes(32)],
  at: [12, cbor.int],
  epoch: [13, cbor.bytes(32)],
})

export const logId = (space, device, nonce) => H('log', space, device, nonce).subarray(0, 16)
export const headerHash = (space, header) => H('header', space, header)

export const header = (log, number, previous, cites, content) =>
  join([1, 1], log, u64(number), previous, cites.epoch, cites.patient, cites.roster, content)

/** A header's parts. */
export const headerParts = (bytes) => ({
  version: bytes[0],
  suite: bytes[1],
  log: bytes.subarray(2, 18),
  number: Number(Buffer.from(bytes).readBigUInt64BE(18)),
  previous: bytes.subarray(26, 58),
  epoch: bytes.subarray(58, 90),
  patient: bytes.subarray(90, 122),
  roster: bytes.subarray(122, 154),
  content: bytes.subarray(154, 186),
})

/** A run from the bytes that travelled; lengths only are verified. */
export function run(bytes) {
  need(bytes.length <= 4194304, 'too-large')
  const found = Run(cbor.decode(bytes))
  need(found.items.length <= 512, 'too-many-frames')
  const fits = found.items.every(
    (item) => item.is === 'erased' || (item.body.length >= 32 && item.body.length <= 262144),
  )
  need(fits, 'frame-length')
  return found
}

/** What a run's head says, before anything is verified. */
export function claimedHead(run) {
  const value = cbor.decode(run.head)
  const { version, suite } = Versioned(value)
  need(version === 1 && suite === 1, 'unsupported')
  return Head(value)
}

/** Verifies a run as the next after `tip` (null: the log's first), by a log key. */
export function verifyRun(run, space, tip, key) {
  const head = claimedHead(run)
  const log = logId(head.space, head.device, head.nonce)
  need(same(head.space, space) && (tip === null || same(tip.log, log)), 'wrong-log')
  need(verify(key, L('head', run.head), run.signature), 'bad-signature')
  const at = tip ?? { beat: 0, head: null, number: 0, header: zeros(32) }
  need(head.beat > at.beat, 'conflict')
  need(head.beat === at.beat + 1, 'gap')
  const follows = at.head === null ? head.previous === null : head.previous && same(head.previous, at.head)
  need(follows, 'conflict')
  let { number, header: last } = at
  const frames = []
  for (const item of run.items) {
    number += 1
    const content = item.is === 'body' ? H('content', item.body) : item.content
    const bytes = header(log, number, last, head, content)
    last = headerHash(space, bytes)
    frames.push({ number, header: bytes, hash: last, body: item.body ?? null })
  }
  need(head.number === number && same(head.header, last), 'frames-do-not-fit')
  const hash = H('head', run.head)
  return { head, frames, tip: { log, beat: head.beat, head: hash, number, header: last } }
}

// Sections 4 to 9, written: a patient's device that founds its chain, joins by an invite and writes.
import { hex, join, same, u64, zeros } from './bytes.mjs'
import * as cbor from './cbor.mjs'
import { Client, Denied } from './client.mjs'
import { H, KDF, L, random, seal1, sign } from './crypto.mjs'
import { encode, map } from './encode.mjs'
import { EpochChain, teamOf } from './epoch.mjs'
import { HybridClock, padme } from './frame.mjs'
import { Offer, claimMac, digits, lookup, offerFits, parse, transcript } from './invite.mjs'
import { header, headerHash, logId } from './log.mjs'
import { PatientChain } from './patient.mjs'
import { need } from './refused.mjs'
import { Roster } from './roster.mjs'
import { KIND, signed } from './statement.mjs'
import { device, wrap } from './wrap.mjs'

const LABEL = { [KIND.patient]: 'patient statement', [KIND.epoch]: 'epoch statement' }
const wraps = (list) => list.map(({ recipient, enc, sealed }) => map({ 0: recipient, 1: enc, 2: sealed }))

export class Writer {
  clock = new HybridClock()
  logs = new Map()

  static async begin(server) {
    const writer = new Writer()
    const seeds = { log: random(32), request: random(32), kem: random(32) }
    writer.device = { ...(await device(seeds)), seeds }
    writer.client = new Client(server, writer.device)
    return writer
  }

  /** The bytes of the next statement of a chain. */
  statement(kind, tip, step) {
    const fields = { 0: 1, 1: 1, 2: kind, 3: tip ? tip.number + 1 : 0, 4: tip?.hash, 5: Date.now(), 6: this.device.id, 7: step }
    const body = encode(map(fields))
    return encode([body, sign(this.device.seeds.log, L(LABEL[kind], body))])
  }

  /** Founds the patient's chain and claims an invite with it; the digits to compare. */
  async join(invite) {
    const { secret } = parse(invite)
    const name = lookup(secret)
    const { offer, mac } = await this.client.offer(name)
    need(offerFits(secret, offer, mac), 'forged offer')
    this.clinic = Offer(cbor.decode(offer))
    const { keys } = this.device
    const own = map({ 0: keys.log, 1: keys.request, 2: keys.kem })
    const founding = this.statement(KIND.patient, null, [0, [own, random(16)]])
    this.patient = PatientChain.found(signed(founding))
    const { roster, root } = this.clinic
    const joined = this.statement(KIND.patient, this.patient.tip, [1, [map({ 0: roster, 1: root })]])
    this.patient.append(signed(joined))
    await this.client.claim(name, [founding, joined], claimMac(secret, this.patient.id, root))
    return digits(transcript(secret, this.patient.id, root, roster))
  }

  /** Once admitted: verifies the clinic's roster, from the hash that the offer named. */
  async meet() {
    const [first, ...rest] = await this.client.chain(this.clinic.roster)
    need(same(first.hash, this.clinic.roster), 'another roster')
    this.roster = Roster.found(first)
    need(same(this.roster.rootId, this.clinic.root), 'another root')
    for (const next of rest) this.roster.append(next)
  }

  /** The epochs of one of the patient's spaces, with a current one at the end, and its key. */
  async epochs(kind) {
    const chain = new EpochChain(kind, this.patient, teamOf(kind) === null ? null : this.roster)
    const all = await this.client.chain(chain.space).catch((error) => {
      if (error instanceof Denied && error.status === 404) return []
      throw error
    })
    for (const next of all) chain.append(next)
    const before = chain.tip && { epoch: chain.tip, key: await chain.open(chain.tip, this.device) }
    const due = chain.recipients({ patient: this.patient.tip.number, roster: chain.roster?.tip.number ?? null })
    const current = before && due.length === before.epoch.wraps.length && due.every((id, i) => same(id, before.epoch.wraps[i].recipient))
    if (current) return { chain, ...before }
    const key = await this.writeEpoch(chain, due, before)
    return { chain, epoch: chain.tip, key }
  }

  async writeEpoch(chain, due, before) {
    const key = random(32)
    const number = before ? before.epoch.number + 1 : 0
    const previous = before?.epoch.hash ?? zeros(32)
    const commitment = KDF(key, '', 'epoch commitment', chain.space, u64(number))
    const publicKey = (id) =>
      this.patient.device(id)?.keys.kem ?? this.roster.teamKeys.find((k) => same(k.id, id)).kem
    const parts = [chain.space, u64(number), previous, commitment]
    const wrapped = await Promise.all(due.map((id) => wrap(id, publicKey(id), 'epoch wrap', parts, key)))
    const once = before && KDF(key, '', 'previous epoch key', chain.space, previous)
    const step = map({
      0: chain.space,
      1: chain.kind,
      2: this.patient.tip.hash,
      3: chain.roster?.tip.hash,
      4: commitment,
      5: wraps(wrapped),
      6: before && seal1(once, L('previous epoch', chain.space, previous), before.key),
      // No workstation has left the team since this patient came.
      7: [],
    })
    const tip = before && { number: before.epoch.number, hash: before.epoch.hash }
    const bytes = this.statement(KIND.epoch, tip, step)
    chain.append(signed(bytes))
    await this.client.append(chain.space, bytes)
    return key
  }

  /** An event of now, in an envelope. */
  event(kind, critical, body) {
    const now = Date.now()
    return map({ 0: random(16), 1: kind, 2: critical, 3: this.clock.tick(now), 4: [now, 7200, 'Europe/Berlin'], 5: encode(body) })
  }

  /** Seals events as the next frame of this device's log in a space: a run of one, in bytes. */
  run({ chain, epoch, key }, events, wrong = {}) {
    const { space } = chain
    const log = this.log(space)
    const cites = { epoch: epoch.hash, patient: this.patient.tip.hash, roster: chain.roster?.tip.hash ?? zeros(32) }
    const number = log.number + 1
    const context = header(log.id, number, log.header, cites, new Uint8Array())
    const salt = random(16)
    const frameKey = KDF(key, salt, 'frame key', space, context)
    const sealed = seal1(frameKey, L('frame', wrong.aad ?? space, epoch.commitment, context), pad(encode([events]), wrong.padding))
    const body = join(salt, sealed)
    const last = headerHash(space, join(context, H('content', body)))
    const head = encode(
      map({
        0: 1,
        1: 1,
        2: space,
        3: this.device.id,
        4: log.nonce,
        5: log.beat + 1,
        6: wrong.previous ?? log.head,
        7: number,
        8: wrong.header ?? last,
        9: [],
        10: cites.patient,
        11: cites.roster,
        12: Date.now(),
        13: epoch.hash,
      }),
    )
    const signature = sign(wrong.signer ?? this.device.seeds.log, L('head', head))
    const next = { ...log, number, beat: log.beat + 1, header: last, head: H('head', head) }
    return { bytes: encode([[[0, [body]]], head, signature]), next }
  }

  /** This device's log in a space: begun once, and taken further by what the server has. */
  log(space) {
    const name = hex(space)
    if (!this.logs.has(name)) {
      const nonce = random(16)
      const id = logId(space, this.device.id, nonce)
      this.logs.set(name, { id, nonce, number: 0, beat: 0, header: zeros(32), head: null })
    }
    return this.logs.get(name)
  }

  /** Seals, pushes, and takes the log further; what is refused was never written. */
  async write(kind, events, { wrong, bend } = {}) {
    const space = await this.epochs(kind)
    const { bytes, next } = this.run(space, events, wrong)
    const stored = await this.client.push(space.chain.space, [bytes], { bend })
    this.logs.set(hex(space.chain.space), next)
    return { stored, log: hex(next.id), number: next.number }
  }
}

/** Padded as section 8 says; `filler` stands where zeros belong. */
function pad(plaintext, filler = 0) {
  const length = padme(4 + plaintext.length)
  const padded = Buffer.alloc(length, filler)
  padded.writeUInt32BE(plaintext.length)
  padded.set(plaintext, 4)
  return new Uint8Array(padded)
}

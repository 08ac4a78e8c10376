// Sections 8 and 10: padding, frames, events, authors.
import { same, u64, zeros } from './bytes.mjs'
import * as cbor from './cbor.mjs'
import { KDF, L, open1 } from './crypto.mjs'
import { ofPatient, teamOf } from './epoch.mjs'
import { headerParts } from './log.mjs'
import { Refused, need } from './refused.mjs'
import { includes } from './roster.mjs'

/** The length that n bytes are padded to. */
export function padme(n) {
  n = Math.max(512, n)
  const e = Math.floor(Math.log2(n))
  const s = Math.floor(Math.log2(e)) + 1
  const step = 2 ** (e - s)
  return Math.ceil(n / step) * step
}

/** The plaintext within what was padded. */
export function unpad(padded) {
  need(padded.length >= 4, 'not-a-frame')
  const length = Buffer.from(padded).readUInt32BE(0)
  need(length <= padded.length - 4, 'not-a-frame')
  need(padded.subarray(4 + length).every((b) => b === 0), 'not-a-frame')
  return padded.subarray(4, 4 + length)
}

const Envelope = cbor.map({
  id: [0, cbor.bytes(16)],
  kind: [1, cbor.uint],
  critical: [2, cbor.bool],
  hlc: [3, cbor.array({ ms: [0, cbor.int], counter: [1, cbor.uint] })],
  at: [4, cbor.array({ ms: [0, cbor.int], offset: [1, cbor.int], zone: [2, cbor.text] })],
  body: [5, cbor.bytes()],
})
const Frame = cbor.array({ events: [0, cbor.list(Envelope)] })

/** A frame's plaintext: the CBOR of a Frame. `key` is its epoch's. */
export function openFrame(key, space, header, body, number) {
  const parts = headerParts(header)
  need(header.length === 186 && parts.version === 1 && parts.suite === 1, 'does-not-open')
  need(body.length >= 16, 'does-not-open')
  const context = header.subarray(0, 154)
  const commitment = KDF(key, '', 'epoch commitment', space, u64(number))
  const frameKey = KDF(key, body.subarray(0, 16), 'frame key', space, context)
  return unpad(open1(frameKey, L('frame', space, commitment, context), body.subarray(16)))
}

/** The events of a plaintext. */
export function events(plaintext) {
  try {
    return Frame(cbor.decode(plaintext)).events
  } catch (error) {
    if (error instanceof Refused) throw new Refused('not-a-frame', error.message)
    throw error
  }
}

const AUTHORS = { 1: 'administrator', 2: 'clinician', 3: 'front desk' }

/** In what quality a device wrote a frame with these citations, or null. */
export function author(chain, device, cites) {
  const { kind, patient, roster } = chain
  const team = teamOf(kind)
  const none = (hash) => same(hash, zeros(32))
  const epoch = chain.get(cites.epoch)
  const back = (owner, hash, least) => {
    const at = owner && least !== null ? owner.numberOf(hash) : null
    return at !== null && at < least
  }
  if (epoch === null) return null
  if (back(patient, cites.patient, epoch.cited.patient)) return null
  if (back(roster, cites.roster, epoch.cited.roster)) return null
  const rosterAt = team === null ? null : roster.numberOf(cites.roster)
  if (team === null ? !none(cites.roster) : rosterAt === null) return null
  if (ofPatient(kind)) {
    const at = patient.numberOf(cites.patient)
    if (at === null) return null
    if (team !== null && !same(patient.clinicAt(at)?.roster ?? [], roster.id)) return null
    if (patient.deviceIn(device, at)) return 'patient'
  } else if (!none(cites.patient)) return null
  if (team === null) return null
  const role = roster.workstationRole(device, rosterAt)
  return role !== null && includes(team, role) ? AUTHORS[role] : null
}

const KINDS = {
  100: ['MoodRecorded', [1, 2], ['patient']],
  101: ['EntryUnshared', [2], ['patient']],
  102: ['EntryErased', [1, 2], ['patient']],
  200: ['EntryReviewed', [2], ['clinician']],
  201: ['EntriesRead', [2], ['clinician']],
  202: ['PatientWelcomed', [2], ['clinician']],
  300: ['PatientAdmitted', [4], ['administrator', 'clinician', 'front desk']],
}
export const kindName = (kind) => KINDS[kind]?.[0] ?? null

/** 'apply', 'refuse', or 'unknown' for a kind that is judged after an upgrade. */
export function judge(event, spaceKind, author) {
  const rule = KINDS[event.kind]
  if (!rule) return 'unknown'
  return rule[1].includes(spaceKind) && rule[2].includes(author) ? 'apply' : 'refuse'
}

/** The hybrid clock. */
export class HybridClock {
  last = [0, 0]
  tick(now) {
    const [ms, counter] = this.last
    if (now > ms) this.last = [now, 0]
    else this.last = counter === 0xffffffff ? [ms + 1, 0] : [ms, counter + 1]
    return this.last
  }
  follow(other, now) {
    if (other[0] > now + 300000) return false
    const greater = other[0] > this.last[0] || (other[0] === this.last[0] && other[1] > this.last[1])
    if (greater) this.last = other
    return true
  }
}


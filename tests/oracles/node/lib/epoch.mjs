// Section 7: epochs, and the way from a reader's secret to their keys.
import { hex, same, u64, zeros } from './bytes.mjs'
import * as cbor from './cbor.mjs'
import { KDF, L, open1 } from './crypto.mjs'
import { LastHead, within } from './patient.mjs'
import { need } from './refused.mjs'
import { includes } from './roster.mjs'
import { KIND, bodyAfter, checkSignature } from './statement.mjs'
import { Wrap, unwrap, wrapFits } from './wrap.mjs'

const Step = cbor.map({
  space: [0, cbor.bytes(32)],
  kind: [1, cbor.oneOf(1, 2, 3, 4, 5)],
  patient: [2, cbor.optional(cbor.bytes(32))],
  roster: [3, cbor.optional(cbor.bytes(32))],
  commitment: [4, cbor.bytes(32)],
  wraps: [5, cbor.list(Wrap)],
  previousKey: [6, cbor.optional(cbor.bytes())],
  closed: [7, cbor.list(LastHead)],
})

export const ofPatient = (kind) => kind <= 3
export const teamOf = (kind) => ({ 1: null, 2: 1, 3: 2, 4: 2, 5: 1 })[kind]

/** The space that a statement of an epoch chain says it is of. */
export const spaceOf = (statement) => {
  const value = cbor.decode(statement.body)
  const step = Step(value.get(7))
  return { space: step.space, kind: step.kind }
}

/** A chain of epochs of one space; `patient` and `roster` are verified chains. */
export class EpochChain {
  epochs = []

  constructor(kind, patient, roster) {
    Object.assign(this, { kind, patient, roster })
    this.space = (ofPatient(kind) ? patient : roster).space(kind)
  }

  get tip() {
    return this.epochs.at(-1) ?? null
  }

  get(hash) {
    return this.epochs.find((e) => same(e.hash, hash)) ?? null
  }

  /** Whether a head of a workstation still counts that left the team by statement `left` of the roster. */
  counts(left, log, beat, head) {
    const closing = this.epochs.find((e) => e.cited.roster !== null && e.cited.roster >= left)
    return !closing || within(closing.closed, log, beat, head)
  }

  /** Verifies the next epoch and takes it in. */
  append(next) {
    const body = bodyAfter(next, KIND.epoch, this.tip, Step)
    const { step } = body
    need(same(step.space, this.space) && step.kind === this.kind, 'rule', 'of another space')
    const cited = this.cited(step)
    const key = this.signingKey(body.signer, cited)
    need(key, 'not-allowed')
    checkSignature(next, KIND.epoch, key)
    const due = this.recipients(cited)
    const fits =
      step.wraps.length === due.length &&
      step.wraps.every((w, i) => same(w.recipient, due[i]) && wrapFits(w))
    need(fits, 'rule', 'wraps for just the members')
    need(step.closed.every((h) => same(h.space, this.space)), 'rule', 'closes logs of its own space')
    need(new Set(step.closed.map((h) => hex(h.log))).size === step.closed.length, 'rule', 'a log twice')
    need(this.tip !== null || step.previousKey === null, 'rule', 'the first has none before')
    need(step.previousKey === null || step.previousKey.length === 48, 'rule', 'a sealed key')
    this.epochs.push({ hash: next.hash, number: body.number, previous: body.previous, cited, ...step })
  }

  cited(step) {
    const place = (hash, chain, due) => {
      need((hash !== null) === due, 'rule', 'cites just the chains of its space')
      if (!due) return null
      const number = chain.numberOf(hash)
      need(number !== null, 'rule', 'cites what is not in the chain')
      return number
    }
    const patient = place(step.patient, this.patient, ofPatient(this.kind))
    const roster = place(step.roster, this.roster, teamOf(this.kind) !== null)
    if (patient !== null && roster !== null) {
      const clinic = this.patient.clinicAt(patient)
      const ours = clinic && same(clinic.roster, this.roster.id) && same(clinic.root, this.roster.rootId)
      need(ours, 'rule', 'another clinic')
    }
    if (this.tip) {
      const { cited } = this.tip
      need((patient ?? 0) >= (cited.patient ?? 0), 'rule', 'an earlier statement')
      need((roster ?? 0) >= (cited.roster ?? 0), 'rule', 'an earlier statement')
    }
    return { patient, roster }
  }

  signingKey(signer, cited) {
    if (cited.patient !== null) {
      const key = this.patient.signingKey(signer, cited.patient)
      if (key) return key
    }
    if (cited.roster === null) return null
    const role = this.roster.workstationRole(signer, cited.roster)
    const member = role !== null && includes(teamOf(this.kind), role)
    return member ? this.roster.workstation(signer).keys.log : null
  }

  recipients(cited) {
    const due = cited.patient === null ? [] : this.patient.recipientsAt(cited.patient)
    if (cited.roster === null) return due
    const key = this.roster.teamKeyAt(teamOf(this.kind), cited.roster)
    need(key, 'rule', "the team's key is still to be issued")
    return [...due, key.id]
  }

  check(epoch, key) {
    const commitment = KDF(key, '', 'epoch commitment', this.space, u64(epoch.number))
    need(same(commitment, epoch.commitment), 'wrong-commitment')
    return key
  }

  /** The key of an epoch from the wrap to a reader. */
  async open(epoch, reader, wraps = epoch.wraps) {
    const wrap = wraps.find((w) => same(w.recipient, reader.id))
    need(wrap, 'not-a-member')
    const before = epoch.previous ?? zeros(32)
    const parts = [this.space, u64(epoch.number), before, epoch.commitment]
    return this.check(epoch, await unwrap(reader, 'epoch wrap', parts, wrap))
  }

  /** The key of the epoch before `epoch`, whose key is given. */
  openPrevious(epoch, key) {
    need(epoch.previousKey, 'not-a-member')
    const parts = [this.space, epoch.previous]
    const once = KDF(key, '', 'previous epoch key', ...parts)
    const opened = open1(once, L('previous epoch', ...parts), epoch.previousKey)
    return this.check(this.get(epoch.previous), opened)
  }

  /** All keys that these readers reach, by the epoch's hash: by wraps, and back. */
  async reach(readers) {
    const keys = new Map()
    for (const epoch of this.epochs.toReversed()) {
      const reader = readers.find((r) => epoch.wraps.some((w) => same(w.recipient, r.id)))
      let key = keys.get(hex(epoch.hash))
      if (!key && reader) key = await this.open(epoch, reader)
      if (!key) continue
      keys.set(hex(epoch.hash), key)
      if (epoch.previousKey) keys.set(hex(epoch.previous), this.openPrevious(epoch, key))
    }
    return keys
  }
}

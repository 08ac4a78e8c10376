// Section 5: the patient chain.
import { hex, same } from './bytes.mjs'
import * as cbor from './cbor.mjs'
import { need } from './refused.mjs'
import { Chain, DeviceKeys, KIND, bodyAfter, checkSignature } from './statement.mjs'
import { deviceId, kemFits, kitId } from './wrap.mjs'

const KitKeys = cbor.map({ sign: [0, cbor.bytes(32)], kem: [1, cbor.bytes()] })
const ClinicRef = cbor.map({ roster: [0, cbor.bytes(32)], root: [1, cbor.bytes(32)] })
export const LastHead = cbor.map({
  space: [0, cbor.bytes(32)],
  log: [1, cbor.bytes(16)],
  beat: [2, cbor.uint],
  head: [3, cbor.bytes(32)],
})
const Step = cbor.choice({
  0: ['founded', { device: [0, DeviceKeys], nonce: [1, cbor.bytes(16)] }],
  1: ['clinic joined', { clinic: [0, ClinicRef] }],
  2: ['device added', { device: [0, DeviceKeys], consent: [1, cbor.bytes(64)] }],
  3: ['device removed', { device: [0, cbor.bytes(32)], heads: [1, cbor.list(LastHead)] }],
  4: ['kit adopted', { kit: [0, KitKeys], consent: [1, cbor.bytes(64)] }],
  5: ['kit retired', { kit: [0, cbor.bytes(32)] }],
})

export const keysFit = (keys) => kemFits(keys.kem) && !same(keys.log, keys.request)
/** Whether one of the last heads is that head of that log, or a later one of it. */
export const within = (lastHeads, log, beat, head) =>
  lastHeads.some((h) => same(h.log, log) && (beat < h.beat || (beat === h.beat && same(head, h.head))))
const isIn = (record, number) => record.from <= number && (record.until === null || record.until > number)

export class PatientChain extends Chain {
  devices = []
  kits = []
  clinics = []

  /** Verifies a first statement. */
  static found(first) {
    const chain = new PatientChain()
    const body = bodyAfter(first, KIND.patient, null, Step)
    need(body.step.is === 'founded', 'rule', 'the first statement founds the chain')
    const keys = body.step.device
    need(keysFit(keys), 'rule', 'device keys')
    need(same(body.signer, deviceId(keys)), 'not-allowed')
    checkSignature(first, KIND.patient, keys.log)
    chain.devices.push({ id: deviceId(keys), keys, from: 0, until: null, heads: [] })
    chain.hashes.push(first.hash)
    return chain
  }

  /** Verifies the next statement and takes it in. */
  append(next) {
    const body = bodyAfter(next, KIND.patient, this.tip, Step)
    const key = this.signingKey(body.signer, this.tip.number)
    need(key, 'not-allowed')
    checkSignature(next, KIND.patient, key)
    this.take(body.number, body.step)
    this.hashes.push(next.hash)
  }

  take(number, step) {
    const stands = (list, id) => list.find((r) => same(r.id, id) && r.until === null)
    switch (step.is) {
      case 'founded':
        return need(false, 'rule', 'founded once')
      case 'clinic joined':
        return this.clinics.push({ number, ...step.clinic })
      case 'device added': {
        const id = deviceId(step.device)
        need(keysFit(step.device), 'rule', 'device keys')
        need(!this.devices.some((d) => same(d.id, id)), 'rule', 'joins once')
        this.consented('patient consent', step.device.log, id, step.consent)
        return this.devices.push({ id, keys: step.device, from: number, until: null, heads: [] })
      }
      case 'device removed': {
        const spaces = [1, 2, 3].map((kind) => hex(this.space(kind)))
        const logs = new Set(step.heads.map((h) => hex(h.log)))
        need(step.heads.every((h) => spaces.includes(hex(h.space))), 'rule', 'a foreign space')
        need(logs.size === step.heads.length, 'rule', 'a log twice')
        const record = stands(this.devices, step.device)
        need(record, 'rule', 'no such device')
        this.keepsOneBesides(record)
        return Object.assign(record, { until: number, heads: step.heads })
      }
      case 'kit adopted': {
        const id = kitId(step.kit)
        need(kemFits(step.kit.kem), 'rule', 'kit keys')
        need(!this.kits.some((k) => same(k.id, id)), 'rule', 'adopted once')
        this.consented('patient consent', step.kit.sign, id, step.consent)
        for (const old of this.kits) if (old.until === null) old.until = number
        return this.kits.push({ id, keys: step.kit, from: number, until: null })
      }
      case 'kit retired': {
        const record = stands(this.kits, step.kit)
        need(record, 'rule', 'no such kit')
        this.keepsOneBesides(record)
        return (record.until = number)
      }
    }
  }

  keepsOneBesides(record) {
    const rest = [...this.devices, ...this.kits].some((r) => r !== record && r.until === null)
    need(rest, 'rule', 'the last device or kit')
  }

  clinicAt(number) {
    return this.clinics.findLast((c) => c.number <= number) ?? null
  }
  device(id) {
    return this.devices.find((d) => same(d.id, id)) ?? null
  }
  deviceIn(id, number) {
    const device = this.device(id)
    return device !== null && isIn(device, number)
  }
  recipientsAt(number) {
    return [...this.devices, ...this.kits].filter((r) => isIn(r, number)).map((r) => r.id)
  }
  signingKey(signer, number) {
    const found = [...this.devices, ...this.kits].find((r) => same(r.id, signer) && isIn(r, number))
    return found ? (found.keys.log ?? found.keys.sign) : null
  }

  /** Whether a head of a device's log counts, as far as removals say. */
  counts(device, log, beat, head) {
    const record = this.device(device)
    if (record === null || record.until === null) return true
    return within(record.heads, log, beat, head)
  }
}

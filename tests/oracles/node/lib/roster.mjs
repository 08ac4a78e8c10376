// Section 6: the roster.
import { same } from './bytes.mjs'
import * as cbor from './cbor.mjs'
import { KDF, L, open1 } from './crypto.mjs'
import { keysFit } from './patient.mjs'
import { Refused, need } from './refused.mjs'
import { Chain, DeviceKeys, KIND, bodyAfter, checkSignature } from './statement.mjs'
import { Wrap, deviceId, kemFits, rootId, team as teamOf, teamId, unwrap, wrapFits } from './wrap.mjs'

const ROLE = { administrator: 1, clinician: 2, frontDesk: 3 }
const TEAMS = [1, 2]
/** Whether people of that role belong to the team. */
export const includes = (team, role) => team === 2 || role === ROLE.clinician

const role = cbor.oneOf(1, 2, 3)
const team = cbor.oneOf(1, 2)
const TeamWrap = cbor.map({ team: [0, team], wrap: [1, Wrap] })
const person = [0, cbor.bytes(16)]
const Step = cbor.choice({
  0: ['founded', { root: [0, cbor.bytes(32)], name: [1, cbor.text], nonce: [2, cbor.bytes(16)] }],
  1: ['person added', { person, name: [1, cbor.text], role: [2, role] }],
  2: ['role changed', { person, role: [1, role] }],
  3: ['person removed', { person }],
  4: [
    'workstation added',
    { person, device: [1, DeviceKeys], consent: [2, cbor.bytes(64)], wraps: [3, cbor.list(TeamWrap)] },
  ],
  5: ['workstation removed', { device: [0, cbor.bytes(32)] }],
  6: [
    'team key issued',
    { team: [0, team], kem: [1, cbor.bytes()], wraps: [2, cbor.list(Wrap)], previous: [3, cbor.optional(cbor.bytes())] },
  ],
})

function checkName(name) {
  const length = Buffer.byteLength(name, 'utf8')
  const fits = length <= 200 && /\P{White_Space}/u.test(name) && !/\p{Cc}/u.test(name)
  need(fits, 'rule', 'a name')
}

export class Roster extends Chain {
  people = []
  workstations = []
  teamKeys = []
  stale = []

  /** Verifies a first statement. */
  static found(first) {
    const chain = new Roster()
    const body = bodyAfter(first, KIND.roster, null, Step)
    need(body.step.is === 'founded', 'rule', 'the first statement founds the roster')
    checkName(body.step.name)
    need(same(body.signer, rootId(body.step.root)), 'not-allowed')
    checkSignature(first, KIND.roster, body.step.root)
    chain.root = body.step.root
    chain.name = body.step.name
    chain.hashes.push(first.hash)
    return chain
  }

  get rootId() {
    return rootId(this.root)
  }

  /** Verifies the next statement and takes it in. */
  append(next) {
    const body = bodyAfter(next, KIND.roster, this.tip, Step)
    need(same(body.signer, this.rootId), 'not-allowed')
    checkSignature(next, KIND.roster, this.root)
    this.take(body.number, this.tip.number, body.step)
    this.hashes.push(next.hash)
  }

  take(number, before, step) {
    switch (step.is) {
      case 'founded':
        return need(false, 'rule', 'founded once')
      case 'person added':
        checkName(step.name)
        need(!this.people.some((p) => same(p.id, step.person)), 'rule', 'joins once')
        return this.people.push({ id: step.person, name: step.name, roles: [[number, step.role]] })
      case 'role changed':
        return this.changeRole(number, before, step.person, step.role)
      case 'person removed':
        this.changeRole(number, before, step.person, null)
        for (const w of this.workstations) if (same(w.person, step.person)) w.until ??= number
        return
      case 'workstation added':
        return this.addWorkstation(number, before, step)
      case 'workstation removed': {
        const role = this.workstationRole(step.device, before)
        need(role !== null, 'rule', 'no such workstation')
        this.workstation(step.device).until = number
        return this.markStale(number, role)
      }
      case 'team key issued':
        return this.issue(number, before, step)
    }
  }

  changeRole(number, before, id, role) {
    const old = this.roleAt(id, before)
    need(old !== null, 'rule', 'no such person')
    this.people.find((p) => same(p.id, id)).roles.push([number, role])
    this.markStale(number, old)
  }

  markStale(number, role) {
    for (const team of TEAMS) if (includes(team, role)) this.stale.push([number, team])
  }

  addWorkstation(number, before, { person, device, consent, wraps }) {
    const role = this.roleAt(person, before)
    need(role !== null, 'rule', 'no such person')
    need(keysFit(device), 'rule', 'device keys')
    const id = deviceId(device)
    need(this.workstation(id) === null, 'rule', 'joins once')
    this.consented('roster consent', device.log, id, consent)
    const due = TEAMS.filter((t) => includes(t, role) && this.teamKeyAt(t, before))
    const fits =
      wraps.length === due.length &&
      wraps.every((w, i) => w.team === due[i] && same(w.wrap.recipient, id) && wrapFits(w.wrap))
    need(fits, 'rule', 'wraps for just the teams of the role')
    const given = wraps.map((w) => ({ number, ...w }))
    this.workstations.push({ id, person, keys: device, from: number, until: null, given })
  }

  issue(number, before, { team, kem, wraps, previous }) {
    need(kemFits(kem), 'rule', 'a team key that is none')
    const id = teamId(kem)
    need(!this.teamKeys.some((k) => same(k.id, id)), 'rule', 'issued once')
    need(previous === null || previous.length === 48, 'rule', 'a sealed key')
    const first = !this.teamKeys.some((k) => k.team === team)
    need(first === (previous === null), 'rule', 'seals the one before')
    const due = this.workstations.filter((w) => {
      const role = this.workstationRole(w.id, before)
      return role !== null && includes(team, role)
    })
    const fits =
      wraps.length === due.length && wraps.every((w, i) => same(w.recipient, due[i].id) && wrapFits(w))
    need(fits, 'rule', 'wraps for just the workstations of the team')
    due.forEach((w, i) => w.given.push({ number, team, wrap: wraps[i] }))
    this.teamKeys.push({ team, id, kem, issued: number, previous })
  }

  roleAt(id, number) {
    const person = this.people.find((p) => same(p.id, id))
    return person?.roles.findLast(([n]) => n <= number)?.[1] ?? null
  }
  workstation(id) {
    return this.workstations.find((w) => same(w.id, id)) ?? null
  }
  /** The role of a workstation's person, if both are in after statement `number`. */
  workstationRole(id, number) {
    const w = this.workstation(id)
    const present = w !== null && w.from <= number && (w.until === null || w.until > number)
    return present ? this.roleAt(w.person, number) : null
  }
  /** The statement by which a workstation left a team of which it is not any more, or null. */
  leftTeam(id, team) {
    const belongs = (number) => {
      const role = this.workstationRole(id, number)
      return role !== null && includes(team, role)
    }
    let number = this.tip.number
    if (belongs(number)) return null
    while (number > 0 && !belongs(number - 1)) number -= 1
    return number === 0 ? null : number
  }
  /** A team's key in force after statement `number`, or null. */
  teamKeyAt(team, number) {
    const key = this.teamKeys.findLast((k) => k.team === team && k.issued <= number)
    if (!key) return null
    const stale = this.stale.some(([n, t]) => t === team && n > key.issued && n <= number)
    return stale ? null : key
  }

  /** All team keys that a workstation opens: its wraps, and back from each. */
  async openTeamKeys(reader) {
    const found = []
    for (const { number, team, wrap } of this.workstation(reader.id)?.given ?? []) {
      const keys = this.teamKeys.filter((k) => k.team === team)
      let at = keys.findLastIndex((k) => k.issued <= number)
      let seed = await unwrap(reader, 'team wrap', [this.id, [team], keys[at].id], wrap)
      for (;;) {
        const secret = await teamOf(seed)
        if (!same(secret.id, keys[at].id)) throw new Refused('does-not-open', 'another team key')
        found.push({ team, ...secret })
        if (at === 0) break
        const parts = [this.id, [team]]
        const once = KDF(seed, '', 'previous team key', ...parts)
        seed = open1(once, L('previous team', ...parts), keys[at].previous)
        at -= 1
      }
    }
    return found
  }
}

// Every value of the vectors, computed again from docs/PROTOCOL.md.
import assert from 'node:assert/strict'
import { hex, same, unhex } from './lib/bytes.mjs'
import * as cbor from './lib/cbor.mjs'
import { H } from './lib/crypto.mjs'
import { EpochChain } from './lib/epoch.mjs'
import { HybridClock, author, events, judge, openFrame, padme } from './lib/frame.mjs'
import * as invite from './lib/invite.mjs'
import { headerParts, logId, run, verifyRun } from './lib/log.mjs'
import { messages } from './lib/message.mjs'
import * as pairing from './lib/pairing.mjs'
import { PatientChain } from './lib/patient.mjs'
import { verifyRequest } from './lib/request.mjs'
import { Roster } from './lib/roster.mjs'
import { signed } from './lib/statement.mjs'
import { device, kemFits, kit, team } from './lib/wrap.mjs'
import { readDump } from './dump.mjs'
import { refusal } from './refusals.mjs'

export const OURS = 'clinic.example'

/** Chains, keys and logs of the file, as far as they are needed at a time. */
export class File {
  constructor(json) {
    this.json = json
  }

  async readActors() {
    const { actors } = this.json
    const seeds = (s) => Object.fromEntries(Object.entries(s).map(([name, h]) => [name, unhex(h)]))
    this.devices = {}
    for (const [name, d] of Object.entries(actors.devices)) this.devices[name] = await device(seeds(d.seeds))
    this.kit = await kit(unhex(actors.kit.secret))
    this.teams = []
    for (const t of Object.values(actors.teams)) this.teams.push({ team: t.team, ...(await team(unhex(t.seed))) })
    this.readers = [...Object.values(this.devices), this.kit, ...this.teams]
  }

  chain(which, kind, count = Infinity) {
    const [first, ...rest] = this.json.chains[which].statements.slice(0, count).map((s) => signed(unhex(s)))
    const chain = kind.found(first)
    for (const next of rest) chain.append(next)
    return chain
  }

  patient = (count) => this.chain('patient', PatientChain, count)
  roster = (count) => this.chain('roster', Roster, count)

  epochs(name, count = Infinity) {
    const { kind, epochs } = this.json.spaces[name]
    const chain = new EpochChain(kind, this.patient(), this.roster())
    for (const next of epochs.slice(0, count)) chain.append(signed(unhex(next)))
    return chain
  }

  /** A log's tip and frames after so many of its runs. */
  log(name, at, count = Infinity) {
    const space = unhex(this.json.spaces[name].id)
    const { author, runs } = this.json.spaces[name].logs[at]
    const { keys, id } = this.devices[author]
    const state = { tip: null, frames: [], heads: [], device: id, key: keys.log }
    for (const bytes of runs.slice(0, count)) {
      const verified = verifyRun(run(unhex(bytes)), space, state.tip, keys.log)
      assert(same(verified.head.device, id))
      state.tip = verified.tip
      state.heads.push(verified.tip.head)
      state.frames.push(...verified.frames)
    }
    return state
  }
}

/** Runs all checks; prints what failed. */
export async function readVectors(json) {
  const file = new File(json)
  const result = { passed: 0, failed: 0 }
  const check = async (name, body) => {
    try {
      await body()
      result.passed += 1
    } catch (error) {
      result.failed += 1
      console.error(`FAILED ${name}: ${error.message}`)
    }
  }
  assert.equal(json.version, 1)
  assert.equal(json.suite, 1)
  await file.readActors()
  await actors(file, check)
  await small(file, check)
  await chains(file, check)
  for (const name of Object.keys(json.spaces)) await space(file, name, check)
  await invites(file, check)
  await pairings(file, check)
  await check('request', () => {
    const { base, device } = verifyRequest(json.request, OURS, requestKeys(file), unhex(json.request.body))
    assert.equal(base, json.request.signature_base)
    assert.equal(device, hex(file.devices[json.request.device].id))
  })
  for (const [name, bytes] of Object.entries(json.messages)) {
    await check(`message ${name}`, () => messages[name](cbor.decode(unhex(bytes))))
  }
  await dumps(file, check)
  for (const [at, one] of json.negative.entries()) {
    await check(`forgery ${at} (${one.kind} ${one.name ?? one.text})`, async () => {
      assert.equal(await refusal(file, one), one.error)
    })
  }
  return result
}

export const requestKeys = (file) => (id) =>
  Object.values(file.devices).find((d) => hex(d.id) === id)?.keys.request ?? null

async function actors(file, check) {
  const { actors } = file.json
  for (const [name, given] of Object.entries(actors.devices)) {
    await check(`device ${name}`, () => {
      const { id, keys } = file.devices[name]
      for (const part of ['log', 'request', 'kem']) assert.equal(hex(keys[part]), given[part])
      assert.equal(hex(id), given.id)
      assert(kemFits(keys.kem))
    })
  }
  await check('kit', () => {
    assert.equal(hex(file.kit.signSeed), actors.kit.sign_seed)
    assert.equal(hex(file.kit.keys.sign), actors.kit.sign)
    assert.equal(hex(file.kit.keys.kem), actors.kit.kem)
    assert.equal(hex(file.kit.id), actors.kit.id)
  })
  for (const [at, [name, given]] of Object.entries(actors.teams).entries()) {
    await check(`team ${name}`, () => {
      assert.equal(hex(file.teams[at].public), given.kem)
      assert.equal(hex(file.teams[at].id), given.id)
    })
  }
}

async function small(file, check) {
  for (const { label, parts, hash } of file.json.hashes) {
    await check(`hash ${label}`, () => assert.equal(hex(H(label, ...parts.map(unhex))), hash))
  }
  for (const [n, padded] of file.json.padme) await check(`padme ${n}`, () => assert.equal(padme(n), padded))
  const clock = new HybridClock()
  for (const step of file.json.clock) {
    await check(`clock ${JSON.stringify(step)}`, () => {
      if ('tick' in step) return assert.deepEqual(clock.tick(step.tick), step.reading)
      assert.equal(clock.follow(step.follow, step.now), step.followed)
      assert.deepEqual(clock.last, step.last)
    })
  }
}

async function chains(file, check) {
  const { patient, roster } = file.json.chains
  await check('patient chain', () => {
    const chain = file.patient()
    assert.equal(hex(chain.id), patient.id)
    assert.deepEqual(chain.hashes.map(hex), patient.hashes)
  })
  await check('roster', () => {
    const chain = file.roster()
    assert.equal(hex(chain.id), roster.id)
    assert.deepEqual(chain.hashes.map(hex), roster.hashes)
    assert.equal(hex(chain.rootId), file.json.actors.root.id)
  })
  const reaches = { anna: [1, 1, 2, 2], desk: [2, 2], ben: [1, 2], phone: [] }
  for (const [name, teams] of Object.entries(reaches)) {
    await check(`team keys of ${name}`, async () => {
      const opened = await file.roster().openTeamKeys(file.devices[name])
      const ids = new Set(opened.map((k) => hex(k.id)))
      const all = file.teams.map((t) => hex(t.id))
      assert([...ids].every((id) => all.includes(id)))
      const found = file.teams.filter((t) => ids.has(hex(t.id))).map((t) => t.team)
      assert.deepEqual(found.sort(), teams)
    })
  }
}

async function space(file, name, check) {
  const given = file.json.spaces[name]
  const chain = file.epochs(name)
  const id = unhex(given.id)
  await check(`${name}: name`, () => assert(same(chain.space, id)))
  for (const [at, key] of given.keys.entries()) {
    const epoch = chain.epochs[at]
    await check(`${name}: epoch ${at}`, () => {
      assert.equal(hex(epoch.hash), key.hash)
      assert.equal(hex(epoch.commitment), key.commitment)
      assert.deepEqual(epoch.wraps.map((w) => hex(w.recipient)), key.recipients)
      chain.check(epoch, unhex(key.key))
    })
    for (const recipient of key.recipients) {
      await check(`${name}: epoch ${at} to ${recipient.slice(0, 8)}`, async () => {
        const reader = file.readers.find((r) => hex(r.id) === recipient)
        assert.equal(hex(await chain.open(epoch, reader)), key.key)
      })
    }
    if (key.holds_previous) {
      await check(`${name}: back from epoch ${at}`, () => {
        assert.equal(hex(chain.openPrevious(epoch, unhex(key.key))), given.keys[at - 1].key)
      })
    }
  }
  for (const at of given.logs.keys()) await log(file, name, chain, at, check)
}

async function log(file, name, chain, at, check) {
  const given = file.json.spaces[name].logs[at]
  const space = chain.space
  await check(`${name}: log ${at}`, () => {
    const { tip, heads, device } = file.log(name, at)
    assert.equal(hex(tip.log), given.log)
    assert.equal(hex(logId(space, device, unhex(given.nonce))), given.log)
    assert.deepEqual(heads.map(hex), given.heads)
  })
  const { frames, device } = file.log(name, at)
  assert.equal(frames.length, given.frames.length)
  for (const [n, frame] of frames.entries()) {
    const one = given.frames[n]
    await check(`${name}: log ${at} frame ${n + 1}`, () => {
      assert.equal(hex(frame.header), one.header)
      assert.equal(hex(frame.hash), one.header_hash)
      const cites = headerParts(frame.header)
      const epoch = chain.get(cites.epoch)
      assert.equal(chain.epochs.indexOf(epoch), one.epoch)
      if (one.body === null) return assert.equal(frame.body, null)
      assert.equal(hex(frame.body), one.body)
      const key = unhex(file.json.spaces[name].keys[one.epoch].key)
      const plaintext = openFrame(key, space, frame.header, frame.body, epoch.number)
      assert.equal(hex(plaintext), one.plaintext)
      assert.equal(frame.body.length, 32 + padme(plaintext.length + 4))
      const found = events(plaintext)
      assert.deepEqual(found.map(show), one.events)
      const who = author(chain, device, cites)
      assert(who !== null, 'nobody wrote this')
      assert(found.every((e) => judge(e, chain.kind, who) !== 'refuse'))
    })
  }
}

/** An event as the file shows it. */
export const show = (event) => ({
  id: hex(event.id),
  kind: event.kind,
  critical: event.critical,
  hlc: [event.hlc.ms, event.hlc.counter],
  at: [event.at.ms, event.at.offset, event.at.zone],
  body: hex(event.body),
})

async function invites(file, check) {
  const given = file.json.invite
  const secret = unhex(given.secret)
  const [patient, roster] = [file.patient().id, file.roster()]
  await check('invite: text', () => assert.equal(invite.text(secret), given.text))
  for (const text of given.also) {
    await check(`invite: ${text}`, () => assert.equal(hex(invite.parse(text).secret), given.secret))
  }
  await check('invite: QR', () => {
    assert.equal(invite.qr(secret, roster.rootId, 'S', 'clinic.example:8443'), given.qr)
    const scanned = invite.parse(given.qr)
    assert.equal(hex(scanned.secret), given.secret)
    assert(same(scanned.root, roster.rootId))
    assert.equal(scanned.server, given.server)
    assert.equal(invite.parse(given.qr_loopback).server, 'http://127.0.0.1:8080')
  })
  await check('invite: lookup', () => assert.equal(hex(invite.lookup(secret)), given.lookup))
  await check('invite: offer', () => {
    const offer = invite.Offer(cbor.decode(unhex(given.offer)))
    assert(same(offer.roster, roster.id) && same(offer.root, roster.rootId))
    assert.equal(offer.clinic, roster.name)
    assert(invite.offerFits(secret, unhex(given.offer), unhex(given.offer_mac)))
  })
  await check('invite: claim', () => {
    assert.equal(hex(invite.claimMac(secret, patient, roster.rootId)), given.claim_mac)
  })
  await check('invite: digits', async () => {
    const transcript = invite.transcript(secret, patient, roster.rootId, roster.id)
    assert.equal(hex(transcript), given.transcript)
    assert.equal(await invite.digits(transcript), given.digits)
  })
}

async function pairings(file, check) {
  const given = file.json.pairing
  const [secret, offer, answer] = [given.secret, given.offer, given.answer].map(unhex)
  const [patient, roster] = [file.patient(), file.roster()]
  await check('pairing: code', () => {
    assert.equal(invite.text(secret), given.text)
    const scanned = pairing.parse(given.qr)
    assert.equal(hex(scanned.secret), given.secret)
    assert.equal(scanned.server, given.server)
    assert.equal(scanned.number, patient.tip.number)
    assert(same(scanned.hash, patient.tip.hash) && same(scanned.root, roster.rootId))
    assert.equal(pairing.qr(secret, scanned, 'S', 'clinic.example:8443'), given.qr)
  })
  await check('pairing: offer', () => {
    assert.equal(hex(pairing.lookup(secret)), given.lookup)
    assert.equal(hex(pairing.offerMac(secret, offer)), given.offer_mac)
    const read = pairing.Offer(cbor.decode(offer))
    assert.equal(read.kind, 1)
    assert(same(read.chain, patient.id) && same(read.hash, patient.tip.hash))
    assert(same(read.roster, roster.id) && same(read.root, roster.rootId))
    assert.equal(read.person, null)
  })
  await check('pairing: answer', () => {
    assert.equal(hex(pairing.answerMac(secret, offer, answer)), given.answer_mac)
    const read = pairing.Answer(cbor.decode(answer))
    assert.equal(read.name, given.name)
    const { id, keys } = file.devices[given.device]
    assert(same(read.device.log, keys.log) && same(read.device.kem, keys.kem))
    assert(pairing.consents(pairing.Offer(cbor.decode(offer)), read, id))
  })
  await check('pairing: digits', async () => {
    assert.equal(await invite.digits(pairing.transcript(secret, offer, answer)), given.digits)
  })
  for (const [name, bytes] of Object.entries(given.messages)) {
    await check(`message ${name}`, () => pairing.messages[name](cbor.decode(unhex(bytes))))
  }
}

// The vectors as a server would keep them, read with one device's seeds each.
async function dumps(file, check) {
  const { chains, spaces, actors } = file.json
  const all = Object.values(spaces)
  const dump = {
    patient: chains.patient.id,
    roster: chains.roster.id,
    chains: [chains.patient.statements, chains.roster.statements, ...all.map((s) => s.epochs)],
    runs: Object.fromEntries(all.map((s) => [s.id, s.logs.flatMap((l) => l.runs)])),
  }
  // By hand: 5 events in private, 1 and 2 in care, 2 in front, 1 each in desk and clinic.
  // The 2 and the one in clinic were written after Ben was out.
  const due = { phone: 9, tablet: 5, anna: 7, ben: 4, desk: 3 }
  for (const [name, count] of Object.entries(due)) {
    await check(`dump read by ${name}`, async () => {
      const lines = []
      const quiet = () => {}
      const counts = await readDump(dump, actors.devices[name].seeds, (line) => lines.push(line), quiet)
      assert.equal(counts.refused, 0)
      assert.equal(lines.length, count)
    })
  }
}

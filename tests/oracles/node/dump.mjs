// Opens what a server kept, with a reader's seeds and nothing else.
//
// The dump: { "chains": [["<hex statement>", …], …], "runs": { "<hex space>": ["<hex run>", …] },
//   "roster": "<hex chain>", "patients": ["<hex chain>", …] }   (or "patient": one)
// The seeds: { "log": hex, "request": hex, "kem": hex }, or a list of such.
//
// Prints one line of JSON for each event, and to the standard error what was refused.
import { hex, unhex } from './lib/bytes.mjs'
import * as cbor from './lib/cbor.mjs'
import { EpochChain, ofPatient, spaceOf, teamOf } from './lib/epoch.mjs'
import { author, events, judge, kindName, openFrame } from './lib/frame.mjs'
import { claimedHead, headerParts, logId, run, verifyRun } from './lib/log.mjs'
import { PatientChain } from './lib/patient.mjs'
import { Refused } from './lib/refused.mjs'
import { Roster } from './lib/roster.mjs'
import { KIND, kindOf, signed } from './lib/statement.mjs'
import { show } from './vectors.mjs'
import { device } from './lib/wrap.mjs'

const SPACES = { 1: 'private', 2: 'care', 3: 'desk', 4: 'front', 5: 'clinic' }

export async function readDump(dump, seeds, print = console.log, warn = console.error) {
  const counts = { events: 0, applied: 0, refused: 0, unread: 0, erased: 0 }
  const complain = (where, error) => {
    if (!(error instanceof Refused)) throw error
    counts.refused += 1
    warn(`REFUSED ${where}: ${error.message}`)
  }
  const { patients, roster, epochs } = chainsOf(dump, complain)
  const readers = []
  for (const one of [seeds].flat()) {
    const raw = Object.fromEntries(['log', 'request', 'kem'].map((name) => [name, unhex(one[name])]))
    const reader = await device(raw)
    readers.push(reader, ...(roster ? await roster.openTeamKeys(reader) : []))
  }
  for (const list of epochs) {
    const { space, kind } = spaceOf(list[0])
    const owner = ofPatient(kind) ? patients.find((p) => hex(p.space(kind)) === hex(space)) : roster
    if (!owner) {
      complain(hex(space), new Refused('rule', 'a space of no chain that is trusted'))
      continue
    }
    const chain = new EpochChain(kind, ofPatient(kind) ? owner : null, roster)
    try {
      for (const next of list) chain.append(next)
    } catch (error) {
      complain(`epochs of ${SPACES[kind]} ${hex(space)}`, error)
    }
    const keys = await chain.reach(readers)
    readSpace(chain, keys, dump.runs[hex(space)] ?? [], { counts, complain, print })
  }
  warn(
    `${counts.events} events read, ${counts.applied} to apply, ${counts.unread} frames of other readers, ` +
      `${counts.erased} erased, ${counts.refused} refused`,
  )
  return counts
}

function chainsOf(dump, complain) {
  const trusted = new Set([dump.patient, ...(dump.patients ?? []), dump.roster].filter(Boolean))
  const found = { patients: [], roster: null, epochs: [] }
  for (const list of dump.chains.filter((l) => l.length > 0)) {
    try {
      const all = list.map((s) => signed(unhex(s)))
      const kind = kindOf(all[0])
      if (kind === KIND.epoch) {
        found.epochs.push(all)
        continue
      }
      if (!trusted.has(hex(all[0].hash))) throw new Refused('rule', 'a chain that nobody named')
      const chain = kind === KIND.patient ? PatientChain.found(all[0]) : Roster.found(all[0])
      for (const next of all.slice(1)) chain.append(next)
      if (kind === KIND.patient) found.patients.push(chain)
      else found.roster = chain
    } catch (error) {
      complain('chain', error)
    }
  }
  return found
}

function readSpace(chain, keys, runs, { counts, complain, print }) {
  const tips = new Map()
  const parsed = []
  for (const bytes of runs) {
    try {
      const one = run(unhex(bytes))
      parsed.push({ one, head: claimedHead(one) })
    } catch (error) {
      complain('run', error)
    }
  }
  parsed.sort((a, b) => a.head.beat - b.head.beat)
  for (const { one, head } of parsed) {
    const log = hex(logId(head.space, head.device, head.nonce))
    try {
      const known = chain.patient?.device(head.device) ?? chain.roster?.workstation(head.device)
      if (!known) throw new Refused('not-allowed', 'a device that nobody knows')
      const { frames, tip } = verifyRun(one, chain.space, tips.get(log) ?? null, known.keys.log)
      tips.set(log, tip)
      const team = teamOf(chain.kind)
      const left = team === null ? null : chain.roster.leftTeam(head.device, team)
      const within =
        (chain.patient?.counts(head.device, tip.log, tip.beat, tip.head) ?? true) &&
        (left === null || chain.counts(left, tip.log, tip.beat, tip.head))
      if (!within) throw new Refused('not-allowed', 'beyond the last head that counts')
      for (const frame of frames) readFrame(chain, keys, head, log, frame, counts, print)
    } catch (error) {
      complain(`log ${log} beat ${head.beat}`, error)
    }
  }
}

function readFrame(chain, keys, head, log, frame, counts, print) {
  if (frame.body === null) return (counts.erased += 1)
  const cites = headerParts(frame.header)
  const key = keys.get(hex(cites.epoch))
  if (!key) return (counts.unread += 1)
  const epoch = chain.get(cites.epoch)
  const plaintext = openFrame(key, chain.space, frame.header, frame.body, epoch.number)
  const who = author(chain, head.device, cites)
  for (const event of events(plaintext)) {
    const verdict = who === null ? 'refuse' : judge(event, chain.kind, who)
    counts.events += 1
    if (verdict === 'apply') counts.applied += 1
    if (verdict === 'refuse') counts.refused += 1
    const place = { space: SPACES[chain.kind], space_id: hex(chain.space), log, number: frame.number }
    const line = { ...place, author: who, verdict, name: kindName(event.kind), ...show(event), decoded: decoded(event.body) }
    print(JSON.stringify(line, plain))
  }
}

function decoded(body) {
  try {
    return cbor.decode(body)
  } catch {
    return null
  }
}

// Maps as objects, bytes as hexadecimal.
function plain(_, value) {
  if (value instanceof Map) return Object.fromEntries(value)
  if (value instanceof Uint8Array) return hex(value)
  return typeof value === 'bigint' ? String(value) : value
}

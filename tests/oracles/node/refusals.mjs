// What this reader says to a forgery, in the words of docs/PROTOCOL.md.
import { unhex } from './lib/bytes.mjs'
import { openFrame, unpad } from './lib/frame.mjs'
import * as invite from './lib/invite.mjs'
import { run, verifyRun } from './lib/log.mjs'
import { PatientChain } from './lib/patient.mjs'
import { Refused } from './lib/refused.mjs'
import { verifyRequest } from './lib/request.mjs'
import { Roster } from './lib/roster.mjs'
import { signed } from './lib/statement.mjs'
import { OURS, requestKeys } from './vectors.mjs'

const tries = {
  statement(file, { chain, after, statement }) {
    const next = signed(unhex(statement))
    const Kind = chain === 'patient' ? PatientChain : Roster
    if (after === 0) Kind.found(next)
    else file[chain](after).append(next)
  },
  epoch(file, { space, after, statement }) {
    file.epochs(space, after).append(signed(unhex(statement)))
  },
  run(file, { space, log, after, run: bytes }) {
    const { tip, key } = file.log(space, log, after)
    verifyRun(run(unhex(bytes)), unhex(file.json.spaces[space].id), tip, key)
  },
  frame(file, { space, epoch, header, body }) {
    const { id, keys } = file.json.spaces[space]
    openFrame(unhex(keys[epoch].key), unhex(id), unhex(header), unhex(body), epoch)
  },
  async wrap(file, { space, epoch, device, wrap }) {
    const chain = file.epochs(space)
    const given = Object.fromEntries(Object.entries(wrap).map(([name, h]) => [name, unhex(h)]))
    await chain.open(chain.epochs[epoch], file.devices[device], [given])
  },
  padding(_, { padded }) {
    unpad(unhex(padded))
  },
  invite(_, { text }) {
    invite.parse(text)
  },
  request(file, { request }) {
    verifyRequest(request, OURS, requestKeys(file), unhex(request.body))
  },
}

/** The word with which a forgery is refused, or 'accepted'. */
export async function refusal(file, one) {
  try {
    await tries[one.kind](file, one)
    return 'accepted'
  } catch (error) {
    if (error instanceof Refused) return error.word
    throw error
  }
}

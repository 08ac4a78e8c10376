// Writes as a patient's device, through a real clinic API: joins by an invite, then seals and
// pushes what it is told, well or badly.
//
//   node write.mjs SERVER INVITE
//
// Prints a line of JSON with the digits to compare. Then, a line of JSON in, a line out:
//   {"do":"meet"}                            once admitted: verifies the clinic
//   {"do":"record","space":2,"mood":{…}}     an entry; "space" 1 is private, 2 care
//   {"do":"record", …, "wrong":"…"}          the same, with one thing wrong
//   {"do":"review","entry":"<hex>","version":"<hex>"}   what no patient may write
import { createInterface } from 'node:readline'
import { hex, unhex } from './lib/bytes.mjs'
import { Denied } from './lib/client.mjs'
import { random } from './lib/crypto.mjs'
import { map } from './lib/encode.mjs'
import { Writer } from './lib/writer.mjs'

const MOOD_RECORDED = 100
const ENTRY_REVIEWED = 200

/** Section 10: a mood. Lists are there if empty. */
const mood = (of) =>
  map({
    0: of.valence,
    1: of.felt,
    2: of.energy,
    3: of.anxiety,
    4: of.sleep && map({ 0: of.sleep.hours, 1: of.sleep.quality }),
    5: of.feelings ?? [],
    6: of.associations ?? [],
    7: of.words ?? [],
    8: of.circumstances ?? [],
    9: of.note,
  })

/** What can be wrong with a frame, its head, its signature or its request. */
const WRONG = {
  header: () => ({ wrong: { header: random(32) } }),
  previous: () => ({ wrong: { previous: random(32) } }),
  signature: () => ({ wrong: { signer: random(32) } }),
  aad: () => ({ wrong: { aad: random(32) } }),
  padding: () => ({ wrong: { padding: 1 } }),
  'request signature': () => ({ bend: (h) => ({ ...h, signature: h.signature.replace(/:(.)/, (_, c) => `:${c === 'A' ? 'B' : 'A'}`) }) }),
  'request time': () => ({ bend: (h) => ({ ...h, 'signature-input': h['signature-input'].replace(/created=\d/, 'created=9') }) }),
  digest: () => ({ bend: (h) => ({ ...h, 'content-digest': `sha-256=:${Buffer.from(random(32)).toString('base64')}:` }) }),
}

const say = (value) => console.log(JSON.stringify(value))
const [server, invite] = process.argv.slice(2)
const writer = await Writer.begin(server)
say({ digits: await writer.join(invite) })

const orders = {
  async meet() {
    await writer.meet()
    return { device: hex(writer.device.id) }
  },
  async record({ space, mood: of, wrong }) {
    const entry = random(16)
    const event = writer.event(MOOD_RECORDED, true, map({ 0: entry, 1: [], 2: mood(of) }))
    const done = await writer.write(space, [event], wrong ? WRONG[wrong]() : {})
    return { entry: hex(entry), version: hex(event.get(0)), ...done }
  },
  async review({ entry, version }) {
    const body = map({ 0: [[unhex(entry), unhex(version)]], 1: 1 })
    return writer.write(2, [writer.event(ENTRY_REVIEWED, false, body)])
  },
}

for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line)
  try {
    say(await orders[order.do](order))
  } catch (error) {
    if (!(error instanceof Denied)) throw error
    say({ denied: error.code, status: error.status })
  }
}

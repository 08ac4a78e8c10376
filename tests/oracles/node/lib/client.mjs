// Sections 12 and 13: what a device asks of the clinic API.
import * as cbor from './cbor.mjs'
import { hex } from './bytes.mjs'
import { sign } from './crypto.mjs'
import { encode, map } from './encode.mjs'
import { messages } from './message.mjs'
import { contentDigest, signRequest } from './request.mjs'
import { signed } from './statement.mjs'

/** What the server did not do: its status and the last part of the problem's type. */
export class Denied extends Error {
  constructor(status, code) {
    super(`${status} ${code}`)
    Object.assign(this, { status, code })
  }
}

export class Client {
  constructor(server, device) {
    Object.assign(this, { server: new URL(server), device })
  }

  async send(method, path, { body = new Uint8Array(), unsigned = false, query = '', bend = (h) => h } = {}) {
    const request = { method, path, query, content_digest: contentDigest(body) }
    const created = Math.floor(Date.now() / 1000)
    const { id, seeds } = this.device
    const fields = signRequest(request, this.server.host, created, hex(id), (base) => sign(seeds.request, base))
    const headers = { ...(unsigned ? {} : bend(fields)), ...(body.length > 0 ? { 'content-type': 'application/cbor' } : {}) }
    const url = new URL(path + (query ? `?${query}` : ''), this.server)
    const answer = await fetch(url, { method, headers, body: body.length > 0 ? body : undefined })
    const bytes = new Uint8Array(await answer.arrayBuffer())
    if (answer.ok) return bytes
    throw new Denied(answer.status, JSON.parse(Buffer.from(bytes).toString()).type.split(':').at(-1))
  }

  async offer(lookup) {
    const bytes = await this.send('GET', `/v1/invites/${hex(lookup)}`, { unsigned: true })
    return messages.invite_offer(cbor.decode(bytes))
  }

  claim(lookup, statements, mac) {
    const body = encode(map({ 0: statements, 1: mac }))
    return this.send('POST', `/v1/invites/${hex(lookup)}/claim`, { unsigned: true, body })
  }

  /** All statements of a chain, not yet verified. */
  async chain(id) {
    const all = []
    for (let more = true; more; ) {
      const query = all.length > 0 ? `from=${all.length}` : ''
      const page = messages.chain_page(cbor.decode(await this.send('GET', `/v1/chains/${hex(id)}`, { query })))
      all.push(...page.statements.map(signed))
      more = page.more && page.statements.length > 0
    }
    return all
  }

  append(chain, statement) {
    return this.send('POST', `/v1/chains/${hex(chain)}`, { body: statement })
  }

  async push(space, runs, options = {}) {
    const body = encode(map({ 0: runs }))
    const bytes = await this.send('POST', `/v1/spaces/${hex(space)}/runs`, { body, ...options })
    return messages.pushed(cbor.decode(bytes)).stored
  }
}

// What stands between the console and its clinic API: honest, away, slow or lying.
import { createServer, connect } from 'node:net'

export class Proxy {
  #server
  #sockets = new Set()
  #to
  /// 'honest', 'away' (every connection ends), 'silent' (nothing comes back), or a function
  /// that gets each piece that the API sends and gives what arrives, or nothing for an end.
  #manner = 'honest'
  connections = 0

  static async start() {
    const proxy = new Proxy()
    proxy.#server = createServer((client) => proxy.#carry(client))
    await new Promise((done) => proxy.#server.listen(0, '127.0.0.1', done))
    return proxy
  }

  get authority() {
    return `127.0.0.1:${this.#server.address().port}`
  }

  forwardTo(port) {
    this.#to = port
  }

  /// From now on; connections that are open end.
  become(manner) {
    this.#manner = manner
    for (const socket of this.#sockets) socket.destroy()
  }

  #carry(client) {
    this.connections += 1
    this.#sockets.add(client)
    client.on('close', () => this.#sockets.delete(client))
    client.on('error', () => {})
    if (this.#manner === 'away' || this.#to === undefined) return client.destroy()
    if (this.#manner === 'silent') return client.resume()
    const api = connect(this.#to, '127.0.0.1')
    api.on('error', () => client.destroy())
    api.on('close', () => client.destroy())
    client.on('close', () => api.destroy())
    client.on('data', (bytes) => api.write(bytes))
    api.on('data', (bytes) => {
      if (typeof this.#manner !== 'function') return client.write(bytes)
      const arrives = this.#manner(bytes)
      if (arrives === undefined) client.destroy()
      else client.write(arrives)
    })
  }

  close() {
    this.become('away')
    return new Promise((done) => this.#server.close(done))
  }
}

/// Changes one bit of every body, at this part of its length.
export const flipping = (part) => (bytes) => {
  const begin = bytes.indexOf('\r\n\r\n') + 4
  const bent = Buffer.from(bytes)
  const from = begin < 4 ? 0 : begin
  if (bent.length > from) bent[from + Math.floor((bent.length - 1 - from) * part)] ^= 0x04
  return bent
}

/// Ends each answer after this part of it.
export const cutting = (part) => {
  const done = new WeakSet()
  return (bytes) => (done.has(bytes) ? undefined : bytes.subarray(0, Math.floor(bytes.length * part)))
}

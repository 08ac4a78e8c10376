// What stands between the console and its clinic API: honest, away, slow or lying.
import { createServer as createHttp, request } from 'node:http'
import { connect, createServer } from 'node:net'

export class Proxy {
  #server
  #sockets = new Set()
  #to
  /// 'honest', 'away' (every connection ends), 'silent' (nothing comes back), or a function
  /// that gets each piece that the API sends, and the path it answers, and gives what arrives.
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
    let asked = ''
    client.on('data', (bytes) => {
      asked = /^[A-Z]+ (\S+) HTTP/.exec(bytes.toString('latin1'))?.[1] ?? asked
      api.write(bytes)
    })
    api.on('data', (bytes) => {
      if (typeof this.#manner !== 'function') return client.write(bytes)
      const arrives = this.#manner(bytes, asked)
      if (arrives.last) client.end(arrives.last)
      else client.write(arrives)
    })
  }

  close() {
    this.become('away')
    return new Promise((done) => this.#server.close(done))
  }
}

/// Changes one bit of every body that answers such a path, at this part of its length.
export const flipping = (part, path = /./, least = 0) => (bytes, asked) => {
  if (!path.test(asked) || bytes.length < least) return bytes
  const begin = bytes.indexOf('\r\n\r\n') + 4
  const bent = Buffer.from(bytes)
  const from = begin < 4 ? 0 : begin
  if (bent.length > from) bent[from + Math.floor((bent.length - 1 - from) * part)] ^= 0x04
  return bent
}

/// Ends each piece of an answer after this part of it, and with it the connection.
export const cutting = (part) => (bytes) => ({ last: bytes.subarray(0, Math.floor(bytes.length * part)) })

/// A proxy for a browser: passes on what goes to this machine, refuses all else, and notes both.
export async function listener() {
  const hosts = []
  const server = createHttp((incoming, answer) => {
    const url = new URL(incoming.url)
    hosts.push(url.host)
    if (url.hostname !== '127.0.0.1') return answer.writeHead(502).end()
    const { method, headers } = incoming
    const onward = request(url, { method, headers }, (got) => {
      answer.writeHead(got.statusCode, got.headers)
      got.pipe(answer)
    })
    onward.on('error', () => answer.destroy())
    incoming.pipe(onward)
  })
  server.on('connect', (incoming, socket) => {
    hosts.push(incoming.url)
    socket.destroy()
  })
  await new Promise((done) => server.listen(0, '127.0.0.1', done))
  const close = () => {
    server.close()
    server.closeAllConnections()
  }
  return { hosts, port: server.address().port, close }
}

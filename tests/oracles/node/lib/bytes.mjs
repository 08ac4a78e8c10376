// Bytes: hexadecimal, joining, comparing, numbers.
export const hex = (bytes) => Buffer.from(bytes).toString('hex')
export const unhex = (text) => {
  if (!/^([0-9a-f]{2})*$/.test(text)) throw new Error('not hexadecimal')
  return new Uint8Array(Buffer.from(text, 'hex'))
}
export const ascii = (text) => new Uint8Array(Buffer.from(text, 'latin1'))
export const join = (...parts) => new Uint8Array(Buffer.concat(parts.map((p) => Buffer.from(p))))
export const same = (a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)) === 0
export const zeros = (n) => new Uint8Array(n)

export function u64(n) {
  const out = Buffer.alloc(8)
  out.writeBigUInt64BE(BigInt(n))
  return new Uint8Array(out)
}

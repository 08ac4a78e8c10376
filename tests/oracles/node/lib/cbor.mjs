// Section 1: CBOR in its one spelling, and the shapes that structures have.
import { decodeFirst } from 'cborg'
import { Refused, need } from './refused.mjs'

const LEVELS = 32

/** One value in its one spelling, and nothing after it. Maps become Map. */
export function decode(bytes) {
  let value, rest
  try {
    ;[value, rest] = decodeFirst(bytes, {
      useMaps: true,
      strict: true,
      allowIndefinite: false,
      rejectDuplicateMapKeys: true,
    })
  } catch (error) {
    throw new Refused('malformed', error.message)
  }
  order(value, LEVELS)
  need(rest.length === 0, 'trailing')
  return value
}

// cborg does not look at the order of keys.
function order(value, levels) {
  need(levels > 0, 'malformed', 'nested too deep')
  if (Array.isArray(value)) for (const item of value) order(item, levels - 1)
  if (!(value instanceof Map)) return
  let last = null
  for (const [key, item] of value) {
    if (typeof key === 'number' || typeof key === 'bigint') {
      // Bytewise: unsigned numbers ascend, then negative ones descend.
      const place = key >= 0 ? [0, key] : [1, -key]
      const ascends = last === null || place[0] > last[0] || (place[0] === last[0] && place[1] > last[1])
      need(ascends, 'malformed', 'keys out of order')
      last = place
    }
    order(key, levels - 1)
    order(item, levels - 1)
  }
}

// Readers of one field: each takes a value and gives what it stands for.
export const bytes = (length) => (value) => {
  need(value instanceof Uint8Array, 'malformed', 'no byte string')
  need(length === undefined || value.length === length, 'malformed', 'length of a byte string')
  return value
}
export const uint = (value) => {
  need((typeof value === 'number' || typeof value === 'bigint') && value >= 0, 'malformed', 'no number')
  return value
}
export const int = (value) => {
  need(Number.isInteger(value) || typeof value === 'bigint', 'malformed', 'no integer')
  return value
}
export const byte = (value) => {
  need(uint(value) < 256, 'malformed', 'more than a byte')
  return value
}
export const bool = (value) => {
  need(typeof value === 'boolean', 'malformed', 'no truth value')
  return value
}
export const text = (value) => {
  need(typeof value === 'string', 'malformed', 'no text')
  return value
}
export const oneOf = (...numbers) => (value) => {
  need(numbers.includes(value), 'malformed', 'an unknown number')
  return value
}
export const list = (item) => (value) => {
  need(Array.isArray(value), 'malformed', 'no list')
  return value.map(item)
}
/** A field that may be missing. */
export const optional = (read) => {
  const reader = (value) => (value === undefined || value === null ? null : read(value))
  reader.optional = true
  return reader
}

const fields = (shape, get) =>
  Object.fromEntries(
    Object.entries(shape).map(([name, [at, read]]) => {
      const value = get(at)
      need(value !== undefined || read.optional, 'malformed', `${name} is missing`)
      return [name, read(value)]
    }),
  )

/** A map: `{ name: [key, reader] }`. */
export const map = (shape) => (value) => {
  need(value instanceof Map, 'malformed', 'no map')
  return fields(shape, (key) => value.get(key))
}
/** An array: `{ name: [position, reader] }`. */
export const array = (shape) => (value) => {
  need(Array.isArray(value), 'malformed', 'no array')
  return fields(shape, (at) => value[at])
}
/** A choice: `{ index: [name, shape] }`. */
export const choice = (steps) => (value) => {
  need(Array.isArray(value) && value.length >= 2, 'malformed', 'no choice')
  const found = steps[value[0]]
  need(found, 'malformed', 'an unknown choice')
  return { is: found[0], ...array(found[1])(value[1]) }
}

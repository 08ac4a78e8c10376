// Section 1: structures in their one spelling.
import { encode as cborg, rfc8949EncodeOptions } from 'cborg'

/** A map of these fields, those without a value left out: `{ 0: …, 4: null }`. */
export const map = (fields) =>
  new Map(
    Object.entries(fields)
      .filter(([, value]) => value !== null && value !== undefined)
      .map(([key, value]) => [Number(key), value]),
  )

/** The bytes of a value: maps by ascending keys, integers in their shortest form, floats of 64 bits. */
export const encode = (value) => new Uint8Array(cborg(value, { ...rfc8949EncodeOptions, float64: true }))

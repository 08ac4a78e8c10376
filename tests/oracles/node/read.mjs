// Reads the vectors of docs/PROTOCOL.md, or what a server kept of a client.
//
//   node read.mjs [VECTORS]
//   node read.mjs --server-dump FILE --device-seeds FILE
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { readDump } from './dump.mjs'
import { readVectors } from './vectors.mjs'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { 'server-dump': { type: 'string' }, 'device-seeds': { type: 'string' } },
})
const json = (path) => JSON.parse(readFileSync(path, 'utf8'))

if (values['server-dump']) {
  if (!values['device-seeds']) throw new Error('--server-dump needs --device-seeds')
  const { refused } = await readDump(json(values['server-dump']), json(values['device-seeds']))
  process.exitCode = refused === 0 ? 0 : 1
} else {
  const path = positionals[0] ?? new URL('../../vectors/protocol.json', import.meta.url)
  const { passed, failed } = await readVectors(json(path))
  console.log(`${passed} passed, ${failed} failed`)
  process.exitCode = failed === 0 && passed > 0 ? 0 : 1
}

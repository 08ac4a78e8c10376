// The clinic API away, slow or lying; the vault locked in the middle of work; and who is spoken to.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { violations } from './axe.mjs'
import { Clinic, assertQuiet } from './clinic.mjs'
import { cutting, flipping, listener } from './proxy.mjs'
import { picture } from './scene.mjs'

const PATIENT = 'Robin Weaver'

let clinic, page, listening, calls

before(async () => {
  listening = await listener()
  const proxy = { server: `http://127.0.0.1:${listening.port}`, bypass: '<-loopback>' }
  clinic = await Clinic.found({
    browser: { proxy },
    // Every connection that the console makes, from its first moment to its last.
    console: { within: (dir) => ['/usr/bin/strace', '-D', '-f', '-qq', '-e', 'trace=connect,sendto,sendmsg,sendmmsg', '-o', (calls = join(dir, 'calls'))] },
  })
  page = clinic.page
  await clinic.enrol('patient', PATIENT)
  await clinic.share('patient', '--note', 'the first note')
  await clinic.sync()
}, { timeout: 120_000 })

after(async () => {
  await clinic?.end()
  listening?.close()
})

const warning = () => page.locator('.top .notice.warn')

async function examine(name) {
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme })
    const found = await violations(page)
    assert.deepEqual(found.filter(({ impact }) => impact === 'serious' || impact === 'critical'), [], name)
    await picture(page, `${name}-${colorScheme}`)
  }
  await page.emulateMedia({ colorScheme: 'light' })
  await page.evaluate(() => (document.documentElement.style.fontSize = '200%'))
  await picture(page, `${name}-large`)
  await page.evaluate(() => (document.documentElement.style.fontSize = ''))
}

/// Goes until a sync has gone well.
async function recovered() {
  clinic.proxy.become('honest')
  await clinic.go('/patients')
  for (let i = 0; i < 20 && (await warning().count()) > 0; i += 1) await clinic.sync()
  assert.equal(await warning().count(), 0)
}

test('away: says so, shows what it has, takes what is done', async () => {
  clinic.proxy.become('away')
  await clinic.openFirst()
  await clinic.sync()
  await warning().waitFor()
  assert.match(await warning().textContent(), /may be out of date.*can't be reached now/)
  await page.getByText('the first note').waitFor()
  await page.getByRole('button', { name: 'Mark as reviewed' }).click()
  await page.getByText('Marked 1 entry as reviewed.').waitFor()
  await examine('server-away')

  await clinic.go('/invites')
  await page.getByText('The list is kept by the clinic’s server').waitFor()
  await page.getByLabel('Patient’s name').fill('Kim Wood')
  await page.getByLabel('Date of birth').fill('1990-01-01')
  await page.getByRole('button', { name: 'Make an invite' }).click()
  await page.getByText('No invite was made.').waitFor()
  assert.equal(await page.getByLabel('Patient’s name').inputValue(), 'Kim Wood', 'what was typed is still there')
  await examine('invite-not-made')

  await recovered()
  // What was done meanwhile has reached the patient.
  await clinic.scene.patient('patient', 'sync')
  assert.equal((await clinic.scene.patient('patient', 'status')).entries_read, 1)
  await clinic.openFirst()
  await page.getByText(/Reviewed by Dr\. Mara Lindqvist/).waitFor()
})

test('slow: keeps nobody waiting, and says so', async () => {
  await clinic.openFirst()
  clinic.proxy.become('silent')
  const began = Date.now()
  await clinic.sync()
  await page.getByText('slow to answer').waitFor()
  await page.getByText('the first note').waitFor()
  assert.ok(Date.now() - began < 10_000)
  await examine('server-slow')
  // Meanwhile pages come at once, and so does locking.
  for (const path of ['/patients', '/patients', '/unlock']) {
    const asked = Date.now()
    await clinic.go(path)
    assert.ok(Date.now() - asked < 2_000, path)
  }
  const asked = Date.now()
  await clinic.go('/invites')
  await page.getByText('The list is kept by the clinic’s server').waitFor()
  assert.ok(Date.now() - asked < 10_000, 'the list of invites is waited for, but not long')
  const locking = Date.now()
  await clinic.lock()
  assert.ok(Date.now() - locking < 3_000)
  await clinic.unlock()
  await recovered()
})

test('lying: what does not verify is named and never shown', async (t) => {
  const codes = new Map()
  let n = 0
  for (const [name, manner] of [
    ['flipped everywhere', flipping(0.5)],
    // Pulls with frames in them, at places from their head to the signature at their end.
    ...[0.02, 0.3, 0.6, 0.99].map((part) => [`a pull flipped at ${part}`, flipping(part, /\/pull$/, 700)]),
    ...[0.8].map((part) => [`cut at ${part}`, cutting(part)]),
  ]) {
    n += 1
    const note = `note ${n}, only whole`
    clinic.proxy.become(manner)
    await clinic.share('patient', '--note', note)
    await clinic.openFirst()
    await clinic.sync()
    await warning().waitFor()
    const said = await warning().textContent()
    codes.set(name, said.match(/Code: (\S+)/)[1])
    assert.match(said, /^(What you see|Something from the server failed its check and is not shown. What you see passed, and) may be out of date\./)
    assert.ok(/(verify|understand|refused|reached|check)/.test(said), said)
    assert.equal(await page.getByText(note).count(), 0, `${name}: unverified content`)
    await page.getByText('the first note').waitFor()
    if (n === 1) await examine('server-lies')
    await recovered()
    await clinic.openFirst()
    await page.getByText(note).waitFor()
  }
  for (const [name, code] of codes) t.diagnostic(`${name}: ${code}`)
  assert.ok([...codes.values()].some((code) => code !== 'unreachable'), 'some lies are named as such')
})

test('locked in another window: the page leaves the screen, nothing that was saved is lost', async () => {
  await clinic.share('patient', '--note', 'still to review')
  await clinic.sync()
  await clinic.openFirst()
  const other = await page.context().newPage()
  await clinic.go('/patients', other)
  await clinic.lock(other)
  // The window that was at work sends its form before it has noticed.
  await page.locator('article').filter({ hasText: 'still to review' }).getByRole('button').click()
  await page.getByText('so it was not done').waitFor()
  await examine('not-done')
  await clinic.unlock()
  assert.match(page.url(), /\/patients\/[^/]+$/, 'back on the page where the form was')
  const card = page.locator('article').filter({ hasText: 'still to review' })
  await card.getByText('Not reviewed yet.').waitFor()
  await page.locator('article').filter({ hasText: 'the first note' }).getByText(/Reviewed by/).waitFor()

  // A form of before the lock, sent after the next unlock.
  const stale = await page.context().newPage()
  await clinic.go(new URL(page.url()).pathname.replace(clinic.place, ''), stale)
  await clinic.go('/patients', other)
  await clinic.lock(other)
  await clinic.unlock(other)
  await stale.locator('article').filter({ hasText: 'still to review' }).getByRole('button').click()
  await stale.getByText('This page was too old').waitFor()
  await stale.getByText('Nothing was changed.').waitFor()
  await stale.close()

  // A window that nobody touches.
  await clinic.openFirst()
  await clinic.go('/patients', other)
  await clinic.lock(other)
  await page.getByRole('heading', { name: 'Unlock the console' }).waitFor({ timeout: 20_000 })
  assert.equal(await page.getByText(PATIENT).count(), 0)
  await clinic.unlock()
  await other.close()
})

test('the console ended: the page leaves the screen, too', async () => {
  await clinic.openFirst()
  const ended = new Promise((done) => clinic.console.child.on('exit', done))
  clinic.console.child.kill('SIGTERM')
  await ended
  await page.getByText('The console was closed.').waitFor({ timeout: 40_000 })
  assert.equal(await page.getByText('the first note').count(), 0)
})

test('nobody was spoken to but the clinic API, by the console or by its pages', () => {
  const traced = readFileSync(calls, 'utf8').split('\n')
  // A socket that has an address, however it is used: TCP, UDP or a local name service.
  const goals = traced.filter((line) => /sa_family=|sun_path/.test(line) && !/sa_family=AF_UNSPEC/.test(line))
  const [, port] = clinic.proxy.authority.split(':')
  const foreign = goals.filter((line) => !line.includes(`sin_port=htons(${port}), sin_addr=inet_addr("127.0.0.1")`))
  assert.deepEqual(foreign, [])
  assert.ok(goals.length > 5, 'the trace sees the connections that there are')
  const { host } = new URL(clinic.origin)
  // What Chromium does on its own behalf, whatever page it shows, is for its maker's policies to stop.
  const own = /^(update|content-autofill|optimizationguide-pa)\.googleapis\.com(:443)?$|^accounts\.google\.com:443$/
  const spoken = new Set(listening.hosts.filter((name) => !own.test(name)))
  assert.deepEqual([...spoken], [host], 'the browser, through its proxy')
  assert.deepEqual([...new Set(clinic.browser.requests.map((url) => new URL(url).host))], [host], 'and by its own account')
  clinic.browser.odd = clinic.browser.odd.filter((text) => !/ERR_|502/.test(text))
  assertQuiet(clinic.browser)
})

// The clinician's console in a real browser, over a real clinic.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { violations } from './axe.mjs'
import { Browser, FOREIGN, Scene, picture, place, unlock } from './scene.mjs'

const SCRIPT = '<script>globalThis.pwned = 1</script><img src=x onerror="globalThis.pwned = 2"><b>bold</b>'
const KIM = 'Kim <i>Wood</i>'

let scene, browser, page, said

before(async () => {
  scene = new Scene()
  await scene.prepare()
  const words = ['--feeling', SCRIPT.slice(0, 60), '--about', '"><svg onload=alert(1)>', '--note', SCRIPT]
  await scene.patient('patient', 'log', '6', '--share', ...words)
  said = await scene.demo()
  browser = await Browser.launch()
  page = await browser.window()
}, { timeout: 120_000 })

after(async () => {
  await browser?.close()
  await scene?.end()
})

/// Looks at the page as it is, in light and dark, narrow and with large text.
async function examine(t, name) {
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme })
    const found = await violations(page)
    for (const { id, impact, nodes } of found) t.diagnostic(`${name}, ${colorScheme}: ${impact} ${id}: ${nodes.join('; ')}`)
    const grave = found.filter(({ impact }) => impact === 'serious' || impact === 'critical')
    assert.deepEqual(grave, [], `${name} in ${colorScheme}`)
    await picture(page, `${name}-${colorScheme}`)
  }
  await page.emulateMedia({ colorScheme: 'light' })
  await page.setViewportSize({ width: 320, height: 640 })
  const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
  assert.ok((await overflow()) <= 0, `${name} at 320 pixels needs no sideways scrolling`)
  await picture(page, `${name}-narrow`)
  await page.setViewportSize({ width: 1280, height: 900 })
}

test('opens with the address, once', async (t) => {
  await page.goto(said.console_url)
  assert.match(await page.title(), /^Unlock/)
  assert.ok(!page.url().includes('token'), 'the token has left the address bar')
  await examine(t, 'unlock')
  const other = await browser.window()
  const again = await other.goto(said.console_url)
  assert.ok(again.status() >= 400)
  assert.match(await other.textContent('main'), /Enter/, 'says how to get another')
  await picture(other, 'token-used')
  await other.context().close()
})

test('refuses a wrong passphrase, and opens with the right one', async () => {
  await page.getByLabel('Passphrase').fill('not this one, surely')
  await page.getByRole('button', { name: 'Unlock' }).click()
  await page.getByRole('alert').waitFor()
  await unlock(page, page.url())
})

test('lists patients', async (t) => {
  const list = page.getByRole('list').filter({ hasText: 'Alex Morgan' })
  assert.match(await list.textContent(), /14 March 1987|1987/)
  await examine(t, 'patients')
})

test('shows a patient as chart, words and table', async () => {
  await page.getByRole('link', { name: 'Alex Morgan' }).click()
  await page.getByRole('heading', { name: 'Alex Morgan', level: 1 }).waitFor()
  await page.getByRole('link', { name: /all/i }).first().click()
  const chart = page.locator('.chart > svg')
  assert.ok((await chart.boundingBox()).height > 100)
  assert.ok((await chart.locator('circle, path').count()) > 10)
  assert.match(await page.locator('#mood-summary').textContent(), /entries/)
  await page.getByText('The same as a table').click()
  const rows = page.getByRole('table').getByRole('row')
  assert.equal(await rows.count(), 1 + 184 + 2 + 2 + 1, 'a head, the import, two runs and one more')
})

test('shows what was written as text, never as script', async (t) => {
  await page.getByRole('link', { name: '30 days' }).click()
  const note = page.locator('.note').filter({ hasText: 'pwned' })
  assert.equal(await note.textContent(), SCRIPT)
  assert.equal(await page.evaluate(() => globalThis.pwned), undefined)
  assert.equal(await page.locator('article script, article img, article b, article svg').count(), 0)
  await page.getByText('The same as a table').click()
  await examine(t, 'patient')
})

test('marks as reviewed, and shows who read', async () => {
  const card = page.locator('article').filter({ hasText: 'Walked around the block' }).first()
  await card.getByRole('button', { name: 'Mark as reviewed' }).click()
  await page.getByText('Marked 1 entry as reviewed.').waitFor()
  const reviewed = page.locator('article').filter({ hasText: 'Walked around the block' })
  assert.match((await reviewed.allTextContents()).join(), /Reviewed by Dr\. Mara Lindqvist/)
  assert.match(await page.locator('section[aria-labelledby=trail]').textContent(), /Dr\. Mara Lindqvist/)
  await picture(page, 'reviewed')
})

/// Makes an invite; its letters.
async function invite(t, name) {
  await page.getByRole('link', { name: 'Invites' }).click()
  await page.getByLabel(/name/i).first().fill(name)
  await page.getByLabel(/birth/i).first().fill('1990-01-01')
  await page.getByRole('button', { name: 'Make an invite' }).click()
  await page.getByRole('heading', { name: 'Hand over this invite' }).waitFor()
  assert.ok((await page.locator('.handover svg').boundingBox()).width > 150, 'a code to scan')
  if (t) await examine(t, 'code')
  const code = (await page.locator('.code').textContent()).trim()
  await page.getByRole('button', { name: 'Done, hide the code' }).click()
  return code
}

/// Enrols with an invite; the digits that the device shows.
async function enrol(code) {
  const { digits } = await scene.patient('other', 'enrol', '--invite', code, '--server', said.server_url)
  return digits
}

/// Types digits for the one invite that waits for them.
async function admit(t, digits) {
  await page.getByRole('link', { name: 'Invites' }).click()
  await page.getByRole('link', { name: 'Compare digits and admit' }).click()
  if (t) await examine(t, 'admit')
  await page.getByLabel(/digits/).fill(digits)
  await page.getByRole('button', { name: 'Admit' }).click()
}

test('stops where the digits differ', async (t) => {
  await page.getByRole('link', { name: 'Invites' }).click()
  await examine(t, 'invites')
  await enrol(await invite(t, KIM))
  await admit(t, '111 111 111 111')
  await page.getByRole('heading', { name: 'Stop: the digits differ' }).waitFor()
  await examine(t, 'digits-differ')
})

test('admits who reads out the digits, with a new invite', async () => {
  await admit(null, await enrol(await invite(null, KIM)))
  await page.getByText(KIM).first().waitFor()
  await scene.patient('other', 'sync')
  await scene.patient('other', 'log', '7', '--share', '--note', 'first from Kim')
  await scene.patient('other', 'sync')
  await page.getByRole('button', { name: 'Sync now' }).click()
  await page.getByRole('link', { name: 'Patients' }).click()
  await page.getByRole('link', { name: KIM }).click()
  await page.getByText('first from Kim').waitFor()
})

test('can be used with the keyboard alone', async () => {
  await page.getByRole('link', { name: 'Patients' }).click()
  await page.evaluate(() => document.activeElement.blur())
  const seen = []
  for (let i = 0; i < 40; i += 1) {
    await page.keyboard.press('Tab')
    const focus = await page.evaluate(() => {
      const at = document.activeElement
      if (at === document.body) return null
      const outlined = (e) => getComputedStyle(e).outlineStyle !== 'none' && getComputedStyle(e).outlineWidth !== '0px'
      // A card may show the focus of the link that fills it.
      const shown = outlined(at) || outlined(at.closest('li, article') ?? at)
      return { name: at.textContent.trim() || at.name || at.id, shown }
    })
    if (focus === null) break
    assert.ok(focus.shown, `the focus shows on ${focus.name}`)
    seen.push(focus.name)
  }
  for (const name of ['Patients', 'Invites', 'Lock', 'Sync now', 'Alex Morgan']) {
    assert.ok(seen.includes(name), `${name} is reached: ${seen.join(', ')}`)
  }
})

test('explains that a foreign name is refused', async (t) => {
  const other = await browser.window()
  const { port } = new URL(said.console_url)
  const answer = await other.goto(`http://${FOREIGN}:${port}${place(said.console_url)}/patients`)
  assert.ok(answer.status() >= 400)
  const text = await other.textContent('main')
  assert.match(text, new RegExp(FOREIGN))
  assert.doesNotMatch(text, /Alex Morgan/)
  assert.deepEqual((await violations(other)).filter((v) => v.impact !== 'minor' && v.impact !== 'moderate'), [])
  await picture(other, 'foreign-host')
  t.diagnostic(`${answer.status()}`)
  await other.context().close()
})

test('locks', async () => {
  await page.getByRole('button', { name: 'Lock' }).click()
  await page.getByRole('heading', { name: 'Unlock the console' }).waitFor()
  await page.goBack()
  await page.reload()
  assert.equal(await page.getByText('Alex Morgan').count(), 0)
})

test('starts with a clinic to be created', async (t) => {
  await page.goto(await scene.freshConsole())
  await page.getByRole('heading', { name: 'Create your clinic' }).waitFor()
  await page.getByRole('button', { name: 'Create the clinic' }).click()
  await page.getByRole('alert').waitFor()
  await examine(t, 'start')
})

test('asks nobody but this machine for anything, and nothing odd happened', () => {
  const hosts = new Set(browser.requests.map((url) => new URL(url).hostname))
  assert.deepEqual([...hosts].sort(), ['127.0.0.1', FOREIGN])
  assert.deepEqual(browser.odd, [])
})

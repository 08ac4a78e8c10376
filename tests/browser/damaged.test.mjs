// The file of the workstation's vault is damaged: a fresh one, and the clinician is told.
import assert from 'node:assert/strict'
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { violations } from './axe.mjs'
import { Clinic, assertQuiet } from './clinic.mjs'
import { picture } from './scene.mjs'

let clinic, page

before(async () => {
  clinic = await Clinic.found()
  page = clinic.page
  await clinic.enrol('patient', 'Robin Weaver')
  await clinic.share('patient', '--note', 'written before the damage')
  await clinic.sync()
}, { timeout: 120_000 })

after(() => clinic?.end())

const told = () => page.getByText('this workstation’s file was found damaged')

test('a damaged vault is set aside, filled again, and it is said', async () => {
  await clinic.openFirst()
  await page.getByText('written before the damage').waitFor()
  assert.equal(await told().count(), 0, 'nothing is said without damage')
  await clinic.lock()
  const folder = join(clinic.scene.dir, 'clinic')
  const vault = join(folder, 'vault.db')
  const bent = readFileSync(vault)
  bent.fill(0, 0, 4096)
  writeFileSync(vault, bent)

  // Away, so that nothing but what was left of the file can be on view.
  clinic.proxy.become('away')
  await clinic.unlock()
  await told().waitFor()
  await page.getByText('A sync brings back what the server has').waitFor()
  const [aside] = readdirSync(folder).filter((name) => name.startsWith('set-aside-'))
  await page.getByText(aside).waitFor()
  assert.deepEqual(readFileSync(join(folder, aside, 'vault.db')), bent, 'nothing was deleted')
  await clinic.go('/patients')
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme })
    const found = await violations(page)
    assert.deepEqual(found.filter(({ impact }) => impact === 'serious' || impact === 'critical'), [])
    await picture(page, `damaged-${colorScheme}`)
  }
  await page.emulateMedia({ colorScheme: 'light' })
  await page.evaluate(() => (document.documentElement.style.fontSize = '200%'))
  await picture(page, 'damaged-large')
  await page.evaluate(() => (document.documentElement.style.fontSize = ''))

  clinic.proxy.become('honest')
  for (let i = 0; i < 20 && (await page.getByText('has brought back').count()) === 0; i += 1) await clinic.sync()
  await page.getByText('A sync has brought back what the server has.').waitFor()
  await clinic.openFirst()
  await page.getByText('written before the damage').waitFor()
  clinic.browser.odd = clinic.browser.odd.filter((text) => !/ERR_|502/.test(text))
  assertQuiet(clinic.browser)
})

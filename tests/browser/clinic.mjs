// A clinic that begins empty: console, API behind a proxy, a browser; told what everybody is called.
// Patients reach the API by a way of their own, which stays honest: the console follows what is
// new, so whatever it is to meet in a bent form must be bent from the first moment on.
import assert from 'node:assert/strict'
import { Proxy } from './proxy.mjs'
import { Browser, PASSPHRASE, Scene, place } from './scene.mjs'

export class Clinic {
  scene = new Scene()

  static async found({ clinic = 'Lindenhof', person = 'Dr. Mara Lindqvist', console = {}, browser = {} } = {}) {
    const own = new Clinic()
    own.proxy = await Proxy.start()
    own.patientsWay = await Proxy.start()
    own.server = `http://${own.proxy.authority}`
    own.console = await own.scene.console(own.server, console)
    own.place = place(own.console.address)
    own.origin = new URL(own.console.address).origin
    own.browser = await Browser.launch(browser)
    own.page = await own.browser.window()
    const { page } = own
    await page.goto(own.console.address)
    await page.getByLabel('Name of the clinic').fill(clinic)
    await page.getByLabel('Your name').fill(person)
    await page.getByLabel('Passphrase', { exact: true }).fill(PASSPHRASE)
    await page.getByLabel('The same passphrase again').fill(PASSPHRASE)
    await page.getByRole('button', { name: 'Create the clinic' }).click()
    const fingerprint = (await page.locator('.fingerprint').textContent()).trim()
    const ways = [own.proxy, own.patientsWay]
    const port = await own.scene.server(fingerprint, ...ways.map((way) => way.authority))
    for (const way of ways) way.forwardTo(port)
    await own.go('/patients')
    await own.sync()
    return own
  }

  /// The whole address of a page.
  at(path) {
    return `${this.origin}${this.place}${path}`
  }

  go(path, page = this.page) {
    return page.goto(this.at(path))
  }

  async sync(page = this.page) {
    await page.getByRole('button', { name: 'Sync now' }).click()
    await page.waitForLoadState()
  }

  /// Invites, enrols and admits; the patient's page is on view.
  async enrol(folder, name) {
    const { page } = this
    await this.go('/invites')
    await page.getByLabel('Patient’s name').fill(name)
    await page.getByLabel('Date of birth').fill('1987-03-14')
    await page.getByRole('button', { name: 'Make an invite' }).click()
    const code = (await page.locator('.code').textContent()).trim()
    await page.getByRole('button', { name: 'Done, hide the code' }).click()
    const { digits } = await this.scene.patient(folder, 'enrol', '--invite', code, '--server', `http://${this.patientsWay.authority}`)
    await page.reload()
    await page.getByRole('link', { name: 'Compare digits and admit' }).click()
    await page.getByLabel(/digits/).fill(digits)
    await page.getByRole('button', { name: 'Admit' }).click()
    await page.getByRole('heading', { name: 'Patients', level: 1 }).waitFor()
    await this.scene.patient(folder, 'sync')
    await this.sync()
  }

  /// Saves an entry as the patient and sends it.
  async share(folder, ...words) {
    await this.scene.patient(folder, 'log', '6', '--share', ...words)
    await this.scene.patient(folder, 'sync')
  }

  async openFirst(page = this.page) {
    await this.go('/patients', page)
    await page.locator('.who a').first().click()
    await page.locator('.patient-head').waitFor()
  }

  async unlock(page = this.page) {
    await page.getByLabel('Passphrase').fill(PASSPHRASE)
    await page.getByRole('button', { name: 'Unlock' }).click()
    await page.getByRole('button', { name: 'Lock' }).waitFor()
  }

  async lock(page = this.page) {
    await page.getByRole('button', { name: 'Lock' }).click()
    await page.getByRole('heading', { name: 'Unlock the console' }).waitFor()
  }

  async end() {
    await this.browser?.close()
    await this.proxy?.close()
    await this.patientsWay?.close()
    await this.scene.end()
  }
}

/// Everything odd but what the browser says of a request that it was meant to fail.
export const assertQuiet = (browser) => assert.deepEqual(browser.odd, [])

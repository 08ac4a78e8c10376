// The product on this machine, and a browser in front of its console.
import { execFile, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { chromium } from 'playwright-core'

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..')
const TARGET = resolve(ROOT, process.env.CARGO_TARGET_DIR ?? 'target')
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium'
export const SCREENSHOTS = join(TARGET, 'screenshots')
/// As the demo prints it.
export const PASSPHRASE = 'only for this demo'
/// The path below which the console's pages stand, of one of its addresses.
export const place = (url) => new URL(url).pathname.split('/').slice(0, 2).join('/')
/// A name that no resolver knows: the browser takes it for this machine.
export const FOREIGN = 'console.example'
const PATIENCE = 60_000

export const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  `--host-resolver-rules=MAP ${FOREIGN} 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1`,
]

function program(name) {
  const path = join(TARGET, 'debug', name)
  if (!existsSync(path)) {
    throw new Error(`${path} is not there; first: cargo build -p companion -p clinic-server -p clinic-console`)
  }
  return path
}

export class Scene {
  #running = []

  constructor() {
    this.dir = mkdtempSync(join(tmpdir(), 'companion-browser-'))
    this.passphrase = join(this.dir, 'passphrase')
    writeFileSync(this.passphrase, PASSPHRASE)
    mkdirSync(SCREENSHOTS, { recursive: true })
    process.on('exit', () => this.#kill())
  }

  /// Runs the demo once and lets it end.
  async prepare() {
    await this.#companion('demo', '--exit', '--dir', this.dir)
  }

  /// Runs a command as a patient of this folder; its JSON.
  patient(folder, ...args) {
    const own = ['--dir', join(this.dir, folder), '--passphrase-file', this.passphrase]
    return this.#companion(...args, ...own)
  }

  async #companion(...args) {
    const options = { timeout: PATIENCE }
    const { stdout } = await promisify(execFile)(program('companion'), [...args, '--json'], options)
    return JSON.parse(stdout)
  }

  /// Runs the demo until the scene ends; what it said.
  async demo() {
    const said = await this.#start('companion', ['demo', '--json', '--dir', this.dir], (text) => text.endsWith('}\n'))
    return JSON.parse(said)
  }

  /// A console on an empty folder; the address that opens it.
  async freshConsole() {
    const args = ['--dir', join(this.dir, 'fresh'), '--server', 'http://127.0.0.1:9']
    return (await this.#start('clinic-console', args, (text) => text.includes('\n'))).trim()
  }

  /// A console on an empty folder, by itself; the address that opens it. `within` runs it
  /// under another program. More of its addresses come from `another`.
  async console(server, { args = [], within = () => [] } = {}) {
    const all = ['--dir', join(this.dir, 'clinic'), '--server', server, ...args]
    const [name, ...rest] = [...within(this.dir), program('clinic-console'), ...all]
    const first = await this.#start(name, rest, (text) => text.endsWith('\n'), 'pipe')
    const child = this.#running.at(-1)
    const another = () =>
      new Promise((done) => {
        child.stdout.once('data', (bytes) => done(`${bytes}`.trim()))
        child.stdin.write('\n')
      })
    return { address: first.trim(), another, child }
  }

  /// The clinic API for one clinic, known by other names to its clients; its port.
  async server(fingerprint, ...authorities) {
    const names = authorities.flatMap((name) => ['--authority', name])
    const args = ['serve', '--dir', join(this.dir, 'server'), '--listen', '127.0.0.1:0', '--clinic', fingerprint, ...names]
    const said = await this.#start('clinic-server', args, (text) => /listening on .*\n/.test(text))
    return Number(/listening on \S*:(\d+)/.exec(said)[1])
  }

  #start(name, args, whole, stdin = 'ignore') {
    const path = name.includes('/') ? name : program(name)
    const child = spawn(path, args, { stdio: [stdin, 'pipe', 'ignore'] })
    this.#running.push(child)
    return new Promise((done, failed) => {
      let text = ''
      const timer = setTimeout(() => failed(new Error(`${name} did not start in time`)), PATIENCE)
      child.stdout.on('data', (bytes) => {
        text += bytes
        if (!whole(text)) return
        clearTimeout(timer)
        done(text)
      })
      child.on('exit', () => failed(new Error(`${name} ended: ${text}`)))
    })
  }

  #kill() {
    for (const child of this.#running) child.kill('SIGTERM')
  }

  async end() {
    const ended = this.#running.map((child) => child.exitCode ?? new Promise((done) => child.on('exit', done)))
    this.#kill()
    await Promise.all(ended)
    rmSync(this.dir, { recursive: true, force: true })
  }
}

/// A browser; every request that it makes and everything odd that its pages do is noted.
export class Browser {
  static async launch(options = {}) {
    const browser = new Browser()
    browser.chromium = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS, ...options })
    browser.requests = []
    browser.odd = []
    return browser
  }

  /// A window of its own, with no cookie yet.
  async window(options = {}) {
    const context = await this.chromium.newContext({ viewport: { width: 1280, height: 900 }, ...options })
    context.setDefaultTimeout(15_000)
    const page = await context.newPage()
    page.on('request', (request) => this.requests.push(request.url()))
    page.on('dialog', (dialog) => {
      this.odd.push(`a dialog: ${dialog.message()}`)
      dialog.dismiss()
    })
    page.on('pageerror', (error) => this.odd.push(`a script failed: ${error.message}`))
    page.on('console', (message) => {
      // Hints of the browser are no complaints, and a page that refuses says so with its status.
      const hint = !['error', 'warning'].includes(message.type())
      if (hint || message.text().startsWith('Failed to load resource')) return
      // Under a foreign name the page is no secure context.
      if (message.location().url.includes(FOREIGN)) return
      this.odd.push(message.text())
    })
    return page
  }

  close() {
    return this.chromium.close()
  }
}

/// Opens the console and the vault.
export async function unlock(page, url) {
  await page.goto(url)
  await page.getByLabel('Passphrase').fill(PASSPHRASE)
  await page.getByRole('button', { name: 'Unlock' }).click()
  await page.getByRole('heading', { name: 'Patients', level: 1 }).waitFor()
}

/// Keeps a picture of the page; of a long one, its beginning.
export async function picture(page, name) {
  const { width, height } = await page.evaluate(() => ({
    width: document.documentElement.clientWidth,
    height: Math.min(document.documentElement.scrollHeight, 2_400),
  }))
  const path = join(SCREENSHOTS, `${name}.png`)
  await page.screenshot({ path, fullPage: true, clip: { x: 0, y: 0, width, height } })
}

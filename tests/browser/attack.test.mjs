// Other pages, other programs and other hands, against an open console.
import assert from 'node:assert/strict'
import { createServer, request } from 'node:http'
import { after, before, test } from 'node:test'
import { Clinic, assertQuiet } from './clinic.mjs'
import { FLAGS, FOREIGN, picture } from './scene.mjs'

const PATIENT = 'Robin Weaver'
const EVIL = 'evil.example'

let clinic, page, evil, served
/// What the foreign server heard, and the page that it shows next.
const heard = []

before(async () => {
  evil = createServer((incoming, answer) => {
    heard.push({ url: incoming.url, cookie: incoming.headers.cookie })
    answer.setHeader('content-type', 'text/html')
    for (const [name, value] of Object.entries(served?.headers ?? {})) answer.setHeader(name, value)
    answer.end(`<!doctype html><title>evil</title>${served?.html ?? ''}`)
  })
  await new Promise((done) => evil.listen(0, '127.0.0.1', done))
  // The name of a foreign site, and one that turns to this machine; no page is kept alive by
  // the browser's own choice alone, so that the back button shows what it would for people.
  const args = FLAGS.map((flag) => flag.replace(`MAP ${FOREIGN}`, `MAP ${EVIL} 127.0.0.1, MAP ${FOREIGN}`))
  clinic = await Clinic.found({ browser: { args, ignoreDefaultArgs: ['--disable-back-forward-cache'] } })
  page = clinic.page
  await clinic.enrol('patient', PATIENT)
  await clinic.share('patient', '--note', 'a private note')
  await clinic.sync()
}, { timeout: 120_000 })

after(async () => {
  await clinic?.end()
  evil?.close()
  evil?.closeAllConnections()
})

const evilAt = (host) => `http://${host}:${evil.address().port}`

/// Another tab of the clinician's browser, with the same cookies, on a foreign page.
async function lured(host, html, headers) {
  served = { html, headers }
  const tab = await page.context().newPage()
  await tab.goto(`${evilAt(host)}/`)
  return tab
}

const invites = async () => {
  await clinic.go('/invites')
  return page.locator('.invites > li').count()
}

/// A request of another program of this machine.
function raw(path, { method = 'GET', headers = {}, body = '' } = {}) {
  const { hostname, port } = new URL(clinic.origin)
  return new Promise((done, failed) => {
    const out = request({ hostname, port, path, method, headers }, (answer) => {
      let text = ''
      answer.on('data', (bytes) => (text += bytes))
      answer.on('end', () => done({ status: answer.statusCode, headers: answer.headers, text }))
    })
    out.on('error', failed)
    out.end(body)
  })
}

// Even an attacker who knows the place must fail: the worst case, far beyond what a page can know.
for (const host of [EVIL, '127.0.0.1']) {
  test(`a form that a page of ${host} sends changes nothing`, async () => {
    const before = await invites()
    for (const [path, fields] of [
      ['/invites', { name: 'Mallory', birth_date: '1990-01-01' }],
      ['/lock', {}],
      ['/unlock', { passphrase: 'x' }],
      ['/patients', { search: 'nobody' }],
    ]) {
      for (const enctype of ['application/x-www-form-urlencoded', 'multipart/form-data', 'text/plain']) {
        const inputs = Object.entries(fields).map(([name, value]) => `<input name="${name}" value="${value}">`)
        const tab = await lured(host, `<form method=post enctype="${enctype}" action="${clinic.at(path)}">${inputs.join('')}<button>Win</button></form>`)
        const [answer] = await Promise.all([tab.waitForResponse((r) => r.request().method() === 'POST'), tab.getByRole('button').click()])
        assert.equal(answer.status(), 403, `${path} from ${host}`)
        await tab.getByText('This did not come from the console').waitFor()
        await tab.close()
      }
    }
    assert.equal(await invites(), before)
    await clinic.go('/patients')
    await page.getByRole('link', { name: PATIENT }).waitFor()
  })

  test(`a page of ${host} can neither fetch, embed nor include anything`, async () => {
    const html = `<img src="${clinic.at('/patients')}"><script src="${clinic.at('/patients')}"></script>
      <link rel=stylesheet href="${clinic.at('/assets/console.css')}">
      <iframe src="${clinic.at('/patients')}"></iframe><object data="${clinic.at('/patients')}"></object>
      <embed src="${clinic.at('/patients')}">`
    const tab = await lured(host, html)
    const got = await tab.evaluate(async (at) => {
      const all = []
      for (const mode of ['no-cors', 'cors']) {
        for (const [method, path] of [['GET', '/patients'], ['POST', '/invites'], ['POST', '/lock'], ['POST', '/sync']]) {
          try {
            const answer = await fetch(at + path, { method, mode, credentials: 'include', body: method === 'POST' ? new URLSearchParams({ name: 'Mallory', birth_date: '1990-01-01' }) : undefined })
            all.push({ type: answer.type, text: await answer.text() })
          } catch (error) {
            all.push({ type: 'failed', text: '' })
          }
        }
      }
      return all
    }, clinic.at(''))
    for (const { type, text } of got) {
      assert.ok(type === 'failed' || type === 'opaque', type)
      assert.equal(text, '')
    }
    for (const frame of tab.frames().slice(1)) {
      assert.ok(!(await frame.content().catch(() => '')).includes(PATIENT), 'framing is refused')
    }
    await tab.close()
    await clinic.go('/patients')
    await page.getByRole('link', { name: PATIENT }).waitFor()
  })

  test(`a page of ${host} gets no hold of a window that shows the console`, async () => {
    const tab = await lured(host, `<a target=w href="${clinic.at('/patients')}">Win</a>`)
    const [opened] = await Promise.all([
      tab.waitForEvent('popup'),
      tab.evaluate((url) => { globalThis.w = open(url) }, clinic.at('/patients')),
    ])
    await opened.waitForLoadState()
    const reach = await tab.evaluate(() => {
      try {
        return { closed: w.closed, text: w.document?.body?.textContent ?? '', frames: w.length }
      } catch (error) {
        return { closed: w.closed, text: '', frames: 0 }
      }
    })
    assert.equal(reach.text, '')
    assert.equal(await opened.evaluate(() => opener), null, 'the console knows no opener')
    await opened.close()
    await tab.close()
  })
}

test('no other server of this machine receives the session', async () => {
  heard.length = 0
  const tab = await lured('127.0.0.1', `<img src="/x"><iframe src="/patients"></iframe>`)
  await tab.waitForLoadState('networkidle')
  await tab.goto(`${evilAt('127.0.0.1')}/patients`)
  await tab.close()
  assert.ok(heard.length >= 4)
  for (const { url, cookie } of heard) assert.equal(cookie, undefined, url)
})

test('a session that another page planted is never taken up', async () => {
  const { port } = new URL(clinic.origin)
  const name = `clinic-console-${port}`
  const planted = 'a'.repeat(64)
  // A page on another port may set cookies for the host, whatever their path.
  const tab = await lured('127.0.0.1', '', { 'set-cookie': [`${name}=${planted}; Path=${clinic.place}`, `${name}=${planted}; Path=/`] })
  await tab.close()
  const other = await page.context().newPage()
  await clinic.go('/patients', other)
  await other.close()
  const opened = await clinic.console.another()
  await page.goto(opened)
  await page.getByRole('heading', { name: 'Unlock the console' }).waitFor()
  const mine = async () => (await page.context().cookies()).find((c) => c.name === name && c.path === clinic.place)
  const before = await mine()
  assert.notEqual(before.value, planted)
  assert.ok(before.httpOnly && before.sameSite === 'Strict')
  await clinic.unlock()
  const after = await mine()
  assert.notEqual(after.value, before.value, 'a new id at unlocking')
  for (const value of [planted, before.value]) {
    const answer = await raw(`${clinic.place}/patients`, { headers: { cookie: `${name}=${value}` } })
    assert.equal(answer.status, 401)
    assert.ok(!answer.text.includes(PATIENT))
  }
  const right = await raw(`${clinic.place}/patients`, { headers: { cookie: `${name}=${after.value}` } })
  assert.ok(right.text.includes(PATIENT), 'and the right one would do')
})

test('the address opens once, and one that was made up opens nothing', async () => {
  const address = await clinic.console.another()
  const { pathname, search } = new URL(address)
  const bent = `${pathname}${search.slice(0, -1)}${search.endsWith('0') ? '1' : '0'}`
  assert.equal((await raw(bent)).status, 403)
  assert.equal((await raw(`/open${search}`)).status, 401, 'nor elsewhere')
  const first = await raw(pathname + search)
  assert.equal(first.status, 303)
  const again = await raw(pathname + search)
  assert.equal(again.status, 403)
  assert.equal(again.headers['set-cookie'], undefined)
  // The other program took the session over: it is locked, and the clinician sees it at once.
  const cookie = first.headers['set-cookie'][0].split(';')[0]
  const stolen = await raw(`${clinic.place}/patients`, { headers: { cookie } })
  assert.equal(stolen.status, 303)
  await clinic.go('/patients')
  await page.getByText('This browser has not opened the console').waitFor()
  await page.goto(await clinic.console.another())
  await clinic.unlock()
})

test('another program without cookie or place gets nothing', async () => {
  const host = new URL(clinic.origin).host
  for (const path of ['/', '/patients', '/unlock', '/standing', '/open', '/open?token=', clinic.place, `${clinic.place}/patients`, `${clinic.place}/standing`]) {
    const answer = await raw(path, { headers: { host } })
    assert.ok(answer.status === 401 || answer.status === 403, path)
    assert.ok(!answer.text.includes(PATIENT))
    const changed = await raw(path, { method: 'POST', headers: { host, origin: clinic.origin, 'content-type': 'application/x-www-form-urlencoded' }, body: 'csrf=x&passphrase=only+for+this+demo' })
    assert.ok([401, 403, 405].includes(changed.status), `${path}: ${changed.status}`)
  }
})

test('a name that is turned to this machine reaches no page', async () => {
  const { port } = new URL(clinic.origin)
  const tab = await page.context().newPage()
  const answer = await tab.goto(`http://${FOREIGN}:${port}${clinic.place}/patients`)
  assert.equal(answer.status(), 421)
  const fetched = await tab.evaluate(async (path) => {
    const got = await fetch(path)
    return { status: got.status, text: await got.text() }
  }, `${clinic.place}/patients`).catch(() => ({ status: 421, text: '' }))
  assert.equal(fetched.status, 421)
  assert.ok(!fetched.text.includes(PATIENT))
  await tab.close()
})

test('nothing that is read changes, and every download is kept by nobody', async () => {
  for (const path of ['/lock', '/sync']) {
    const tab = await page.context().newPage()
    const answer = await clinic.go(path, tab)
    assert.equal(answer.status(), 405)
    await tab.close()
  }
  for (const path of ['/patients', '/invites', '/unlock']) {
    const answer = await clinic.go(path)
    assert.equal(answer.headers()['cache-control'], 'no-store')
    assert.equal(answer.headers()['content-disposition'], undefined)
  }
})

test('after locking, the back button brings nothing back', async () => {
  await clinic.openFirst()
  await page.getByText('a private note').waitFor()
  await clinic.lock()
  await page.goBack()
  await page.waitForTimeout(500)
  assert.equal(await page.getByText('a private note').count(), 0)
  assert.equal(await page.getByText(PATIENT).count(), 0)
  await picture(page, 'back-after-lock')
  await clinic.go('/unlock')
  await clinic.unlock()
})

test('guessing the passphrase becomes slow, also from several windows at once', async () => {
  await clinic.lock()
  const windows = [page]
  for (let i = 0; i < 2; i += 1) windows.push(await page.context().newPage())
  const began = Date.now()
  const guess = async (window) => {
    await clinic.go('/unlock', window)
    await window.getByLabel('Passphrase').fill('correct horse battery')
    await window.getByRole('button', { name: 'Unlock' }).click()
    await window.getByRole('alert').waitFor()
  }
  await Promise.all(windows.map(guess))
  await Promise.all(windows.slice(1).map(guess))
  const seconds = (Date.now() - began) / 1000
  assert.ok(seconds >= 6, `five wrong ones: ${seconds} s, of which 2 and 4 s are waited`)
  for (const window of windows.slice(1)) await window.close()
  await clinic.go('/unlock')
  await clinic.unlock()
})

test('nothing odd happened in the console', () => {
  const known = (text) => /evil\.example|Content Security Policy|X-Frame-Options|CORS|ERR_/.test(text)
  clinic.browser.odd = clinic.browser.odd.filter((text) => !known(text))
  assertQuiet(clinic.browser)
})

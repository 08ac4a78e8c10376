// What people wrote, in its worst forms, on every page that shows it: it stays text, in its place.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { violations } from './axe.mjs'
import { Clinic, assertQuiet } from './clinic.mjs'
import { SCREENSHOTS, picture } from './scene.mjs'

const MARKUP = [
  '<script>globalThis.__pwned = 1</script>',
  '"><img src=x onerror="globalThis.__pwned = 1">',
  "'><svg onload=globalThis.__pwned=1><script>globalThis.__pwned=1</script></svg>",
  '</p></div></article></main><h1>Owned</h1>',
  '</title></svg><script>globalThis.__pwned=1</script>',
  '<style>* { display: none !important }</style><link rel=stylesheet href=//evil.example/a.css>',
  '<iframe srcdoc="<script>parent.__pwned=1</script>"></iframe><object data=//evil.example></object>',
  '<meta http-equiv=refresh content="0;url=//evil.example/"><base href=//evil.example/>',
  '<form action=//evil.example/><input name=csrf><button>Mark as reviewed</button>',
  '<a href="javascript:globalThis.__pwned=1">Mark as reviewed</a> javascript:globalThis.__pwned=1',
  '" style="position:fixed;inset:0" onmouseover="globalThis.__pwned=1" x="',
  '{{7*7}} ${7*7} <%= 7*7 %> &lt;b&gt; &#60;i&#62; \\u003cscript\\u003e ]]><![CDATA[ -->',
]
const RLO = '\u202e'
const PDI = '\u2069'
const BIDI = `${RLO}${PDI}${RLO}gnp.elif ${PDI}\u2066\u2067abc${RLO}`
const UNSEEN = '\u200b\u2060\ufeff\u00ad'.repeat(5)
const PILED = `a${'\u0300\u0489\u033f'.repeat(30)}`
const LONG = 'W'.repeat(20_000)
/// In a name of 200 characters, or a clinic's of 200 bytes.
const NAME = `Kim "><svg onload=__pwned=1>${RLO}${PDI}${RLO}Wood${UNSEEN} <b>${'W'.repeat(60)}`
const CLINIC = `Linden<script>__pwned=1</script>${RLO}${PDI}${RLO}hof" onload="__pwned=1`
const PERSON = `Dr. <img src=x onerror=__pwned=1>${RLO}${PDI}${RLO}Mara`

let clinic, page

before(async () => {
  clinic = await Clinic.found({ clinic: CLINIC, person: PERSON })
  page = clinic.page
  // The label of an invite: the page that hands it over, and the list.
  await clinic.enrol('patient', NAME)
  const say = (...words) => clinic.scene.patient('patient', 'log', '6', '--share', ...words)
  for (const text of MARKUP) {
    const word = text.slice(0, 95)
    await say('--feeling', word, '--about', word, '--note', text)
  }
  await say('--feeling', BIDI, '--about', BIDI, '--about', 'after it', '--note', `${BIDI}\nsecond line`)
  await say('--feeling', UNSEEN, '--feeling', 'x'.repeat(100), '--about', UNSEEN, '--note', `${UNSEEN}.${UNSEEN}`)
  await say('--feeling', PILED, '--about', PILED, '--note', `Above\n${PILED.repeat(20)}\nbelow`)
  await say('--about', 'W'.repeat(100), '--note', LONG)
  // A journal of another app brings names of its own.
  const cell = (text) => `"${text.replaceAll('"', '""').replaceAll('|', '/')}"`
  const lines = ['full_date,date,weekday,time,mood,activities,scales,note_title,note']
  for (const [i, text] of MARKUP.entries()) {
    const day = `2026-11-${10 + i}`
    lines.push([day, 'x', 'x', '7:35 pm', 'good', cell(text.slice(0, 90)), '""', cell(text), cell(text)].join(','))
  }
  const file = join(clinic.scene.dir, 'import.csv')
  writeFileSync(file, `${lines.join('\n')}\n`)
  await clinic.scene.patient('patient', 'import', file, '--share')
  await clinic.scene.patient('patient', 'sync')
  await clinic.sync()
}, { timeout: 240_000 })

after(async () => {
  await clinic?.end()
})

const KNOWN = new Set(
  'A ARTICLE BDI BODY BR BUTTON CAPTION CIRCLE CODE DD DETAILS DIV DL DT FOOTER FORM G H1 H2 H3 HEAD HEADER HTML INPUT LABEL LI LINE LINK MAIN META NAV OL P PATH POLYLINE SCRIPT SECTION SPAN STRONG SUMMARY SVG TABLE TBODY TD TEXT TH THEAD TIME TITLE TR UL RECT'.split(' '),
)
const ATTRIBUTES = /^(aria-[a-z]+|action|autocomplete|charset|class|content|cx|cy|d|datetime|defer|dir|dx|dy|for|height|href|id|inputmode|lang|max|maxlength|method|min|name|novalidate|open|points|preserveAspectRatio|r|rel|required|role|scope|shape-rendering|spellcheck|src|tabindex|type|value|viewBox|width|x|x1|x2|y|y1|y2)$/

/// That the page is made of our own elements and attributes alone, and that nothing ran.
async function assertTame(name) {
  const found = await page.evaluate(() => ({
    pwned: globalThis.__pwned,
    elements: [...document.querySelectorAll('*')].map((e) => e.tagName.toUpperCase()),
    attributes: [...document.querySelectorAll('*')].flatMap((e) => [...e.attributes].map((a) => a.name)),
    goals: [...document.querySelectorAll('[href], [src], [action]')].map((e) => e.href ?? e.src ?? e.action),
    scripts: [...document.scripts].map((s) => s.src),
    title: document.title,
    labels: [...document.querySelectorAll('[aria-label]')].map((e) => e.getAttribute('aria-label')),
  }))
  assert.equal(found.pwned, undefined, name)
  assert.deepEqual([...new Set(found.elements)].filter((tag) => !KNOWN.has(tag)), [], name)
  assert.deepEqual([...new Set(found.attributes)].filter((a) => !ATTRIBUTES.test(a)), [], name)
  for (const goal of found.goals) assert.ok(String(goal).startsWith(`${clinic.origin}${clinic.place}/`), `${name}: ${goal}`)
  assert.deepEqual(found.scripts, [clinic.at('/assets/standing.js')], name)
  assert.match(found.title, /^[A-Z][a-z ]+ · Clinic console$/, name)
  for (const label of found.labels) assert.match(label, /^[A-Z][A-Za-z ,’]+$/, name)
}

/// The texts of our own that stand beside a name: their letters still run from left to right.
async function assertStraight(...texts) {
  for (const text of texts) {
    const places = await page.evaluate((text) => {
      const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
      const all = []
      while (walk.nextNode()) {
        const at = walk.currentNode.data.indexOf(text)
        if (at < 0 || walk.currentNode.parentElement.closest('.unseen')) continue
        const range = document.createRange()
        const xs = []
        for (let i = at; i < at + text.length; i += 1) {
          range.setStart(walk.currentNode, i)
          range.setEnd(walk.currentNode, i + 1)
          const { x, y } = range.getBoundingClientRect()
          xs.push([Math.round(y), x])
        }
        all.push(xs)
      }
      return all
    }, text)
    assert.ok(places.length > 0, `${text} is shown`)
    for (const xs of places) {
      for (let i = 1; i < xs.length; i += 1) {
        const [y0, x0] = xs[i - 1]
        const [y1, x1] = xs[i]
        assert.ok(y1 > y0 || x1 >= x0, `${text}: its letter ${i} stands left of the one before`)
      }
    }
  }
}

/// In light and dark, narrow and with text of twice the size: nothing sideways, no grave fault.
async function examine(name) {
  await assertTame(name)
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme })
    const found = await violations(page)
    assert.deepEqual(found.filter(({ impact }) => impact === 'serious' || impact === 'critical'), [], name)
    await picture(page, `hostile-${name}-${colorScheme}`)
  }
  await page.emulateMedia({ colorScheme: 'light' })
  const assertFits = async (how) => {
    const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
    assert.ok(over <= 0, `${name} needs no sideways scrolling ${how}`)
  }
  await page.setViewportSize({ width: 320, height: 640 })
  await assertFits('at 320 pixels')
  await page.setViewportSize({ width: 1280, height: 900 })
  await page.evaluate(() => (document.documentElement.style.fontSize = '200%'))
  await assertFits('at 200 %')
  await picture(page, `hostile-${name}-large`)
  await page.evaluate(() => (document.documentElement.style.fontSize = ''))
}

test('in names, on the list of patients', async () => {
  await clinic.go('/patients')
  const link = page.locator('.who a').first()
  assert.match(await link.textContent(), /^Kim "><svg onload=__pwned=1>Wood <b>W+$/, 'as text, without what turns or hides')
  await assertStraight('Born 14 March 1987', 'Not monitored around the clock.', 'Sync now', 'Latest entry')
  assert.match(await page.locator('.clinic').textContent(), /^Linden<script>__pwned=1<\/script>hof" onload=/)
  await examine('patients')
})

test('in the search, which comes back into its field', async () => {
  await page.getByLabel(/Search/).fill(MARKUP[1])
  await page.getByRole('button', { name: 'Search' }).click()
  assert.equal(await page.getByLabel(/Search/).inputValue(), MARKUP[1])
  await examine('search')
  await page.getByRole('button', { name: 'Show all' }).click()
})

test('in entries: notes, feelings, circumstances and what was imported', async () => {
  await clinic.openFirst()
  await page.getByRole('link', { name: 'All', exact: true }).click()
  const shown = await page.locator('.note').allTextContents()
  for (const text of MARKUP) {
    assert.ok(shown.filter((note) => note.includes(text)).length >= 2, `written and imported: ${text}`)
  }
  const words = await page.locator('.tags li').allTextContents()
  for (const text of MARKUP) assert.ok(words.includes(text.slice(0, 95)), text)
  assert.equal(await page.locator('article').count(), 2 * MARKUP.length + 4)
  await page.getByText('Note of 20,000 characters').or(page.getByText('Note of 20000 characters')).click()
  await page.getByText('The same as a table').click()
  await assertStraight('Born 14 March 1987', 'Not reviewed yet.', 'Who can read', 'Opening this page is recorded here')
  await examine('patient')
})

test('no letter of it reaches outside of its entry', async () => {
  for (const folded of await page.locator('article details:not([open]) > summary').all()) await folded.click()
  const cards = page.locator('article')
  const piled = cards.filter({ hasText: 'Above' }).first()
  const clipped = await piled.locator('.note').evaluate((e) => getComputedStyle(e).overflowY)
  assert.equal(clipped, 'clip')
  await piled.screenshot({ path: join(SCREENSHOTS, 'hostile-piled.png') })
  for (const card of await cards.all()) {
    const outside = await card.evaluate((card) => {
      const own = card.getBoundingClientRect()
      return [...card.querySelectorAll('*')].filter((e) => {
        const box = e.getBoundingClientRect()
        return box.width > 1 && (box.left < own.left - 1 || box.right > own.right + 1 || box.bottom > own.bottom + 1)
      }).map((e) => e.outerHTML.slice(0, 80))
    })
    assert.deepEqual(outside, [])
  }
})

test('in the name of a reviewer, and what is said once', async () => {
  await page.getByRole('button', { name: /Mark all/ }).click()
  await page.getByText(/Marked 28 entries/).waitFor()
  await assertStraight('Reviewed by Dr. ', 'Who read what')
  await assertTame('reviewed')
})

test('in invites: the form with its faults, the code, the list, the digits', async () => {
  await clinic.go('/invites')
  await page.getByLabel('Patient’s name').fill(UNSEEN)
  await page.getByLabel('Date of birth').fill('1990-01-01')
  await page.getByRole('button', { name: 'Make an invite' }).click()
  await page.getByText('Please give a name that can be read.').waitFor()
  await page.getByLabel('Patient’s name').fill(NAME)
  await page.getByRole('button', { name: 'Make an invite' }).click()
  await page.getByRole('heading', { name: 'Hand over this invite' }).waitFor()
  await assertTame('code')
  await page.getByRole('button', { name: 'Done, hide the code' }).click()
  await assertStraight(', born 1 January 1990', 'Not used yet')
  assert.equal(await page.getByRole('button', { name: /^Withdraw the invite of Kim "><svg onload/ }).count(), 1)
  await examine('invites')
})

test('in what a request says of itself', async () => {
  for (const path of ['/patients/%3Cscript%3E__pwned=1%3C/script%3E', '/patients?days=%22%3E%3Cscript%3E', '/%22onload=']) {
    await clinic.go(path)
    const html = await page.content()
    assert.ok(!html.includes('<script>__pwned'), path)
    assert.equal(await page.evaluate(() => globalThis.__pwned), undefined)
  }
})

test('nothing ran, nothing asked, nothing was even stopped by the policy', () => {
  assertQuiet(clinic.browser)
  assert.deepEqual([...new Set(clinic.browser.requests.map((url) => new URL(url).origin))], [clinic.origin])
})

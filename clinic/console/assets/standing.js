// Takes a page of an open vault off the screen once the vault is locked: elsewhere, by time,
// or because the console ended. Nothing else on the pages needs a script.
'use strict'
{
  const EVERY = 10_000
  const standing = new URL('../standing', document.currentScript.src)
  const door = new URL('../unlock', document.currentScript.src)
  let silent = 0

  const look = async () => {
    try {
      const answer = await fetch(standing, { cache: 'no-store', redirect: 'error' })
      silent = 0
      if (answer.ok && (await answer.text()) === 'open') return
      location.replace(door)
    } catch {
      // Nobody answers: the console was closed, and its vault with it.
      silent += 1
      if (silent > 1) document.body.replaceChildren('The console was closed. Start it again to go on.')
    }
  }

  setInterval(look, EVERY)
  addEventListener('pageshow', ({ persisted }) => persisted && look())
  document.addEventListener('visibilitychange', () => document.hidden || look())
}

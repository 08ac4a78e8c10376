// Something that must not be applied, with the word of docs/PROTOCOL.md for why.
export class Refused extends Error {
  constructor(word, why = '') {
    super(why ? `${word}: ${why}` : word)
    this.word = word
  }
}

/** Refuses with `word` unless `fine`. */
export function need(fine, word, why) {
  if (!fine) throw new Refused(word, why)
}

/* Starts Material's search worker and lets it find word forms.
 *
 * Material's index holds words as they stand, and it appends "*" to every word of a query. So the words of the query
 * are cut to their stems: "задержками" becomes the search for "задержк*", "measured" for "measur*". And ё is written
 * as е on both sides, as most people type it. Stemming the index instead finds less: a word with "*" is not stemmed.
 */
"use strict"

const SETUP = 0, QUERY = 2 // Material's SearchMessageType
const SHORTEST = 4         // shorter words are searched as they stand

const plain = text => text.replace(/ё/g, "е").replace(/Ё/g, "Е")

function stem(word) {
  const lower = word.toLowerCase()
  const stemmer = /[а-я]/.test(lower) ? self.lunr.ru && self.lunr.ru.stemmer : self.lunr.stemmer
  if (lower.length < SHORTEST || !stemmer) return word
  const stemmed = stemmer(new self.lunr.Token(lower, {})).toString().replace(/i$/, "")
  // A stemmer may rewrite a word's end ("energies", "energi"): only what both have in common is searched for.
  let common = 0
  while (common < stemmed.length && stemmed[common] === lower[common]) common++
  return common >= SHORTEST - 1 ? word.slice(0, common) : word
}

addEventListener("message", event => {
  const { type, data } = event.data
  if (!event.isTrusted || (type !== SETUP && type !== QUERY)) return
  event.stopImmediatePropagation()
  const changed = type === SETUP
    ? { ...data, docs: data.docs.map(doc => ({ ...doc, title: plain(doc.title), text: plain(doc.text) })) }
    : plain(data).replace(/(^|\s)([a-zа-я]+)(?=\s|$)/gi, (_, blank, word) => blank + stem(word))
  dispatchEvent(new MessageEvent("message", { data: { type, data: changed } }))
})

importScripts(new URL(location.href).searchParams.get("worker"))

/* How old a record is on the day of reading: the page itself cannot know, for it is the same every day. */
"use strict"

{
  const DAY_MS = 86400000
  const language = document.documentElement.lang

  const counted = (count, unit) => new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "long" }).format(count)

  /** Whole months of the calendar between two days. */
  function monthsBetween(since, now) {
    const months = 12 * (now.getFullYear() - since.getFullYear()) + now.getMonth() - since.getMonth()
    return now.getDate() < since.getDate() ? months - 1 : months
  }

  for (const element of document.querySelectorAll(".age[data-since]")) {
    const since = new Date(element.dataset.since), now = new Date()
    const months = monthsBetween(since, now), days = Math.floor((now - since) / DAY_MS)
    // A reader's clock may be wrong, and a record of today has no age yet.
    if (days < 1) continue
    const age = months >= 1 ? counted(months, "month") : counted(days, "day")
    element.textContent = element.dataset.words.replace("{age}", age)
  }
}

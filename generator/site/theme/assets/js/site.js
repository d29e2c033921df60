/* What does not fit must be scrollable by keyboard: a wide table or code block gets focus, a role and a name of its own,
 * by which a screen reader's list of regions tells them apart. */
"use strict"

{
  const NAMES = { ru: { table: "Широкая таблица", code: "Код", chart: "Диаграмма" }, en: { table: "Wide table", code: "Code", chart: "Chart" } }
  const SCROLLED = { ".md-typeset__scrollwrap": "table", ".md-typeset .table-scroll": "table", ".md-typeset pre > code": "code", ".md-typeset .chart-scroll": "chart" }

  function nameScrolled() {
    const names = NAMES[document.documentElement.lang] || NAMES.en
    for (const [selector, kind] of Object.entries(SCROLLED)) {
      let count = 0
      for (const element of document.querySelectorAll(selector)) {
        const wide = element.scrollWidth > element.clientWidth
        if (wide) {
          element.tabIndex = 0
          element.setAttribute("role", "region")
          element.setAttribute("aria-label", ++count > 1 ? `${names[kind]} ${count}` : names[kind])
        } else {
          for (const name of ["tabindex", "role", "aria-label"]) element.removeAttribute(name)
        }
      }
    }
  }

  // Material wraps tables in scrolling boxes some time after the page has loaded.
  addEventListener("load", () => setTimeout(nameScrolled, 100))
  addEventListener("resize", nameScrolled)

  // Paper has no folds: what is folded is printed too, and folded again for the reader.
  addEventListener("beforeprint", () => {
    for (const one of document.querySelectorAll("details:not([open])")) {
      one.dataset.folded = ""
      one.open = true
    }
  })
  addEventListener("afterprint", () => {
    for (const one of document.querySelectorAll("details[data-folded]")) {
      delete one.dataset.folded
      one.open = false
    }
  })
}

/* Opened from a disk: there no server answers a folder's address with its index.html, an address that begins with a slash
 * is not this site's, and the search's worker may not run. */
if (location.protocol === "file:") {
  const language = document.documentElement.lang
  const home = new URL("../../", document.currentScript.src)
  const root = language === "ru" ? home : new URL("../", home)
  const page = location.href.slice(home.href.length).replace(/[?#].*$/, "").replace(/index\.html$/, "")

  const aim = event => {
    const link = event.target.closest("a[href]")
    if (!link) return
    const twin = link.hreflang && link.closest(".md-header")
    const address = twin ? new URL((link.hreflang === "ru" ? "" : `${link.hreflang}/`) + page, root) : new URL(link.getAttribute("href"), document.baseURI)
    if (address.protocol !== "file:" || !address.pathname.endsWith("/")) return
    address.pathname += "index.html"
    link.setAttribute("href", address.href)
  }
  // Before the browser follows a link, however that is asked for: pressed, or with Enter.
  for (const type of ["pointerdown", "click", "keydown"]) addEventListener(type, aim, true)
  for (const search of document.querySelectorAll(".md-search, label[for=__search]")) search.remove()
}

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
}

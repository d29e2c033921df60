/* Tables whose cells carry `data-sort` are sorted by a press on a column's title; what has no value stays last. */
"use strict"

{
  const language = document.documentElement.lang

  /** Order of two cells: numbers of `data-sort`, else texts as the language sorts them. */
  function order(a, b, sign) {
    const [first, second] = [a, b].map(cell => cell.dataset.sort)
    if (first !== undefined && second !== undefined) return sign * (Number(first) - Number(second))
    if (first !== undefined || second !== undefined) return first === undefined ? 1 : -1
    return sign * a.textContent.localeCompare(b.textContent, language, { numeric: true })
  }

  function makeSortable(table) {
    const body = table.tBodies[0], heads = [...table.tHead.rows[0].cells]
    heads.forEach((head, column) => {
      const cells = [...body.rows].map(row => row.cells[column])
      const sortable = column === 0 || cells.some(cell => cell && "sort" in cell.dataset)
      if (!sortable || !head.textContent.trim()) return
      const button = document.createElement("button")
      button.type = "button"
      button.className = "sort"
      button.append(...head.childNodes)
      head.append(button)
      button.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") === "ascending"
        for (const other of heads) other.removeAttribute("aria-sort")
        head.setAttribute("aria-sort", down ? "descending" : "ascending")
        const sorted = [...body.rows].sort((a, b) => order(a.cells[column], b.cells[column], down ? -1 : 1))
        body.append(...sorted)
      })
    })
  }

  for (const table of document.querySelectorAll(".md-typeset table")) {
    if (table.tHead && table.tBodies[0]?.rows.length > 2 && table.querySelector("td[data-sort]")) makeSortable(table)
  }
}

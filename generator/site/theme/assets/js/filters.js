/* Filters of a list or a table. Without this script the form stays hidden and all of it is shown. */
"use strict"

function applyFilters(form, all) {
  const chosen = [...new FormData(form)].filter(([, value]) => value)
  let shown = 0
  for (const one of all) {
    const fits = chosen.every(([name, value]) => one.dataset[name].split(" ").includes(value))
    one.hidden = !fits
    shown += fits
  }
  const state = form.querySelector("[data-filters-state]")
  state.textContent = state.dataset.filtersState.replace("{shown}", shown).replace("{all}", all.length)
  const query = new URLSearchParams(chosen).toString()
  history.replaceState(null, "", `${location.pathname}${query && "?"}${query}${location.hash}`)
}

for (const form of document.querySelectorAll("form[data-filters]")) {
  const all = [...document.querySelectorAll(form.dataset.filters)]
  for (const [name, value] of new URLSearchParams(location.search)) {
    const field = form.elements.namedItem(name)
    if (field instanceof HTMLSelectElement && [...field.options].some((option) => option.value === value)) field.value = value
  }
  form.hidden = false
  form.addEventListener("change", () => applyFilters(form, all))
  form.addEventListener("reset", () => setTimeout(() => applyFilters(form, all)))
  form.addEventListener("submit", (event) => event.preventDefault())
  applyFilters(form, all)
}

/* Filters of the list of measurements. Without this script the form stays hidden and the list is whole. */
"use strict"

function filterCards(form, cards) {
  const chosen = [...new FormData(form)].filter(([, value]) => value)
  let shown = 0
  for (const card of cards) {
    const fits = chosen.every(([name, value]) => card.dataset[name].split(" ").includes(value))
    card.hidden = !fits
    shown += fits
  }
  const state = form.querySelector("[data-filters-state]")
  state.textContent = state.dataset.filtersState.replace("{shown}", shown).replace("{all}", cards.length)
  const query = new URLSearchParams(chosen).toString()
  history.replaceState(null, "", `${location.pathname}${query && "?"}${query}${location.hash}`)
}

for (const form of document.querySelectorAll("form[data-filters]")) {
  const cards = [...document.querySelectorAll(".verdict[data-technology]")]
  for (const [name, value] of new URLSearchParams(location.search)) {
    const field = form.elements.namedItem(name)
    if (field instanceof HTMLSelectElement && [...field.options].some((option) => option.value === value)) field.value = value
  }
  form.hidden = false
  form.addEventListener("change", () => filterCards(form, cards))
  form.addEventListener("reset", () => setTimeout(() => filterCards(form, cards)))
  form.addEventListener("submit", (event) => event.preventDefault())
  filterCards(form, cards)
}

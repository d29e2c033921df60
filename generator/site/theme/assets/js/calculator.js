/* What a million samples cost at the reader's own price. Rates and words come from the page (generator/pages/
 * calculator.py), prices from the reader; nothing is sent or kept. */
"use strict"

{
  const SECONDS = 3600, MILLION = 1e6
  const english = document.documentElement.lang === "en"
  const locale = english ? "en-GB" : "ru-RU"
  const shown = new Intl.NumberFormat(locale, { minimumSignificantDigits: 3, maximumSignificantDigits: 3 })
  const whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 })

  /** A typed number: decimal comma or point, blanks (or English commas) between thousands. Empty is null, else NaN. */
  function typed(text) {
    const joined = text.replace(/\s/g, "")
    const thousands = english && /^\d{1,3}(,\d{3})+(\.\d+)?$/.test(joined)
    const plain = thousands ? joined.replace(/,/g, "") : joined.replace(",", ".")
    if (plain === "") return null
    return /^\d+(\.\d+)?$/.test(plain) ? Number(plain) : NaN
  }

  /** Values of the fields, and whether all of them can be used; a field that cannot is marked. */
  function read(form) {
    const values = {}
    let sound = true
    for (const input of form.querySelectorAll("input")) {
      const value = typed(input.value)
      const right = value === null || (value > 0 && (input.name !== "utilisation" || value <= 100))
      input.setAttribute("aria-invalid", String(!right))
      values[input.name] = right ? value : null
      sound &&= right
    }
    return { values, sound }
  }

  /** Costs of one row at these values; null where a value is missing. */
  function costs(row, { price, utilisation, samples, energy }, hours) {
    const share = utilisation === null ? null : utilisation / 100
    const hourly = rate => price !== null && share !== null ? price / (Number(rate) * SECONDS * share) * MILLION : null
    const { rate, least, most, kwh, read, written } = row.dataset
    const machines = samples !== null && share !== null ? Math.ceil(samples / (Number(rate) * SECONDS * share * hours)) : null
    return {
      million: hourly(rate), low: hourly(most), high: hourly(least), machines,
      read: read !== undefined ? hourly(read) : null, written: written !== undefined ? hourly(written) : null,
      month: machines !== null && price !== null ? machines * hours * price : null,
      electricity: kwh !== undefined && energy != null ? Number(kwh) * energy : null,
    }
  }

  function texts(found) {
    const money = value => value === null ? "" : shown.format(value)
    return {
      million: found.million === null ? "" : `${money(found.million)} (${money(found.low)}–${money(found.high)})`,
      machines: found.machines === null ? "" : whole.format(found.machines),
      read: money(found.read), written: money(found.written),
      month: money(found.month), electricity: money(found.electricity),
    }
  }

  /** The table of the workload that the reader chose; the others are hidden. */
  function chosen(calculator) {
    const tables = [...calculator.querySelectorAll("table[data-workload]")]
    const select = calculator.querySelector("select[name=workload]")
    const shown = select ? tables.find(one => one.dataset.workload === select.value) : tables[0]
    for (const one of tables) one.hidden = one !== shown
    return shown
  }

  function calculate(calculator) {
    const { values, sound } = read(calculator.querySelector("form"))
    calculator.querySelector(".calculator__error").hidden = sound
    const table = chosen(calculator)
    const rows = [...table.querySelectorAll("tbody tr")]
    const found = rows.map(row => costs(row, values, Number(calculator.dataset.hours)))
    const filled = found.map(texts)
    for (const name of ["million", "read", "written", "machines", "month", "electricity"]) {
      // A column without a number is not shown.
      const empty = filled.every(one => one[name] === "")
      for (const cell of table.querySelectorAll(`[data-cell=${name}]`)) cell.hidden = empty
      rows.forEach((row, index) => {
        const cell = row.querySelector(`[data-cell=${name}]`)
        if (cell) cell.textContent = filled[index][name]
      })
    }
    say(calculator.querySelector(".calculator__answer"), rows, found)
  }

  /** The cheapest of the variants that keep their quality, in a sentence. */
  function say(answer, rows, found) {
    const priced = found.map((one, index) => ({ ...one, row: rows[index] }))
      .filter(one => one.million !== null && "counts" in one.row.dataset)
    const best = priced.length ? priced.reduce((a, b) => b.million < a.million ? b : a) : null
    answer.textContent = best === null ? "" : answer.dataset.words
      .replace("{title}", () => best.row.querySelector("th").textContent)
      .replace("{cost}", () => shown.format(best.million))
  }

  for (const calculator of document.querySelectorAll(".calculator")) {
    const form = calculator.querySelector("form")
    form.hidden = false
    chosen(calculator)
    form.addEventListener("submit", event => event.preventDefault())
    form.addEventListener("input", () => calculate(calculator))
    const example = calculator.querySelector(".calculator__example button")
    if (example) {
      example.hidden = false
      example.addEventListener("click", () => {
        for (const name of ["price", "utilisation"]) form.elements[name].value = shown.format(Number(example.dataset[name]))
        calculate(calculator)
      })
    }
  }
}

/* A reader's own record over the published ones. The file is read in the browser and goes nowhere. Whatever it holds is
 * text: it reaches the page through textContent alone. Ratios are formed as generator/core/protocol.py forms them. */
"use strict"

{
  const MOST_DEPTH = 64
  const locale = document.documentElement.lang === "en" ? "en-GB" : "ru-RU"
  const two = new Intl.NumberFormat(locale, { minimumFractionDigits: 2, maximumFractionDigits: 2 })

  /** Something that the reader can mend: the key of its words, and what to fill them with. */
  class Refusal extends Error {
    constructor(key, values = {}) {
      super(key)
      this.key = key
      this.values = values
    }
  }

  // --- The seal ------------------------------------------------------------------------------------------------------

  /** JSON text as the generator hashes it: keys sorted, no blanks, ASCII only, without the seal; numbers as written. */
  function canonical(text) {
    let place = 0
    const take = pattern => {
      pattern.lastIndex = place
      const found = pattern.exec(text)
      if (!found) throw new Refusal("not_json")
      place = pattern.lastIndex
      return found[0]
    }
    const next = () => { take(/\s*/y); return text[place] }
    const string = () => JSON.parse(take(/"(?:[^"\\]|\\.)*"/ys))
    const ascii = value => JSON.stringify(value).replace(/[\u007f-\uffff]/g, c => "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0"))
    function list(close, item) {
      const found = []
      place++
      if (next() === close) { place++; return found }
      for (;;) {
        found.push(item())
        const sign = next()
        place++
        if (sign === close) return found
      }
    }
    function value(depth) {
      if (depth > MOST_DEPTH) throw new Refusal("not_json")
      const first = next()
      if (first === "{") {
        const entries = list("}", () => {
          next()
          const key = string()
          next()
          place++
          return [key, value(depth + 1)]
        })
        const kept = entries.filter(([key]) => depth > 0 || key !== "sha256").sort(([a], [b]) => a < b ? -1 : 1)
        return "{" + kept.map(([key, one]) => ascii(key) + ":" + one).join(",") + "}"
      }
      if (first === "[") return "[" + list("]", () => value(depth + 1)).join(",") + "]"
      if (first === '"') return ascii(string())
      return take(/-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y)
    }
    return value(0)
  }

  /** Whether the seal is right; null where the browser cannot tell (a page that did not come over https). */
  async function sealed(text, seal) {
    if (!globalThis.crypto?.subtle) return null
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(canonical(text)))
    return [...new Uint8Array(digest)].map(byte => byte.toString(16).padStart(2, "0")).join("") === seal
  }

  // --- The ratios ----------------------------------------------------------------------------------------------------

  function median(values) {
    const sorted = [...values].sort((a, b) => a - b)
    const middle = sorted.length >> 1
    return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }

  const mean = values => values.reduce((sum, value) => sum + value, 0) / values.length

  /** A variant's centre in each cycle of a block, nanoseconds a sample. */
  function byCycle(block, variant, statistic) {
    const centre = statistic === "p50" ? median : mean
    const rounds = block.rounds.filter(round => round.variant === variant)
    return new Map(rounds.map(round => [round.cycle, centre(round.latencies_ns) / round.samples_per_query]))
  }

  /** log(baseline / variant) in one block: the median over pairs of successive cycles; null when none holds both. */
  function blockValue(block, variant, baseline, statistic) {
    const [ours, theirs] = [variant, baseline].map(name => byCycle(block, name, statistic))
    const cycles = [...ours.keys()].filter(cycle => theirs.has(cycle)).sort((a, b) => a - b)
    const ratios = cycles.map(cycle => Math.log(theirs.get(cycle) / ours.get(cycle)))
    const pairs = ratios.flatMap((ratio, index) => index % 2 ? [(ratios[index - 1] + ratio) / 2] : [])
    return ratios.length ? median(pairs.length ? pairs : ratios) : null
  }

  /** [point, low, high, blocks] of a speedup over the blocks that count; null from fewer than two. */
  function speedup(blocks, variant, baseline, statistic, rules) {
    const disturbed = blocks.filter(block => block.disturbed).length
    const kept = disturbed > rules.most_disturbed * blocks.length ? blocks : blocks.filter(block => !block.disturbed)
    const values = kept.map(block => blockValue(block, variant, baseline, statistic)).filter(value => value !== null)
    const quantile = rules.quantiles[Math.min(values.length, rules.quantiles.length - 1)]
    if (values.length < 2) return null
    const centre = mean(values)
    const variance = values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1)
    const half = Math.hypot(quantile * Math.sqrt(variance / values.length), rules.session_floor)
    const found = [centre, centre - half, centre + half].map(Math.exp)
    return found.every(Number.isFinite) ? [...found, values.length] : null
  }

  // --- The record ----------------------------------------------------------------------------------------------------

  const isObject = value => typeof value === "object" && value !== null && !Array.isArray(value)

  function parsed(text) {
    let record
    try { record = JSON.parse(text) } catch { throw new Refusal("not_json") }
    if (!isObject(record) || !("schema_version" in record)) throw new Refusal("no_record")
    return record
  }

  /** Refuse what is no record of this generator's schema, or of a measurement that is not published here. */
  function check(record, rules) {
    if (record.kind === "browser") throw new Refusal("from_browser")
    if (record.schema_version !== rules.schema_version) {
      throw new Refusal("other_schema", { found: String(record.schema_version).slice(0, 20), known: rules.schema_version })
    }
    const whole = ["variants", "workloads", "blocks"].every(name => Array.isArray(record[name]) && record[name].every(isObject))
      && isObject(record.system) && isObject(record.controls) && typeof record.measurement === "string"
      && record.blocks.every(block => Array.isArray(block.rounds) && block.rounds.every(soundRound))
    if (!whole) throw new Refusal("incomplete")
    if (!Object.hasOwn(rules.measurements, record.measurement)) throw new Refusal("unknown_measurement", { name: record.measurement.slice(0, 80) })
    if (rules.statistics[record.scenario] === undefined) throw new Refusal("incomplete")
    if (rules.statistics[record.scenario] === "rate") throw new Refusal("server")
  }

  const soundRound = round => isObject(round) && Array.isArray(round.latencies_ns) && round.latencies_ns.length > 0
    && round.latencies_ns.every(ns => Number.isFinite(ns) && ns > 0) && round.samples_per_query >= 1

  /** Fields that keep two records' ratios of one workload apart, as `python -m generator compare` names them. */
  function differences(record, workload, baseline, other) {
    const theirs = other.workloads[workload.name]
    if (!theirs) return [`workloads.${workload.name}`]
    const pairs = {
      protocol_version: [record.protocol_version, other.protocol_version],
      scenario: [record.scenario, other.scenario],
      "controls.threads": [record.controls.threads, other.threads],
      "workloads.model": [workload.model, theirs.model],
      "workloads.data_sha256": [workload.data_sha256, theirs.data_sha256],
      "variants.baseline": [[baseline.runtime, baseline.precision, ...(baseline.transforms ?? [])].join(), theirs.baseline.join()],
    }
    return Object.keys(pairs).filter(name => pairs[name][0] !== pairs[name][1])
  }

  /** Rows to show: each variant's own speedup, then that of every published record that may stand beside it. */
  function rows(record, rules, words) {
    const known = rules.measurements[record.measurement]
    const found = [], refused = new Map()
    for (const workload of record.workloads) {
      const variants = record.variants.filter(one => one.workload === workload.name)
      const baseline = variants.find(one => one.baseline === true)
      const blocks = record.blocks.filter(block => block.workload === workload.name)
      if (!baseline) throw new Refusal("incomplete")
      for (const other of known.records) {
        const fields = differences(record, workload, baseline, other)
        if (fields.length) refused.set(other.record, { system: other.system, fields })
      }
      for (const variant of variants.filter(one => one !== baseline)) {
        const title = Object.hasOwn(known.variants, variant.name) ? known.variants[variant.name] : String(variant.name)
        const own = speedup(blocks, variant.name, baseline.name, rules.statistics[record.scenario], rules)
        if (own) found.push({ title, machine: words.yours, own: true, estimate: own })
        for (const other of known.records.filter(one => !refused.has(one.record))) {
          const estimate = other.workloads[workload.name].speedups[variant.name]
          if (estimate) found.push({ title, machine: `${other.system}, ${other.date}`, own: false, estimate })
        }
      }
    }
    if (!found.some(row => row.own)) throw new Refusal("no_ratio")
    return { found, refused }
  }

  // --- The page ------------------------------------------------------------------------------------------------------

  function element(name, text, attributes = {}) {
    const made = document.createElement(name)
    if (text !== undefined) made.textContent = text
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value)
    return made
  }

  const filled = (phrase, values) => phrase.replace(/\{(\w+)\}/g, (whole, name) => name in values ? String(values[name]) : whole)

  function shownEstimate([point, low, high]) {
    const factor = locale === "en-GB" ? `${two.format(point)}×` : `×${two.format(point)}`
    return `${factor}\u00a0[${two.format(low)}${locale === "en-GB" ? "," : ";"}\u00a0${two.format(high)}]`
  }

  function table(found, words) {
    const made = element("table"), head = element("tr"), body = element("tbody")
    for (const name of ["variant", "record", "speedup"]) head.append(element("th", words[`column_${name}`], { scope: "col" }))
    let title = null
    for (const row of found) {
      const line = element("tr", undefined, row.own ? { class: "your-record__own" } : {})
      if (title?.textContent === row.title) title.rowSpan++
      else line.append(title = element("th", row.title, { scope: "rowgroup" }))
      line.append(element("td", row.machine), element("td", shownEstimate(row.estimate), { class: "num" }))
      body.append(line)
    }
    const header = element("thead")
    header.append(head)
    made.append(header, body)
    return made
  }

  /** One line a row on a logarithmic axis; the reader's own is a filled diamond, published ones are rings. */
  function chart(found, width, words) {
    const NS = "http://www.w3.org/2000/svg", LINE = 24, TITLE = 22, EDGE = 14
    const draw = (name, attributes, text) => {
      const made = document.createElementNS(NS, name)
      for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value)
      if (text !== undefined) made.textContent = text
      return made
    }
    const ends = found.flatMap(row => row.estimate.slice(1, 3)).concat(0.9, 1.1)
    const [low, high] = [Math.log(Math.min(...ends)), Math.log(Math.max(...ends))]
    const x = value => EDGE + (Math.log(value) - low) / (high - low) * (width - 2 * EDGE)
    const parts = []
    let y = 4, last = null
    for (const row of found) {
      if (row.title !== last) parts.push(draw("text", { x: 0, y: y += TITLE, style: "fill: var(--c-fg); font-size: 13px; paint-order: stroke; stroke: var(--c-bg); stroke-width: 5px" }, row.title))
      last = row.title
      y += LINE
      const [point, from, to] = row.estimate, colour = row.own ? "var(--c1)" : "var(--c0)", middle = y - LINE / 3
      parts.push(draw("path", { d: `M${x(from)} ${middle}H${x(to)}`, style: `stroke: ${colour}; stroke-width: 2; fill: none` }))
      parts.push(row.own
        ? draw("path", { d: `M${x(point)} ${middle - 7}l7 7l-7 7l-7 -7z`, style: `fill: ${colour}` })
        : draw("circle", { cx: x(point), cy: middle, r: 5, style: `stroke: ${colour}; stroke-width: 2; fill: var(--c-bg)` }))
    }
    const height = y + 30
    const made = draw("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": words.chart_alt })
    made.append(draw("path", { d: `M${x(1)} 8V${y + 4}`, style: "stroke: var(--c-muted); stroke-dasharray: 4 3; fill: none" }))
    const ticks = [0.125, 0.25, 0.5, 1, 2, 4, 8, 16, 32, 64].filter(tick => Math.log(tick) >= low && Math.log(tick) <= high)
    const number = new Intl.NumberFormat(locale, { maximumFractionDigits: 3 })
    for (const tick of ticks) {
      const text = locale === "en-GB" ? `${number.format(tick)}×` : `×${number.format(tick)}`
      made.append(draw("text", { x: x(tick), y: y + 24, "text-anchor": "middle", style: "fill: var(--c-muted); font-size: 12px" }, text))
    }
    made.append(...parts)
    return made
  }

  function show(record, rules, words, result) {
    const { found, refused } = rows(record, rules, words)
    const known = rules.measurements[record.measurement]
    const heading = element("h2")
    heading.append(element("a", known.title, { href: known.address }))
    result.append(heading)
    const system = record.system.host_processor_model_name
    result.append(element("p", filled(words.about, { record: record.record_id, system: typeof system === "string" ? system : "?" })))
    if (record.tier === "smoke") result.append(element("p", words.smoke))
    for (const { system: other, fields } of refused.values()) {
      result.append(element("p", filled(words.not_comparable, { system: other, fields: fields.join(", ") })))
    }
    const figure = element("figure", undefined, { class: "chart" })
    figure.append(element("p", words.chart_title, { class: "chart-title" }), chart(found, Math.max(280, Math.min(700, result.clientWidth)), words))
    figure.append(element("figcaption", words.chart_note))
    const scroll = element("div", undefined, { class: "table-scroll" })
    scroll.append(table(found, words))
    result.append(figure, scroll)
    dispatchEvent(new Event("resize")) // site.js lets a keyboard scroll what is too wide
  }

  async function published(address) {
    try {
      const answer = await fetch(address)
      if (!answer.ok) throw new Refusal("no_published")
      return await answer.json()
    } catch { throw new Refusal("no_published") }
  }

  async function open(file, root, words) {
    const rules = await published(root.dataset.published)
    if (file.size > rules.most_bytes) throw new Refusal("too_large")
    const text = await file.text()
    const record = parsed(text)
    check(record, rules)
    const right = await sealed(text, record.sha256)
    if (right === false) throw new Refusal("edited")
    const result = root.querySelector(".your-record__result")
    show(record, rules, words, result)
    return right ? words.sealed : words.seal_unknown
  }

  for (const root of document.querySelectorAll(".your-record")) {
    const words = JSON.parse(root.dataset.words)
    const [form, error, status, result] = ["form", ".your-record__error", ".your-record__status", ".your-record__result"]
      .map(selector => root.querySelector(selector))
    const read = async file => {
      error.hidden = true
      result.replaceChildren()
      status.textContent = words.reading
      try {
        status.textContent = await open(file, root, words)
      } catch (problem) {
        result.replaceChildren()
        status.textContent = ""
        error.hidden = false
        error.textContent = filled(words[problem instanceof Refusal ? problem.key : "incomplete"], problem.values ?? {})
      }
    }
    form.hidden = false
    form.addEventListener("submit", event => event.preventDefault())
    form.querySelector("input").addEventListener("change", event => event.target.files[0] && read(event.target.files[0]))
    root.addEventListener("dragover", event => { event.preventDefault(); root.classList.add("your-record--over") })
    root.addEventListener("dragleave", () => root.classList.remove("your-record--over"))
    root.addEventListener("drop", event => {
      event.preventDefault()
      root.classList.remove("your-record--over")
      if (event.dataTransfer.files[0]) read(event.dataTransfer.files[0])
    })
  }
}

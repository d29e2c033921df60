/* A reader's own record over the published ones. The file is read in the browser and goes nowhere. Whatever it holds is
 * text: it reaches the page through textContent alone. */

import { factor, factorEstimate, filled } from "../words.js"
import { compared } from "./comparison.js"
import { Refusal, check, parsed, sealed } from "./record.js"

function element(name, text, attributes = {}) {
  const made = document.createElement(name)
  if (text !== undefined) made.textContent = text
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value)
  return made
}

function table(found, words) {
  const made = element("table"), head = element("tr"), body = element("tbody")
  for (const name of ["variant", "record", "speedup"]) head.append(element("th", words[`column_${name}`], { scope: "col" }))
  let title = null, last = null
  for (const row of found) {
    const line = element("tr", undefined, row.own ? { class: "your-record__own" } : {})
    if (row.of === last) title.rowSpan++
    else line.append(title = element("th", row.title, { scope: "rowgroup" }))
    last = row.of
    line.append(element("td", row.machine), element("td", factorEstimate(row.estimate), { class: "num" }))
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
    if (row.of !== last) parts.push(draw("text", { x: 0, y: y += TITLE, style: "fill: var(--c-fg); font-size: 13px; paint-order: stroke; stroke: var(--c-bg); stroke-width: 5px" }, row.title))
    last = row.of
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
  for (const tick of ticks) {
    made.append(draw("text", { x: x(tick), y: y + 24, "text-anchor": "middle", style: "fill: var(--c-muted); font-size: 12px" }, factor(tick)))
  }
  made.append(...parts)
  return made
}

function show(record, rules, words, result) {
  const { found, refused } = compared(record, rules, words.yours)
  const known = rules.measurements[record.measurement]
  const heading = element("h2")
  heading.append(element("a", known.title, { href: known.address }))
  result.append(heading)
  const system = record.system.host_processor_model_name
  result.append(element("p", filled(words.about, { record: record.record_id, system: typeof system === "string" ? system : "?" })))
  if (record.tier === "smoke") result.append(element("p", words.smoke))
  for (const { system: other, fields, whole } of refused) {
    const said = whole ? words.not_comparable : words.comparable_in_part
    result.append(element("p", filled(said, { system: other, fields: fields.join(", ") })))
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
  status.textContent = ""
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

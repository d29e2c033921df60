/* Speedups on a logarithmic axis: the reader's own are filled diamonds, published ones are rings. Over each mark stands
 * where it is from, and what it says. */

import { factor, factorEstimate } from "../words.js"

const SPACE = "http://www.w3.org/2000/svg"
const TITLE = 18, MARK = 24, GAP = 12, EDGE = 20, LABEL = 52
const TICKS = [1, 10, 0.1, 100, 0.01, 2, 0.5, 5, 0.2, 20, 0.05, 50, 3, 1.5, 0.75, 1.2, 0.8, 1.1, 0.9] // roundest first

function draw(name, attributes, text) {
  const made = document.createElementNS(SPACE, name)
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value)
  if (text !== undefined) made.textContent = text
  return made
}

/** Ticks that have room for their labels. */
function ticksOf(x, low, high) {
  const taken = []
  for (const tick of TICKS) {
    const inside = tick >= low && tick <= high
    if (inside && taken.every(other => Math.abs(x(other) - x(tick)) >= LABEL)) taken.push(tick)
  }
  return taken
}

/** rows: [{where, date (or nothing), own, estimate: [point, low, high]}]. */
export function chart(rows, width, alternative) {
  const ends = rows.flatMap(row => row.estimate).concat(0.9, 1.1)
  const low = Math.min(...ends), high = Math.max(...ends)
  const x = value => EDGE + Math.log(value / low) / Math.log(high / low) * (width - 2 * EDGE)
  const marks = [], middles = []
  let y = 0
  for (const row of rows) {
    marks.push(draw("text", { x: 0, y: y += TITLE, style: "fill: var(--c-fg); font-size: 14px; font-weight: 600" }, row.where))
    marks.push(draw("text", { x: 0, y: y += TITLE, style: "fill: var(--c-muted); font-size: 13px" },
      factorEstimate(row.estimate) + (row.date ? ` · ${row.date}` : "")))
    const [point, from, to] = row.estimate, middle = y + MARK / 2 + 2, colour = row.own ? "var(--c1)" : "var(--c0)"
    middles.push(middle)
    marks.push(draw("path", { d: `M${x(from)} ${middle}H${x(to)}`, style: `stroke: ${colour}; stroke-width: 2; fill: none` }))
    marks.push(row.own
      ? draw("path", { d: `M${x(point)} ${middle - 7}l7 7l-7 7l-7 -7z`, style: `fill: ${colour}` })
      : draw("circle", { cx: x(point), cy: middle, r: 5, style: `stroke: ${colour}; stroke-width: 2; fill: var(--c-bg)` }))
    y += MARK + GAP
  }
  const made = draw("svg", { viewBox: `0 0 ${width} ${y + 24}`, role: "img", "aria-label": alternative })
  // The baseline's speed: a dash at every mark, so that no line runs through the words.
  for (const middle of middles) {
    made.append(draw("path", { d: `M${x(1)} ${middle - 11}V${middle + 11}`, style: "stroke: var(--c-muted); stroke-dasharray: 4 3; fill: none" }))
  }
  made.append(draw("path", { d: `M${EDGE} ${y}H${width - EDGE}`, style: "stroke: var(--line); fill: none" }))
  for (const tick of ticksOf(x, low, high)) {
    made.append(draw("path", { d: `M${x(tick)} ${y}v5`, style: "stroke: var(--c-muted); fill: none" }))
    made.append(draw("text", { x: x(tick), y: y + 20, "text-anchor": "middle", style: "fill: var(--c-muted); font-size: 12px" }, factor(tick)))
  }
  made.append(...marks)
  return made
}

/* Speedups on a logarithmic axis: the reader's own are filled diamonds, published ones are rings. */

const SPACE = "http://www.w3.org/2000/svg"
const TITLE = 22, LINE = 24, EDGE = 14
const TICKS = [0.0625, 0.125, 0.25, 0.5, 1, 2, 4, 8, 16, 32, 64]

function draw(name, attributes, text) {
  const made = document.createElementNS(SPACE, name)
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value)
  if (text !== undefined) made.textContent = text
  return made
}

/** rows: [{title, own, estimate: [point, low, high]}]; factor: how a ratio is written. */
export function chart(rows, width, alternative, factor) {
  const ends = rows.flatMap(row => row.estimate).concat(0.9, 1.1)
  const low = Math.log(Math.min(...ends)), high = Math.log(Math.max(...ends))
  const x = value => EDGE + (Math.log(value) - low) / (high - low) * (width - 2 * EDGE)
  const marks = []
  let y = 0
  for (const row of rows) {
    y += TITLE
    marks.push(draw("text", { x: 0, y, style: "fill: var(--c-fg); font-size: 13px" }, row.title))
    y += LINE
    const [point, from, to] = row.estimate, middle = y - LINE / 2, colour = row.own ? "var(--c1)" : "var(--c0)"
    marks.push(draw("path", { d: `M${x(from)} ${middle}H${x(to)}`, style: `stroke: ${colour}; stroke-width: 2; fill: none` }))
    marks.push(row.own
      ? draw("path", { d: `M${x(point)} ${middle - 7}l7 7l-7 7l-7 -7z`, style: `fill: ${colour}` })
      : draw("circle", { cx: x(point), cy: middle, r: 5, style: `stroke: ${colour}; stroke-width: 2; fill: var(--c-bg)` }))
  }
  const height = y + 30
  const made = draw("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": alternative })
  made.append(draw("path", { d: `M${x(1)} 4V${y + 6}`, style: "stroke: var(--c-muted); stroke-dasharray: 4 3; fill: none" }))
  for (const tick of TICKS.filter(one => Math.log(one) >= low && Math.log(one) <= high)) {
    made.append(draw("text", { x: x(tick), y: y + 24, "text-anchor": "middle", style: "fill: var(--c-muted); font-size: 12px" }, factor(tick)))
  }
  made.append(...marks)
  return made
}

/* The page "Measured on your own device": a button, what it loads, what is found. Nothing is sent anywhere. */

import { chart } from "./chart.js"
import { Stopped, difference, measure } from "./measuring.js"
import { recordId, save, sealed } from "./record.js"
import { kept, latency, logInterval, verdict } from "../statistics.js"
import { duration, estimateOf, factorEstimate, filled, megabytes, plusMinus, sentence, significant, whole } from "../words.js"

/** A module with one SIMD instruction: browsers that refuse it cannot run the runtime. */
const SIMD = Uint8Array.of(
  0, 97, 115, 109, 1, 0, 0, 0, // "\0asm", version 1
  1, 5, 1, 96, 0, 1, 123, // a type: () -> v128
  3, 2, 1, 0, // a function of it
  10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11, // i32.const 0, i8x16.splat, i8x16.popcnt
)

/** What a difference is cut off at: a larger number is no longer written as a whole one. */
const MOST_DIFFERENCE_PPB = 1e18

const supported = () => typeof WebAssembly === "object" && WebAssembly.validate(SIMD)
  && typeof Worker === "function" && typeof BigInt64Array === "function"

/** A graphics adapter that is really there, or null: browsers have the interface, or a software one, without it. */
async function realAdapter() {
  try {
    const adapter = await navigator.gpu?.requestAdapter()
    const software = adapter?.info?.isFallbackAdapter ?? adapter?.isFallbackAdapter
    return adapter && !software ? adapter : null
  } catch { return null }
}

function element(name, text, attributes = {}) {
  const made = document.createElement(name)
  if (text !== undefined) made.textContent = text
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value)
  return made
}

/** Whether the page was out of sight for a while: browsers slow such pages down. */
function watching() {
  let seen = document.hidden
  document.addEventListener("visibilitychange", () => { seen ||= document.hidden })
  return { reset: () => { seen = document.hidden }, hidden: () => seen }
}

const decoded = samples => samples.map(sample => Object.fromEntries(sample.map(({ name, data }) =>
  [name, new Float32Array(Uint8Array.from(atob(data), sign => sign.charCodeAt(0)).buffer)])))

/** A relative difference; of smaller ones than the table's digits show it is enough to know that they are. */
const share = value => Number.isFinite(value) ? (value < 1e-4 ? `< ${whole(0.0001, 4)}` : significant(value, 2)) : "∞"

class Page {
  constructor(root) {
    this.root = root
    this.kit = JSON.parse(root.dataset.kit)
    this.words = JSON.parse(root.dataset.words)
    this.part = name => root.querySelector(`.on-device__${name}`)
    ;[this.start, this.cancel] = root.querySelectorAll("button")
    this.progress = root.querySelector("progress")
    this.gpu = root.querySelector("[name=webgpu]")
    this.groups = [...root.querySelectorAll("[name=group]")]
    this.files = new Map()
    this.watch = watching()
    this.adapter = null
    this.looking = null
    this.lacksGpu = false
  }

  open() {
    if (!supported()) {
      this.say(this.words.too_old)
      return
    }
    this.say("")
    for (const input of [...this.groups, this.gpu]) {
      input.disabled = false
      input.addEventListener("change", () => this.showSize())
    }
    this.start.hidden = false
    this.start.addEventListener("click", () => this.run())
    this.cancel.addEventListener("click", () => this.stopping?.abort())
    this.showSize()
    if (!navigator.gpu) return
    this.gpu.closest("label").hidden = false
    this.gpu.nextElementSibling.textContent = filled(this.words.webgpu, { size: megabytes(this.kit.engines.webgpu.bytes) })
    // Asked for only when the reader wants it: browsers complain in the console where there is none.
    this.gpu.addEventListener("change", () => { this.looking = this.lookForAdapter() }, { once: true })
  }

  async lookForAdapter() {
    this.adapter = await realAdapter()
    if (this.adapter) return
    this.gpu.checked = false
    this.gpu.disabled = this.lacksGpu = true
    this.gpu.nextElementSibling.textContent = this.words.no_adapter
    this.showSize()
  }

  /** Said aloud by screen readers, so only what changes seldom. */
  say(text) {
    this.part("status").textContent = text
    this.part("detail").textContent = ""
  }

  /** How far it is: for the eye. */
  show(text, share) {
    this.part("detail").textContent = text
    this.progress.value = Math.min(1, share)
  }

  chosen() { return this.groups.filter(input => input.checked).map(input => this.kit.groups[input.value]) }

  /** Addresses to load and their sizes, without those that are here already. */
  wanted() {
    const engines = [this.kit.engines.wasm, ...(this.gpu.checked ? [this.kit.engines.webgpu] : [])]
    const files = engines.map(one => [one.binary, one.bytes])
    for (const group of this.chosen()) {
      files.push([group.samples, group.samples_bytes], ...group.models.map(model => [model.file, model.bytes]))
    }
    return files.filter(([address]) => !this.files.has(address))
  }

  showSize() {
    const bytes = this.wanted().reduce((sum, [, size]) => sum + size, 0)
    this.start.disabled = this.chosen().length === 0
    this.part("size").textContent = this.start.disabled ? this.words.none_chosen
      : filled(bytes ? this.words.size : this.words.loaded, { size: megabytes(bytes) })
  }

  async run() {
    const error = this.part("error"), groups = this.chosen()
    this.stopping = new AbortController()
    error.hidden = true
    this.part("results").replaceChildren()
    this.busy(true)
    try {
      await this.looking
      await this.load(this.stopping.signal)
      for (const [index, group] of groups.entries()) {
        this.say(filled(this.words.measuring, { title: group.title }))
        await this.measure(group, this.stopping.signal, share => (index + share) / groups.length)
      }
      this.say(this.words.done)
    } catch (problem) {
      if (problem instanceof Stopped || problem.name === "AbortError") {
        this.say(this.words.stopped)
      } else {
        this.say("")
        error.hidden = false
        error.textContent = filled(this.words.failed, { problem: problem.message })
      }
    }
    this.busy(false)
  }

  busy(now) {
    // The button that was pressed goes away; who has gone on to something else stays there.
    const pressed = document.activeElement === (now ? this.start : this.cancel)
    for (const input of this.groups) input.disabled = now
    this.gpu.disabled = now || this.lacksGpu
    this.start.hidden = now
    this.cancel.hidden = this.progress.hidden = !now
    this.part("size").hidden = now
    this.root.setAttribute("aria-busy", String(now))
    if (!now) this.showSize()
    if (pressed) (now ? this.cancel : this.start).focus({ preventScroll: true })
  }

  async load(signal) {
    const wanted = this.wanted(), all = wanted.reduce((sum, [, size]) => sum + size, 0)
    let before = 0
    this.say(this.words.loading)
    for (const [address] of wanted) {
      const answer = await fetch(address, { signal })
      if (!answer.ok) throw new Error(`${answer.status} ${address}`)
      const parts = [], reader = answer.body.getReader()
      for (;;) {
        const { done, value } = await reader.read()
        if (done) break
        parts.push(value)
        before += value.length
        this.show(filled(this.words.loaded_of, { done: megabytes(before), all: megabytes(all) }), before / all)
      }
      this.files.set(address, await new Blob(parts).arrayBuffer())
    }
  }

  /** The engine as a worker takes it. */
  engine(name) {
    const { script, binary } = this.kit.engines[name]
    return { script: new URL(script, document.baseURI).href, binary: this.files.get(binary) }
  }

  /** overall: how far everything is when this group is so far. */
  async measure(group, signal, overall) {
    const { kit, words } = this
    const packed = JSON.parse(new TextDecoder().decode(this.files.get(group.samples)))
    const described = group.models.map(model => ({ ...model, name: model.variant, provider: "wasm" }))
    if (this.adapter && this.gpu.checked) {
      const [first] = described
      described.push({ ...first, name: `${first.variant}-webgpu`, provider: "webgpu", title: filled(words.by_webgpu, { title: first.title }) })
    }
    const starts = new Map()
    const plan = {
      variants: new Map(described.map(one => [one.name, {
        engine: this.engine(one.provider), provider: one.provider, model: this.files.get(one.file),
      }])),
      baseline: described[0].name,
      control: kit.control,
      samples: packed.samples,
      started: (name, start) => { if (!starts.has(name)) starts.set(name, start) },
    }
    const { least_blocks: least, most_blocks: most } = kit.rules
    const tell = done => {
      // Mostly the least number of blocks is enough.
      const share = done < least ? 0.9 * done / least : 0.9 + 0.1 * (done - least) / (most - least)
      this.show(filled(words.block, { block: whole(done + 1), most: whole(most) }), overall(share))
    }
    tell(0)
    const started = new Date().toISOString()
    const found = await measure(plan, kit.rules, signal, this.watch, tell)
    for (const one of described) {
      one.difference = difference(starts.get(one.name).outputs, decoded(packed.outputs[one.variant]))
    }
    const resolution = Math.min(...[...starts.values()].map(start => start.resolution_ns))
    const record = this.record(group, described, found, started, resolution)
    const shown = this.result(group, described, found, record), scroll = shown.querySelector(".table-scroll")
    this.part("results").append(shown)
    if (scroll.scrollWidth > scroll.clientWidth) {
      for (const [name, value] of [["tabindex", "0"], ["role", "region"], ["aria-label", group.title]]) scroll.setAttribute(name, value)
    }
  }

  record(group, described, { blocks, stop_reason }, started, resolution) {
    const { kit, adapter } = this
    return {
      schema_version: kit.schema_version,
      kind: "browser",
      protocol_version: kit.protocol_version,
      record_id: recordId(group.measurement, started),
      measurement: group.measurement,
      workload: group.workload,
      definition_sha256: group.definition_sha256,
      started_at: started,
      finished_at: new Date().toISOString(),
      stop_reason,
      browser: {
        user_agent: navigator.userAgent.slice(0, 1000),
        logical_cores: navigator.hardwareConcurrency ?? null,
        memory_mib: navigator.deviceMemory ? Math.round(navigator.deviceMemory * 1024) : null,
        cross_origin_isolated: Boolean(globalThis.crossOriginIsolated),
        timer_resolution_ns: resolution,
        webgpu_adapter: adapter && this.gpu.checked ? [adapter.info?.vendor, adapter.info?.architecture].filter(Boolean).join(" ") || "?" : null,
      },
      engine: { ...kit.runtime, threads: 1 },
      variants: described.map((one, index) => ({
        name: one.name,
        provider: one.provider,
        precision: one.precision,
        sha256: one.sha256,
        size_bytes: one.bytes,
        baseline: index === 0,
        largest_difference_ppb: Math.round(Math.min(one.difference * 1e9, MOST_DIFFERENCE_PPB)),
      })),
      blocks,
    }
  }

  result(group, described, { blocks, stop_reason }, record) {
    const { kit: { rules }, words } = this
    const [baseline, ...others] = described
    const made = element("section")
    const heading = element("h2")
    heading.append(element("a", group.title, { href: group.address }))
    made.append(heading)
    const rows = []
    for (const one of others) {
      const interval = logInterval(blocks, one.name, baseline.name, rules)
      const strict = logInterval(blocks, one.name, baseline.name, rules, { comparisons: others.length })
      if (!interval) continue
      const judged = verdict(strict, rules)
      made.append(element("p", sentence(interval, judged, { variant: one.title, against: baseline.title }, words), { class: `verdict verdict--${judged.replace("_", "-")}` }))
      rows.push({ where: one.provider === "webgpu" ? words.here_webgpu : words.here, own: true, estimate: estimateOf(interval) })
    }
    for (const one of group.published) {
      made.append(element("p", `${filled(words.published, one)} ${one.same_files ? "" : words.other_files}`))
      rows.push({ where: one.system, date: one.date, own: false, estimate: one.estimate })
    }
    if (!group.published.length) made.append(element("p", words.no_published))
    made.append(...this.doubts(described, blocks, stop_reason))
    made.append(this.figure(rows), this.table(rows), this.conditions(described, blocks, record))
    const button = element("button", words.save, { type: "button", class: "md-button" }), told = element("p", "", { role: "status" })
    button.addEventListener("click", async () => {
      const whole = await sealed(record)
      if (whole) save(whole)
      told.textContent = whole ? filled(words.saved, { name: `${record.record_id}.json` }) : words.no_seal
    })
    const place = element("p")
    place.append(button)
    made.append(place, told)
    return made
  }

  /** What must be said beside the numbers, the worst first. */
  doubts(described, blocks, stop_reason) {
    const { kit: { rules, control }, words } = this
    const found = []
    for (const one of described) {
      if (one.difference <= rules.tolerance) continue
      const why = one.precision === "int8" ? words.differs_int8 : words.differs_otherwise
      found.push([`${filled(words.differs, { variant: one.title, difference: share(one.difference) })} ${why}`, "on-device__doubt"])
    }
    const aa = logInterval(blocks, control, described[0].name, rules)
    if (aa && Math.abs(aa.centre) > aa.half) found.push([filled(words.suspect, { control: factorEstimate(estimateOf(aa)) }), "on-device__doubt"])
    if (stop_reason !== "goal") found.push([filled(words[`stop_${stop_reason}`], { goal: plusMinus(Math.expm1(rules.goal_half_width)) }), "source"])
    if (blocks.some(block => block.disturbed)) found.push([words.hidden, "source"])
    return found.map(([text, kind]) => element("p", text, { class: kind }))
  }

  figure(rows) {
    const { words } = this, figure = element("figure", undefined, { class: "chart" })
    const width = Math.max(280, Math.min(640, this.root.clientWidth - 40))
    figure.append(element("p", words.chart_title, { class: "chart-title" }), chart(rows, width, words.chart_alt))
    figure.append(element("figcaption", words.chart_note))
    return figure
  }

  table(rows) {
    const { words } = this, table = element("table"), head = element("thead"), body = element("tbody"), line = element("tr")
    line.append(element("th", words.column_where, { scope: "col" }), element("th", words.column_speedup, { scope: "col", class: "num" }))
    head.append(line)
    for (const row of rows) {
      const cells = element("tr")
      cells.append(element("td", row.date ? `${row.where}, ${row.date}` : row.where), element("td", factorEstimate(row.estimate), { class: "num" }))
      body.append(cells)
    }
    table.append(head, body)
    const scroll = element("div", undefined, { class: "table-scroll" })
    scroll.append(table)
    return scroll
  }

  conditions(described, blocks, record) {
    const { kit: { rules, control }, words } = this
    const list = element("dl", undefined, { class: "facts" })
    const add = (name, value) => list.append(element("dt", words[`fact_${name}`]), element("dd", value))
    for (const one of described) {
      const times = latency(blocks, one.name, rules)
      if (times) list.append(element("dt", one.title), element("dd", filled(words.latency, { centre: duration(times.centre), least: duration(times.least), most: duration(times.most) })))
    }
    const aa = logInterval(blocks, control, described[0].name, rules)
    if (aa) add("control", factorEstimate(estimateOf(aa)))
    add("browser", record.browser.user_agent)
    add("engine", `${record.engine.package} ${record.engine.version}`)
    add("threads", whole(record.engine.threads))
    add("timer", duration(record.browser.timer_resolution_ns))
    add("blocks", filled(words.blocks_of, { kept: whole(kept(blocks, rules).length), all: whole(blocks.length) }))
    const worst = Math.max(...described.map(one => one.difference))
    add("difference", share(worst))
    return list
  }
}

const root = document.querySelector(".on-device")
if (root) new Page(root).open()

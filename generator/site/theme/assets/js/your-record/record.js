/* A reader's file: whether it is a record, whole and unchanged. It is read in the browser and goes nowhere. */

const MOST_DEPTH = 64

/** Something that the reader can mend: the key of its words, and what to fill them with. */
export class Refusal extends Error {
  constructor(key, values = {}) {
    super(key)
    this.key = key
    this.values = values
  }
}

/** JSON text as the generator hashes it: keys sorted, no blanks, ASCII only, without the seal; numbers as written. */
export function canonical(text) {
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
export async function sealed(text, seal) {
  if (!globalThis.crypto?.subtle) return null
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(canonical(text)))
  return [...new Uint8Array(digest)].map(byte => byte.toString(16).padStart(2, "0")).join("") === seal
}

const isObject = value => typeof value === "object" && value !== null && !Array.isArray(value)

export function parsed(text) {
  let record
  try { record = JSON.parse(text) } catch { throw new Refusal("not_json") }
  if (!isObject(record) || !("schema_version" in record)) throw new Refusal("no_record")
  return record
}

/** Refuse what is no record of this generator's schema, or of a measurement that is not published here. */
export function check(record, rules) {
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

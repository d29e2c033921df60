/* A reader's own ratios beside the published ones: which may stand together, as generator/results/comparability.py has
 * it. A workload is one of the file's, a "published" one is of published.json (generator/pages/your_record.py). */

import { logInterval, turnCycles } from "../statistics.js"
import { estimateOf } from "../words.js"
import { Refusal } from "./record.js"

/** Whether timed queries are the same ones, or of one size. */
const costLike = (ours, theirs) =>
  (ours.data_sha256 ?? null) === theirs.data_sha256 || (theirs.timed_inputs !== null && ours.timed_inputs === theirs.timed_inputs)

/** Fields that keep two records' ratios of one variant apart, as `python -m generator compare` names them. */
function differences(record, workload, variant, baseline, published) {
  const theirs = published.workloads[workload.name]
  const its = name => `workloads.${workload.name}.${name}`
  const steps = [baseline.runtime, baseline.precision, ...(baseline.transforms ?? [])]
  const pairs = {
    protocol_version: [record.protocol_version, published.protocol_version],
    scenario: [record.scenario, published.scenario],
    "controls.threads": [record.controls.threads, published.threads],
    [its("kind")]: [workload.kind, theirs.kind],
    [its("model")]: [workload.model, theirs.model],
    [`variants.${variant.name}.precision`]: [variant.precision, theirs.variants[variant.name].precision],
    [`variants.${baseline.name}`]: [steps.join(), theirs.baseline.join()],
  }
  const fields = Object.keys(pairs).filter(name => pairs[name][0] !== pairs[name][1])
  return costLike(workload, theirs) ? fields : [...fields, its("data_sha256")]
}

/** A variant's own speedup as [point, low, high]; null where it was not timed in two blocks. */
function speedup(record, workload, variant, baseline, rules) {
  const blocks = record.blocks.filter(block => block.workload === workload.name)
  const how = { statistic: rules.statistics[record.scenario], turn: turnCycles(workload.timed_samples ?? 0, rules) }
  const found = logInterval(blocks, variant.name, baseline.name, rules, how)
  const estimate = found && estimateOf(found)
  return estimate?.every(Number.isFinite) ? estimate : null
}

/**
 * Each variant's own speedup, then that of every published record that may stand beside it.
 * Returns {found: [{of, title, machine, own, estimate}], refused: [{system, fields, whole}]}; rows with one "of" are of
 * one variant; whole: whether nothing of that record stands there.
 */
export function compared(record, rules, yours) {
  const known = rules.measurements[record.measurement]
  const name = (titles, one) => Object.hasOwn(titles, one) ? titles[one] : String(one)
  const found = [], fields = new Map(known.records.map(one => [one, new Set()])), shown = new Set()
  const several = record.workloads.length > 1
  for (const workload of record.workloads) {
    const variants = record.variants.filter(one => one.workload === workload.name)
    const baseline = variants.find(one => one.baseline === true)
    if (!baseline) throw new Refusal("incomplete")
    for (const variant of variants.filter(one => one !== baseline)) {
      const title = name(known.variants, variant.name), of = variant.name
      const row = { of, title: several ? `${name(known.workloads, workload.name)} · ${title}` : title }
      const own = speedup(record, workload, variant, baseline, rules)
      if (own) found.push({ ...row, machine: yours, own: true, estimate: own })
      for (const other of known.records) {
        const theirs = Object.hasOwn(other.workloads, workload.name) && other.workloads[workload.name].variants
        if (!theirs || !Object.hasOwn(theirs, variant.name)) continue
        const apart = differences(record, workload, variant, baseline, other)
        for (const field of apart) fields.get(other).add(field)
        if (apart.length) continue
        shown.add(other)
        found.push({ ...row, machine: `${other.system}, ${other.date}`, own: false, estimate: theirs[variant.name].speedup })
      }
    }
  }
  if (!found.some(row => row.own)) throw new Refusal("no_ratio")
  const refused = known.records.filter(one => !shown.has(one) || fields.get(one).size).map(one => (
    { system: one.system, fields: fields.get(one).size ? [...fields.get(one)] : ["variants"], whole: !shown.has(one) }))
  return { found, refused }
}

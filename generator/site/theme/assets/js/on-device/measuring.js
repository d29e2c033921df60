/* The protocol in a browser. A block: fresh workers in random order, one a variant and one more for the control, warmed
 * up; then cycles, in each a round of every variant in random order. Blocks until the interval is narrow enough. */

import { kept, logInterval, median } from "../statistics.js"

/** The reader has stopped it. */
export class Stopped extends Error {}

const WORKER = new URL("./worker.js", import.meta.url)

function shuffled(values) {
  const mixed = [...values]
  for (let index = mixed.length - 1; index > 0; index--) {
    const other = Math.floor(Math.random() * (index + 1))
    ;[mixed[index], mixed[other]] = [mixed[other], mixed[index]]
  }
  return mixed
}

/** Ask a worker one thing; rejects when it fails, or the reader stops. */
function ask(worker, message, signal) {
  return new Promise((resolve, reject) => {
    const stop = () => reject(new Stopped())
    if (signal.aborted) return stop()
    signal.addEventListener("abort", stop, { once: true })
    worker.onmessage = ({ data }) => {
      signal.removeEventListener("abort", stop)
      data.error === undefined ? resolve(data.answer) : reject(new Error(data.error))
    }
    worker.onerror = event => { event.preventDefault(); reject(new Error(event.message || "worker")) }
    worker.postMessage(message)
  })
}

/** Batches of a round: long against the clock's step, and together about as long as a native round. */
export function roundOf(start, rules) {
  const queries = Math.max(1, Math.ceil(rules.resolutions_a_batch * start.resolution_ns / start.query_ns))
  const batches = Math.max(1, Math.round(rules.round_ns / (queries * start.query_ns)))
  return { queries, batches, uncounted: Math.min(rules.uncounted_queries, queries * batches) }
}

/** A query's time after a round: less than before where it has become faster, so that batches stay long enough. What
 * the clock did not see took at most a step of it. */
export const faster = (start, round, latencies_ns) =>
  Math.min(start.query_ns, Math.max(median(latencies_ns), start.resolution_ns / round.queries))

const length = (start, round) => start.query_ns * (round.queries * round.batches + round.uncounted)

/** Largest difference of two answers, over the largest of the expected numbers. */
export function difference(found, expected) {
  let most = 0, largest = 0
  expected.forEach((sample, index) => {
    for (const [name, numbers] of Object.entries(sample)) {
      const ours = found[index][name]
      if (ours?.length !== numbers.length) { most = Infinity; return }
      numbers.forEach((number, place) => {
        const apart = Math.abs(number - ours[place])
        most = Number.isNaN(apart) ? Infinity : Math.max(most, apart)
        largest = Math.max(largest, Math.abs(number))
      })
    }
  })
  return most / (largest || 1)
}

async function measureBlock(index, plan, rules, signal, watch) {
  watch.reset()
  const block = { index, started_at: new Date().toISOString(), disturbed: false, workers: [], rounds: [] }
  const workers = new Map(), starts = new Map()
  try {
    for (const name of shuffled([...plan.variants.keys(), plan.control])) {
      const variant = plan.variants.get(name === plan.control ? plan.baseline : name)
      const worker = new Worker(WORKER, { type: "module" })
      workers.set(name, worker)
      const { engine, provider, model } = variant
      const start = await ask(worker, { start: { engine, provider, model, samples: plan.samples, rules } }, signal)
      starts.set(name, start)
      const { load_ns, first_call_ns, warm_up_ns, warm_up_queries } = start
      block.workers.push({ variant: name, load_ns, first_call_ns, warm_up_ns, warm_up_queries })
      plan.started(name, start)
    }
    const longest = Math.max(...[...starts.values()].map(start => length(start, roundOf(start, rules))))
    const cycles = Math.min(rules.most_cycles, Math.max(rules.least_cycles, Math.ceil(rules.block_ns / longest)))
    for (let cycle = 0; cycle < cycles; cycle++) {
      for (const name of shuffled(workers.keys())) {
        const start = starts.get(name), round = roundOf(start, rules)
        const latencies_ns = await ask(workers.get(name), { round }, signal)
        block.rounds.push({ variant: name, cycle, queries_per_batch: round.queries, latencies_ns })
        start.query_ns = faster(start, round, latencies_ns)
      }
    }
  } finally {
    for (const worker of workers.values()) worker.terminate()
  }
  block.disturbed = watch.hidden()
  return block
}

/**
 * Measure a group.
 * plan: {variants: Map of name to {engine, provider, model}, baseline, control, samples, started(name, start)}.
 * watch: {reset(), hidden()}, whether the page was hidden since. tell(count) is told how many blocks there are.
 */
export async function measure(plan, rules, signal, watch, tell) {
  const blocks = [], end = performance.now() + rules.budget_ns / 1e6
  const others = [...plan.variants.keys()].filter(name => name !== plan.baseline)
  const precise = () => others.every(name => {
    const found = logInterval(blocks, name, plan.baseline, rules)
    return found && found.half < rules.goal_half_width
  })
  for (;;) {
    blocks.push(await measureBlock(blocks.length, plan, rules, signal, watch))
    tell(blocks.length)
    const count = kept(blocks, rules).length
    if (count >= rules.least_blocks && precise()) return { blocks, stop_reason: "goal" }
    if (blocks.length >= rules.most_blocks) return { blocks, stop_reason: "blocks" }
    if (count >= 2 && performance.now() > end) return { blocks, stop_reason: "budget" }
  }
}

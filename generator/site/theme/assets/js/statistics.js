/* The protocol's statistic, as generator/core/block_times.py, core/protocol.py and results/comparison.py have it. A block
 * holds rounds of {variant, cycle, latencies_ns} and perhaps samples_per_query; its value is a log ratio, above 0 being
 * faster. rules: the protocol's constants (generator/pages/script_rules.py). */

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

export const mean = values => values.reduce((sum, value) => sum + value, 0) / values.length

/** A variant's centre in each cycle of a block, nanoseconds a sample. */
function byCycle(block, variant, statistic) {
  const centre = statistic === "p50" ? median : mean
  const rounds = block.rounds.filter(round => round.variant === variant)
  return new Map(rounds.map(round => [round.cycle, centre(round.latencies_ns) / (round.samples_per_query ?? 1)]))
}

/** Successive cycles that count as one, by how many samples are timed: as many as ask each of a few samples once. */
export const turnCycles = (timedSamples, rules) =>
  rules.pair <= timedSamples && timedSamples <= rules.longest_turn ? timedSamples : rules.pair

/** log(against / variant) in one block: the median over turns of successive cycles; null when no cycle holds both. Last
 * cycles that make no whole turn count only where there is none. */
export function blockValue(block, variant, against, { statistic = "p50", turn }) {
  const ours = byCycle(block, variant, statistic), theirs = byCycle(block, against, statistic)
  const cycles = [...ours.keys()].filter(cycle => theirs.has(cycle)).sort((a, b) => a - b)
  const ratios = cycles.map(cycle => Math.log(theirs.get(cycle) / ours.get(cycle)))
  const turns = []
  for (let end = turn; end <= ratios.length; end += turn) turns.push(mean(ratios.slice(end - turn, end)))
  return ratios.length ? median(turns.length ? turns : ratios) : null
}

/** Blocks that count: those not disturbed, or all of them when more than a third are. */
export function kept(blocks, rules) {
  const calm = blocks.filter(block => !block.disturbed)
  return blocks.length - calm.length > rules.most_disturbed * blocks.length ? blocks : calm
}

/** Log ratio of a speedup: {centre, half}; null from fewer than two blocks. comparisons: verdicts drawn from the run. */
export function logInterval(blocks, variant, against, rules, { comparisons = 1, statistic = "p50", turn = rules.pair } = {}) {
  const values = kept(blocks, rules)
    .map(block => blockValue(block, variant, against, { statistic, turn })).filter(value => value !== null)
  if (values.length < 2) return null
  const centre = mean(values)
  const variance = values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1)
  const quantiles = rules.quantiles[comparisons - 1], quantile = quantiles[Math.min(values.length, quantiles.length - 1)]
  return { centre, half: Math.hypot(quantile * Math.sqrt(variance / values.length), rules.session_floor) }
}

/** What the interval permits to say; "equal" is not among it. */
export function verdict({ centre, half }, rules) {
  const low = centre - half, high = centre + half
  if (low > 0 && centre > rules.smallest_effect) return "faster"
  if (high < 0 && centre < -rules.smallest_effect) return "slower"
  if (Math.log(1 - rules.no_difference) < low && high < Math.log(1 + rules.no_difference)) return "no_difference"
  return "cannot_tell"
}

/** Median latency of each kept block, and their median: nanoseconds a query; null where the variant was not timed. */
export function latency(blocks, variant, rules) {
  const medians = kept(blocks, rules)
    .map(block => block.rounds.filter(round => round.variant === variant).map(round => median(round.latencies_ns)))
    .filter(rounds => rounds.length).map(median)
  return medians.length ? { centre: median(medians), least: Math.min(...medians), most: Math.max(...medians) } : null
}

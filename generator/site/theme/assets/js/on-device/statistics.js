/* The protocol's statistic, as generator/core/protocol.py and generator/results/comparison.py have it. A block holds
 * rounds of {variant, cycle, latencies_ns}; its value is a log ratio, above 0 being faster. */

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

export const mean = values => values.reduce((sum, value) => sum + value, 0) / values.length

const byCycle = (block, variant) => new Map(block.rounds
  .filter(round => round.variant === variant)
  .map(round => [round.cycle, median(round.latencies_ns)]))

/** log(baseline / variant) in one block: the median over pairs of successive cycles; null when no cycle holds both. */
export function blockValue(block, variant, baseline) {
  const ours = byCycle(block, variant), theirs = byCycle(block, baseline)
  const cycles = [...ours.keys()].filter(cycle => theirs.has(cycle)).sort((a, b) => a - b)
  const ratios = cycles.map(cycle => Math.log(theirs.get(cycle) / ours.get(cycle)))
  const pairs = ratios.flatMap((ratio, index) => index % 2 ? [(ratios[index - 1] + ratio) / 2] : [])
  return ratios.length ? median(pairs.length ? pairs : ratios) : null
}

/** Blocks that count: those not disturbed, or all of them when more than a third are. */
export function kept(blocks, rules) {
  const calm = blocks.filter(block => !block.disturbed)
  return blocks.length - calm.length > rules.most_disturbed * blocks.length ? blocks : calm
}

/** Log ratio of a speedup: {centre, half}; null from fewer than two blocks. */
export function logInterval(blocks, variant, baseline, rules, comparisons = 1) {
  const values = kept(blocks, rules).map(block => blockValue(block, variant, baseline)).filter(value => value !== null)
  if (values.length < 2) return null
  const centre = mean(values)
  const variance = values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1)
  const quantile = rules.quantiles[comparisons - 1][values.length]
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

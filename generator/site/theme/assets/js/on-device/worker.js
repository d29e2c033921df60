/* A worker that holds one variant and does as it is told: it starts once, then answers rounds. One of several works
 * while the others wait, so that none disturbs another; the page stays alive meanwhile. */

const TYPES = { float32: Float32Array, int64: BigInt64Array }
const LONGEST_LOOK_MS = 300

let session, feeds, turn = 0

const now = () => performance.now()
const nanoseconds = milliseconds => Math.max(1, Math.round(milliseconds * 1e6))

/** Smallest step of the clock that is seen: browsers round it, so as to tell pages less about each other. */
function resolutionMs() {
  let least = Infinity
  const end = now() + LONGEST_LOOK_MS
  for (let seen = 0; seen < 50 && now() < end; seen++) {
    const begin = now()
    let next = begin
    while (next === begin) next = now()
    least = Math.min(least, next - begin)
  }
  return least
}

const array = ({ data }, type) => new TYPES[type](Uint8Array.from(atob(data), sign => sign.charCodeAt(0)).buffer)

const answer = () => session.run(feeds[turn++ % feeds.length])

/** Windows until the best of the last three is hardly better than the best before; nanoseconds a query, and how many. */
async function warmUp(rules) {
  const windows = [], begin = now()
  let queries = 0
  for (;;) {
    const start = now()
    let count = 0
    do { await answer(); count++ } while (now() - start < rules.warm_up_window_ns / 1e6)
    windows.push((now() - start) / count)
    queries += count
    const spent = (now() - begin) * 1e6
    const settled = windows.length > 3
      && Math.min(...windows.slice(-3)) > (1 - rules.warm_up_gain) * Math.min(...windows.slice(0, -3))
    if (spent > rules.warm_up_most_ns || (settled && spent > rules.warm_up_least_ns)) {
      return { queries, spent, query: Math.min(...windows.slice(-3)) }
    }
  }
}

async function start({ engine, provider, model, samples, rules }) {
  const began = now()
  const ort = await import(engine.script)
  ort.env.logLevel = "error"
  ort.env.wasm.numThreads = 1
  ort.env.wasm.wasmBinary = engine.binary
  session = await ort.InferenceSession.create(new Uint8Array(model), {
    executionProviders: [provider],
    graphOptimizationLevel: "all",
    logSeverityLevel: 3, // errors; or else it tells the console that small operations stay on the processor
    extra: { session: { set_denormal_as_zero: "1" } }, // as natively
  })
  const loaded = now()
  feeds = samples.map(sample => Object.fromEntries(sample
    .filter(one => session.inputNames.includes(one.name))
    .map(one => [one.name, new ort.Tensor(one.type, array(one, one.type), one.dims)])))
  const outputs = []
  const called = now()
  let first
  for (const feed of feeds) {
    const found = await session.run(feed)
    first ??= now()
    outputs.push(Object.fromEntries(Object.entries(found).map(([name, tensor]) => [name, Float32Array.from(tensor.data)])))
  }
  const warm = await warmUp(rules)
  return {
    outputs,
    resolution_ns: nanoseconds(resolutionMs()),
    query_ns: nanoseconds(warm.query),
    load_ns: nanoseconds(loaded - began),
    first_call_ns: nanoseconds(first - called),
    warm_up_ns: Math.round(warm.spent),
    warm_up_queries: warm.queries,
  }
}

/** Time batches of queries; the clock is read between batches only. */
async function round({ batches, queries, uncounted }) {
  for (let count = 0; count < uncounted; count++) await answer()
  const latencies = []
  for (let batch = 0; batch < batches; batch++) {
    const begin = now()
    for (let count = 0; count < queries; count++) await answer()
    latencies.push(nanoseconds((now() - begin) / queries))
  }
  return latencies
}

addEventListener("message", async ({ data }) => {
  try {
    postMessage({ answer: await (data.start ? start(data.start) : round(data.round)) })
  } catch (error) {
    postMessage({ error: String(error?.message ?? error).slice(0, 300) })
  }
})

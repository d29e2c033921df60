/* Numbers and sentences, as generator/words/language.py and pages/sentences.py write them. */

const ENGLISH = document.documentElement.lang === "en"
const LOCALE = ENGLISH ? "en-GB" : "ru-RU"
const SPACE = "\u00a0"
const UNITS = ENGLISH ? ["ns", "µs", "ms", "s"] : ["нс", "мкс", "мс", "с"]
const MOST_DECIMALS = 4

export const filled = (phrase, values) => phrase.replace(/\{(\w+)\}/g, (whole, name) => name in values ? String(values[name]) : whole)

const decimal = (value, decimals) => value.toLocaleString(LOCALE, { minimumFractionDigits: decimals, maximumFractionDigits: decimals })

export const significant = (value, digits = 3) => value.toLocaleString(LOCALE, { minimumSignificantDigits: digits, maximumSignificantDigits: digits })

export const whole = (value, decimals = 0) => decimal(value, decimals)

/** A time in the unit that suits it: "812 нс", "4,00 мс". */
export function duration(ns) {
  const found = [0, 1, 2].findIndex(power => ns < 999.5 * 1000 ** power), power = found < 0 ? 3 : found
  return `${significant(ns / 1000 ** power)}${SPACE}${UNITS[power]}`
}

export const megabytes = bytes => `${decimal(bytes / 1e6, 1)}${SPACE}${ENGLISH ? "MB" : "МБ"}`

/** Digits after the point that a ratio deserves: the first digit of its half-width, one or two; more near 1. */
function decimalsOf([, low, high]) {
  const half = (high - low) / 2
  let decimals = half > 0 ? Math.min(2, Math.max(1, -Math.floor(Math.log10(half)))) : 2
  const seemsOne = () => !(low <= 1 && high >= 1) && [low, high].some(end => Number(end.toFixed(decimals)) === 1)
  while (decimals < MOST_DECIMALS && (half < 0.5 * 10 ** -decimals || seemsOne())) decimals++
  return decimals
}

export const factor = (value, decimals) => {
  const digits = decimals === undefined ? value.toLocaleString(LOCALE, { maximumFractionDigits: 4 }) : decimal(value, decimals)
  return ENGLISH ? `${digits}×` : `×${digits}`
}

const interval = ([, low, high], decimals) => `[${decimal(low, decimals)}${ENGLISH ? "," : ";"}${SPACE}${decimal(high, decimals)}]`

/** "×1,56 [1,53; 1,59]", for tables. */
export function factorEstimate(estimate) {
  const decimals = decimalsOf(estimate)
  return `${factor(estimate[0], decimals)}${SPACE}${interval(estimate, decimals)}`
}

/** "в 1,56 раза [1,53; 1,59]", in prose. */
function times(estimate) {
  const decimals = decimalsOf(estimate)
  const number = ENGLISH ? factor(estimate[0], decimals) : `в${SPACE}${decimal(estimate[0], decimals)}${SPACE}раза`
  return `${number} ${interval(estimate, decimals)}`
}

export const plusMinus = share => `±${decimal(Math.ceil(share * 1000 - 1e-9) / 10, 1)}${ENGLISH ? "" : SPACE}%`

/** [point, low, high] of a log ratio. */
export const estimateOf = ({ centre, half }) => [centre, centre - half, centre + half].map(Math.exp)

/** One sentence that is right for every verdict. */
export function sentence(found, verdict, titles, words) {
  const estimate = estimateOf(found), [point, low, high] = estimate
  const inverted = [1 / point, 1 / high, 1 / low]
  const bound = Math.max(high - 1, 1 - low), half = (high - low) / 2
  const decimals = half > 0 ? Math.min(3, Math.max(2, -Math.floor(Math.log10(half)))) : 2
  return filled(words[`sentence_${verdict}`], {
    ...titles,
    times: times(verdict === "slower" ? inverted : estimate),
    bound: plusMinus(bound),
    low: factor(low, decimals),
    high: factor(high, decimals),
  })
}

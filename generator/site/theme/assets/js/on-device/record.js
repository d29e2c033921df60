/* A record that `python -m generator check` accepts (generator/browser/record.py). All its numbers are whole ones: these
 * are written alike by every language, and the seal is over the text. */

/** JSON as the generator seals it: keys sorted, no blanks, ASCII only. */
export function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`
  if (value !== null && typeof value === "object") {
    return `{${Object.keys(value).sort().map(key => `${canonical(key)}:${canonical(value[key])}`).join(",")}}`
  }
  return JSON.stringify(value).replace(/[\u007f-\uffff]/g, sign => "\\u" + sign.charCodeAt(0).toString(16).padStart(4, "0"))
}

/** The record with its seal; null where the browser has no hash (a page that came neither over https nor from here). */
export async function sealed(record) {
  if (!globalThis.crypto?.subtle) return null
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(canonical(record)))
  return { ...record, sha256: [...new Uint8Array(digest)].map(byte => byte.toString(16).padStart(2, "0")).join("") }
}

/** Name of a record: measurement and UTC time. */
export const recordId = (measurement, started) =>
  `browser-${measurement}-${started.replace(/\.\d+/, "").replace(/[-:]/g, "").toLowerCase()}`

/** Hand a record to the reader as a file. */
export function save(record) {
  const address = URL.createObjectURL(new Blob([JSON.stringify(record, null, 1) + "\n"], { type: "application/json" }))
  const link = document.createElement("a")
  link.href = address
  link.download = `${record.record_id}.json`
  link.click()
  setTimeout(() => URL.revokeObjectURL(address), 10_000)
}

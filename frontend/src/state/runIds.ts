/** Ids of runs as they stand in an address: 22 characters for the 36 of an id in its usual form. */

const USUAL = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const PACKED = /^[A-Za-z0-9_-]{21}[AQgw]$/;

/** The short form of an id; any other text as it is. */
export function packed(runId: string): string {
  if (!USUAL.test(runId)) {
    return runId;
  }
  const digits = runId.replaceAll("-", "");
  const bytes = Array.from({ length: 16 }, (_, i) => Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16));
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}

/** The id of a short form; any other text, such as an id in its usual form, as it is. */
export function unpacked(text: string): string {
  if (!PACKED.test(text)) {
    return text;
  }
  const bytes = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  const digits = [...bytes].map((byte) => byte.charCodeAt(0).toString(16).padStart(2, "0")).join("");
  return [8, 12, 16, 20, 32].map((end, i) => digits.slice([0, 8, 12, 16, 20][i], end)).join("-");
}

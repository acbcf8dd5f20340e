/**
 * The wait a Retry-After header orders, in ms, never negative; undefined when the header is absent or unreadable.
 * Both forms of RFC 9110 section 10.2.3 are read: seconds and HTTP date.
 */
export function parseRetryAfter(header: string | null | undefined, now: number): number | undefined {
  const text = header?.trim() ?? '';
  if (/^\d+(\.\d+)?$/u.test(text)) return Math.ceil(Number(text) * 1000);
  // Date.parse accepts far more than HTTP dates ("-5" is a year); the weekday tells them apart.
  if (!/^[A-Za-z]{3,9},? /u.test(text)) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}

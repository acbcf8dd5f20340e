import type { IncomingHttpHeaders } from 'node:http';

/** Used when a 429 says nothing about time: long enough to matter, short enough to lose little. */
export const DEFAULT_RETRY_MS = 10_000;

/** No server means a wait of thirty years: numbers this large are points in time, in seconds since the epoch. */
const EPOCH_SECONDS = 1_000_000_000;
const EPOCH_MILLISECONDS = 1_000_000_000_000;

/** The first value of a header, or undefined. */
export function headerOf(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name.toLowerCase()];
  return Array.isArray(value) ? value[0] : value;
}

/**
 * How long the provider asks to wait, in ms, or undefined when it does not say. Retry-After comes first, as seconds or as
 * an HTTP date (RFC 9110 section 10.2.3), then the vendor's own headers: seconds, or a point in time. Dates are measured
 * against the response's own Date, so that a wrong clock on either side does not shorten the wait.
 */
export function retryAfterMs(
  headers: IncomingHttpHeaders,
  vendorHeaders: readonly string[],
  now: number,
): number | undefined {
  const date = headerOf(headers, 'date');
  const reference = (date === undefined ? undefined : parseDate(date)) ?? now;
  for (const name of ['retry-after', ...vendorHeaders]) {
    const value = headerOf(headers, name)?.trim();
    const wait = value === undefined ? undefined : parseWait(value, reference);
    if (wait !== undefined) return Math.max(0, Math.ceil(wait));
  }
  return undefined;
}

function parseWait(value: string, reference: number): number | undefined {
  if (/^\d{1,15}(\.\d+)?$/.test(value)) {
    const number = Number(value);
    if (number >= EPOCH_MILLISECONDS) return number - reference;
    return number >= EPOCH_SECONDS ? number * 1000 - reference : number * 1000;
  }
  const date = parseDate(value);
  return date === undefined ? undefined : date - reference;
}

/** An HTTP date in any of its three forms, or an ISO 8601 time with a zone. Date.parse alone would accept far too much. */
function parseDate(value: string): number | undefined {
  const iso = /^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:?\d\d)$/.test(value);
  if (!iso && !/^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(value)) return undefined;
  // The asctime form names no zone and is UTC by definition.
  const time = Date.parse(iso || value.endsWith('GMT') ? value : `${value} GMT`);
  return Number.isNaN(time) ? undefined : time;
}

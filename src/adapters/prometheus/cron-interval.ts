import { CronExpressionParser } from 'cron-parser';

/** Long enough to meet the night and the weekend of a pattern that keeps office hours. */
const HORIZON_MS = 8 * 24 * 3600 * 1000;
const MOST_RUNS = 2500;

/**
 * The longest time between two of the next runs of a cron pattern, in seconds: an alert on a stale cycle must not fire
 * over a weekend on which nothing was to run. Throws when the pattern or the time zone is invalid.
 */
export function longestInterval(pattern: string, timezone: string, now: number): number {
  const schedule = CronExpressionParser.parse(pattern, { tz: timezone, currentDate: new Date(now) });
  let previous = schedule.next().getTime();
  let longest = 0;
  for (let runs = 1; runs < MOST_RUNS && (runs < 3 || previous < now + HORIZON_MS); runs += 1) {
    const next = schedule.next().getTime();
    longest = Math.max(longest, next - previous);
    previous = next;
  }
  return longest / 1000;
}

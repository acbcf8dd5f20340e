import type { CallOutcome, JournalLine } from './journal.ts';

/** Troubles after which a person should look. */
const MOST_TROUBLES = 40;
/** How long and how often the other side may put everything off before a person should look: no quota is longer than an hour. */
const LONGEST_THROTTLED_MS = 2 * 3_600_000;
const MOST_THROTTLES = 12;
/** Between two notes of being put off, in ms: a side that asks for a second each time would fill the journal. */
const NOTED_EACH_MS = 60_000;

const TROUBLE = 'trouble: ';
const THROTTLED = 'throttled: ';

/** What has kept a migration from getting on since it last did. */
export interface Stall {
  /** When it last got on, ms since the epoch. */
  readonly since: number;
  readonly troubles: number;
  /** When it was told to wait, as noted. */
  readonly throttles: readonly number[];
}

/** Before the first line. */
export const NO_STALL: Stall = { since: 0, troubles: 0, throttles: [] };

/** What to note of trouble that may pass, and of having been told to wait. */
export function troubleText(message: string): string {
  return `${TROUBLE}${message}`;
}
export function throttledText(message: string): string {
  return `${THROTTLED}${message}`;
}

/** Whether a read was not taken at all: it says nothing about what it was to show. */
export function isThrottled(text: string): boolean {
  return text.startsWith(THROTTLED);
}

/** Whether what a request was for is so now. */
export function isCarriedOut({ state }: CallOutcome): boolean {
  return state === 'done' || state === 'already-so';
}

/** A line later. What was announced, and requests of which none was carried out, bring nobody further. */
export function stallAfter(stall: Stall, { entry, at }: Pick<JournalLine, 'entry' | 'at'>): Stall {
  if (entry.kind === 'calling') return stall;
  if (entry.kind === 'called' && !entry.outcomes.some(isCarriedOut)) return stall;
  if (entry.kind === 'seen' && entry.text.startsWith(TROUBLE)) return { ...stall, troubles: stall.troubles + 1 };
  if (entry.kind === 'seen' && isThrottled(entry.text)) return { ...stall, throttles: [...stall.throttles, at] };
  return { since: at, troubles: 0, throttles: [] };
}

/** Whether trouble has come too often to be waited out once more. */
export function isLasting({ troubles }: Stall): boolean {
  return troubles >= MOST_TROUBLES;
}

/** Whether the other side has put everything off for too long. */
export function isThrottledOut({ throttles: [first = Infinity, ...others] }: Stall, now: number): boolean {
  return others.length + 1 >= MOST_THROTTLES && now - first >= LONGEST_THROTTLED_MS;
}

/** Whether being told to wait is to be noted once more. */
export function isToBeNoted({ throttles }: Stall, now: number): boolean {
  return now - (throttles.at(-1) ?? -Infinity) >= NOTED_EACH_MS;
}

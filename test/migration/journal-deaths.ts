import type { JournalEntry } from '../../src/core/migration/journal.ts';

/** What a line of a journal is known by: its kind, and the step or purpose it is about. */
export function lineName(entry: JournalEntry): string {
  if ('step' in entry) return `${entry.kind} ${entry.step}`;
  return entry.kind === 'surveyed' ? `${entry.kind} ${entry.purpose}` : entry.kind;
}

/** Says yes to each only the first time it is asked about it. */
export function firstTime(nameOf: (entry: JournalEntry) => string | undefined): {
  readonly is: (entry: JournalEntry) => boolean;
  readonly seen: ReadonlySet<string>;
} {
  const seen = new Set<string>();
  return {
    seen,
    is(entry) {
      const name = nameOf(entry);
      if (name === undefined || seen.has(name)) return false;
      seen.add(name);
      return true;
    },
  };
}

/** What a line that tells outcomes is known by: the step, and the calls. Undefined for any other. */
export function outcomeName(entry: JournalEntry): string | undefined {
  return entry.kind === 'called' ? `${entry.step} ${entry.outcomes.map(({ key }) => key).join(' ')}` : undefined;
}

/** The same for a single line: beside its kind what it says, so that each request, read and reason is one of its own. */
export function wholeLineName(entry: JournalEntry): string {
  const name = lineName(entry);
  if (entry.kind === 'calling') return `${name}: ${entry.calls.map(({ key }) => key).join(' ')}`;
  if (entry.kind === 'called') return `${name}: ${entry.outcomes.map(({ key }) => key).join(' ')}`;
  return entry.kind === 'seen' ? `${name}: ${entry.text}` : name;
}

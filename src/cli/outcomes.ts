import { InvalidArgumentError } from 'commander';
import { LOG_OUTCOMES, type LogOutcome } from '../core/log-entry.ts';

/** How an operation ended, in the words the log is shown in. JSON and the API have the states themselves. */
export const OUTCOME_WORDS: Readonly<Record<LogOutcome, string>> = {
  exported: 'done',
  escrowed: 'failed',
  held: 'held',
  cancelled: 'cancelled',
  'in-doubt': 'in-doubt',
  skipped: 'skipped',
};

/** Collects outcomes named by word or by state, in any letters. Throws commander's InvalidArgumentError, a usage error. */
export function parseOutcomes(text: string, before: readonly LogOutcome[] = []): readonly LogOutcome[] {
  const wanted = text.toLowerCase();
  const found = LOG_OUTCOMES.find((outcome) => outcome === wanted || OUTCOME_WORDS[outcome] === wanted);
  if (found !== undefined) return [...before, found];
  throw new InvalidArgumentError(`Allowed choices are ${Object.values(OUTCOME_WORDS).join(', ')}.`);
}

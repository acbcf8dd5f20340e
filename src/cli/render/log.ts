import type { LogEntry, LoggedReference, NamedAnchor } from '../../core/log-entry.ts';
import { OUTCOME_WORDS } from '../outcomes.ts';
import type { Paint } from './paint.ts';
import { printable } from '../../core/printable.ts';
import { clip, operationWords, shownTime } from './text.ts';

/** How much of an entry is shown. */
export interface LogDisplay {
  /** Every attribute before and after, each on a line of its own. */
  readonly changes: boolean;
}

/** Changes named in the line itself when they are not shown below it. */
const MOST_INLINE = 3;

/** One entry as a line: when, where, how it ended, what was done to whom, why, and what it was at the provider. */
export function renderLogEntry(entry: LogEntry, paint: Paint, { changes }: LogDisplay): string {
  const { at, connection, subject, reason } = entry;
  const line = [
    paint.dim(shownTime(at)),
    connection,
    outcomeWords(entry, paint),
    `${what(entry)} ${paint.strong(printable(subject.name))}:`,
    printable(reason.text),
    paint.dim(`(${factsOf(entry, changes).join(', ')})`),
  ].join(' ');
  return [line, ...(changes ? changeLines(entry) : [])].join('\n');
}

function what(entry: LogEntry): string {
  return entry.kind === 'skip' ? entry.resource : operationWords(entry);
}

function outcomeWords({ outcome, heldBy, failure, reason }: LogEntry, paint: Paint): string {
  const word = outcome === 'escrowed' ? 'FAILED' : OUTCOME_WORDS[outcome];
  if (outcome === 'exported') return paint.good(word);
  if (outcome === 'held') return paint.warn(`held by ${heldBy ?? 'a guard'}`);
  if (outcome === 'skipped') return paint.warn(`${word} (${reason.code})`);
  if (failure === undefined) return paint.warn(word);
  const status = failure.status === undefined ? '' : ` ${failure.status}`;
  return paint.bad(`${word} (${failure.code}${status}: ${printable(failure.message)})`);
}

/** What helps to find it elsewhere, and what it changed in short. */
function factsOf(entry: LogEntry, apart: boolean): readonly string[] {
  const { changes, members, waiting, note, durationMs, requestId, cycle, sequence } = entry;
  const few = entry.kind === 'update' && !apart ? changes.slice(0, MOST_INLINE) : [];
  return [
    ...few.map(({ path, before, after }) => `${path} ${value(before, 30)} -> ${value(after, 30)}`),
    ...(entry.kind === 'update' && !apart ? (entry.references ?? []).slice(0, MOST_INLINE).map(referenceWords) : []),
    ...(few.length < changes.length && few.length > 0 ? [`${changes.length - few.length} more`] : []),
    ...(members === undefined || apart
      ? []
      : [
          ...memberWords('added', members.added, members.add),
          ...memberWords('removed', members.removed, members.remove),
        ]),
    ...(waiting === undefined || apart
      ? []
      : memberWords('not done for want of an account:', waiting.count, waiting.users)),
    ...(note === undefined ? [] : [note]),
    ...(durationMs === undefined ? [] : [`${durationMs} ms`]),
    ...(requestId === undefined ? [] : [`request ${printable(requestId)}`]),
    `cycle ${cycle} #${sequence}`,
  ];
}

function memberWords(verb: string, count: number, members: readonly NamedAnchor[]): readonly string[] {
  if (count === 0) return [];
  const names = members.slice(0, MOST_INLINE).map(nameOf).join(' ');
  return [`${verb} ${names}${count > MOST_INLINE ? ` and ${count - MOST_INLINE} more` : ''}`];
}

/** `manager: ada@… -> bob@…`; nothing before the arrow where nobody was there, or older plans do not tell. */
function referenceWords({ path, from, to }: LoggedReference): string {
  const before = from === undefined ? '' : `${printable(from.name ?? from.anchor ?? `account ${from.resourceId}`)} `;
  return `${path}: ${before}-> ${to === null ? 'nobody' : nameOf(to)}`;
}

function nameOf({ name, anchor }: NamedAnchor): string {
  return printable(name ?? anchor);
}

function value(json: unknown, width: number): string {
  return clip(printable(JSON.stringify(json)), width);
}

function changeLines({ changes, references = [], members, waiting }: LogEntry): readonly string[] {
  return [
    ...changes.map(({ path, before, after }) => `    ${path}: ${value(before, 200)} -> ${value(after, 200)}`),
    ...references.map((reference) => `    ${referenceWords(reference)}`),
    ...(members?.add ?? []).map((member) => `    + ${nameOf(member)}`),
    ...more('added', members?.added, members?.add),
    ...(members?.remove ?? []).map((member) => `    - ${nameOf(member)}`),
    ...more('removed', members?.removed, members?.remove),
    ...(waiting?.users ?? []).map((user) => `    not done, has no account: ${nameOf(user)}`),
    ...more('without an account', waiting?.count, waiting?.users),
  ];
}

function more(verb: string, count = 0, shown: readonly NamedAnchor[] = []): readonly string[] {
  return count > shown.length ? [`    … ${count - shown.length} more ${verb}`] : [];
}

import type { Rehearsal, RehearsalEnd, RehearsedPerson } from '../../core/migration/rehearsal.ts';
import { consentWords } from './migration.ts';
import type { Paint } from './paint.ts';
import { renderTable } from './table.ts';
import { printable } from '../../core/printable.ts';
import { grouped, plural } from './text.ts';

const OUTCOME: Readonly<Record<RehearsedPerson['outcome'], string>> = {
  keeps: 'keeps account',
  changes: 'changes',
  loses: 'LOSES ACCOUNT',
};

function activity(active: boolean | undefined): string {
  return active === undefined ? 'gone' : active ? 'active' : 'inactive';
}

function outcomeText(outcome: RehearsedPerson['outcome'], paint: Paint): string {
  const text = OUTCOME[outcome];
  if (outcome === 'keeps') return paint.good(text);
  return outcome === 'loses' ? paint.bad(text) : paint.warn(text);
}

function personRow(person: RehearsedPerson, paint: Paint): readonly string[] {
  const { outcome, activeBefore, activeAfter } = person;
  const before = activity(activeBefore);
  const after = activity(activeAfter);
  return [
    outcomeText(outcome, paint),
    printable(person.label),
    printable(person.account),
    before === after ? before : `${before} → ${after}`,
    listOf(person.groupsBefore),
    listOf(person.groupsAfter),
    printable(person.why ?? ''),
  ];
}

function listOf(groups: readonly string[]): string {
  return groups.length === 0 ? 'none' : printable(groups.join(', '));
}

function endLine({ result, step, text }: RehearsalEnd, paint: Paint): string {
  const at = step === undefined ? '' : ` at ${step}`;
  const end = result === 'succeeded' ? paint.good(result) : paint.bad(result);
  // Its words are those of a real migration: they tell of pauses and commands that nobody must take for their own.
  const where = result === 'not-started' ? '' : ', on the copy alone';
  return `${end}${at}${where}: ${printable(text)}`;
}

/** Whether nothing at all becomes of somebody, and nothing stands in the way because of them. */
function isAsBefore({ outcome, why, groupsBefore, groupsAfter }: RehearsedPerson): boolean {
  const isSame =
    groupsBefore.length === groupsAfter.length && groupsBefore.every((name, at) => name === groupsAfter[at]);
  return outcome === 'keeps' && why === undefined && isSame;
}

/** Those something becomes of, or all where all were asked for. */
function peopleLines(people: Rehearsal['people'], most: number, paint: Paint): readonly string[] {
  if (people.length === 0) return ['No account was on the copy.'];
  const concerned = most === Infinity ? people : people.filter((person) => !isAsBefore(person));
  const shown = concerned.slice(0, most);
  const table = renderTable(
    ['OUTCOME', 'WHO', 'ACCOUNT', 'IS', ['SCIM GROUPS', 30], ['AFTERWARDS', 30], 'WHY'],
    shown.map((person) => personRow(person, paint)),
  );
  const alike = people.length - concerned.length;
  return [
    ...(shown.length === 0 ? [] : [table]),
    ...more(concerned.length, shown.length),
    ...(alike === 0
      ? []
      : [
          `${plural(alike, 'account')} and ${alike === 1 ? 'its' : 'their'} groups stay as they are; with --all they are shown, too`,
        ]),
  ];
}

function more(all: number, some: number): readonly string[] {
  return all > some ? [`… and ${grouped(all - some)} more; all with --all or --json`] : [];
}

function isAssignment({ request, outcome }: Rehearsal['requests'][number]): boolean {
  const isFine = outcome === 'done' || outcome === 'already-so';
  return isFine && request.method === 'POST' && request.path.endsWith('/appRoleAssignedTo');
}

/** What takes something away, and what went otherwise than it should, whole; of direct assignments as many as there is room for. */
function writeLines(requests: Rehearsal['requests'], most: number): readonly string[] {
  if (requests.length === 0) return ['No write was sent on the copy.'];
  const assignments = requests.filter(isAssignment).length;
  const others = requests.length - assignments;
  const room = Math.max(0, most - others);
  let assigned = 0;
  const shown = requests.filter((write) => !isAssignment(write) || (assigned += 1) <= room);
  return [
    `${plural(requests.length, 'write')} would be sent, ${plural(assignments, 'direct assignment')} and ${plural(others, 'other')}:`,
    writesTable(shown),
    ...(requests.length === shown.length
      ? []
      : [`… and ${plural(requests.length - shown.length, 'more direct assignment')}; all with --all or --json`]),
  ];
}

function writesTable(writes: Rehearsal['requests']): string {
  return renderTable(
    ['WHAT', 'REQUEST', 'CAME TO'],
    writes.map(({ what, request, outcome }) => [
      printable(what),
      printable(`${request.method} ${request.path}`),
      outcome,
    ]),
  );
}

/** Who keeps an account that is not active, and was not before. */
function inactiveWords(people: Rehearsal['people']): string {
  const inactive = people.filter(({ outcome, activeAfter }) => outcome === 'keeps' && activeAfter === false).length;
  return inactive === 0 ? '' : ` (${inactive} of them inactive, before and after)`;
}

/** What a rehearsal came to: whom it does something to (of all `most`), then requests, and what it cannot know. */
export function renderRehearsal(rehearsal: Rehearsal, paint: Paint, most: number): string {
  const { kind, connection, copied, people, requests, counts, hindrances, unknown, assumed } = rehearsal;
  const lacking = hindrances.map(({ code }) => rehearsal.findings.find((finding) => finding.code === code) ?? { code });
  return [
    `${paint.strong(`Rehearsal of ${kind} of ${connection}`)} on a copy: ${plural(copied.users, 'user')}, ${plural(copied.directoryGroups, 'directory group')}, ${plural(copied.assignments, 'assignment')}; ${plural(copied.accounts, 'account')}, ${plural(copied.scimGroups, 'SCIM group')}, ${plural(copied.links, 'link')}. Nothing was written to the real ones.`,
    `groups: ${printable(rehearsal.groups.map(({ name }) => name).join(', '))}`,
    ...(assumed.length === 0 ? [] : [`assumed of the provider: ${assumed.join(', ')}`]),
    endLine(rehearsal.end, paint),
    ...hindrances.map(({ code, text }) => `${paint.bad('in the way')} ${code}: ${printable(text)}`),
    '',
    ...peopleLines(people, most, paint),
    `${counts.keeps} keep their account as it is${inactiveWords(people)}, ${counts.changes} change, ${counts.loses} lose it. ${plural(rehearsal.groupsLeft.length, 'of the groups is', 'of the groups are')} left at the provider.`,
    '',
    ...writeLines(requests, most),
    '',
    'What a rehearsal cannot know:',
    ...unknown.map((text) => `  - ${printable(text)}`),
    '',
    rehearsal.safe
      ? paint.good('On this copy everybody keeps their account, and nothing stands in the way.')
      : paint.bad(`Not like this: see above.${consentWords(lacking)}`),
  ].join('\n');
}

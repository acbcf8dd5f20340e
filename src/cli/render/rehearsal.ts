import type { Rehearsal, RehearsalEnd, RehearsedPerson } from '../../core/migration/rehearsal.ts';
import { consentWords } from './migration.ts';
import type { Paint } from './paint.ts';
import { renderTable } from './table.ts';
import { printable } from '../../core/printable.ts';
import { plural } from './text.ts';

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

/** What a rehearsal came to: everybody, those with a concern first, then requests, and what it cannot know. */
export function renderRehearsal(rehearsal: Rehearsal, paint: Paint, most: number): string {
  const { kind, connection, copied, people, requests, counts, hindrances, unknown, assumed } = rehearsal;
  const lacking = hindrances.map(({ code }) => rehearsal.findings.find((finding) => finding.code === code) ?? { code });
  const shown = people.slice(0, most);
  const sent = requests.slice(0, most);
  const more = (all: number, some: number) =>
    all > some ? [`… and ${all - some} more; all with --all or --json`] : [];
  return [
    `${paint.strong(`Rehearsal of ${kind} of ${connection}`)} on a copy: ${plural(copied.users, 'user')}, ${plural(copied.directoryGroups, 'directory group')}, ${plural(copied.assignments, 'assignment')}; ${plural(copied.accounts, 'account')}, ${plural(copied.scimGroups, 'SCIM group')}, ${plural(copied.links, 'link')}. Nothing was written to the real ones.`,
    `groups: ${printable(rehearsal.groups.map(({ name }) => name).join(', '))}`,
    ...(assumed.length === 0 ? [] : [`assumed of the provider: ${assumed.join(', ')}`]),
    endLine(rehearsal.end, paint),
    ...hindrances.map(({ code, text }) => `${paint.bad('in the way')} ${code}: ${printable(text)}`),
    '',
    people.length === 0
      ? 'No account was on the copy.'
      : renderTable(
          ['OUTCOME', 'WHO', 'ACCOUNT', 'IS', ['SCIM GROUPS', 30], ['AFTERWARDS', 30], 'WHY'],
          shown.map((person) => personRow(person, paint)),
        ),
    ...more(people.length, shown.length),
    `${counts.keeps} keep their account as it is${inactiveWords(people)}, ${counts.changes} change, ${counts.loses} lose it. ${rehearsal.groupsLeft.length} of the groups are left at the provider.`,
    '',
    ...(requests.length === 0
      ? ['No write was sent on the copy.']
      : [`${plural(requests.length, 'write')} would be sent:`, writesTable(sent)]),
    ...more(requests.length, sent.length),
    '',
    'What a rehearsal cannot know:',
    ...unknown.map((text) => `  - ${printable(text)}`),
    '',
    rehearsal.safe
      ? paint.good('On this copy everybody keeps their account, and nothing stands in the way.')
      : paint.bad(`Not like this: see above.${consentWords(lacking)}`),
  ].join('\n');
}

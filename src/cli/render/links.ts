import { shortDigest } from '../../core/plan.ts';
import { countResources, type ResourceCounts, type VanishedLinks } from '../../core/vanished.ts';
import type { LinkPage } from '../../ports/link-desk.ts';
import type { Paint } from './paint.ts';
import { renderTable, type Column } from './table.ts';
import { printable } from '../../core/printable.ts';
import { grouped, plural } from './text.ts';

const HEADS: readonly Column[] = [['USER OR GROUP', 40], 'KIND', 'ID AT THE PROVIDER', 'STATE', 'MATCHED BY'];

/** Links as a table. */
export function renderLinks(links: LinkPage['links']): string {
  return renderTable(
    [...HEADS, 'DIRECTORY ID'],
    links.map((link) => [...cells(link), printable(link.anchor)]),
  );
}

function cells({ label, resource, resourceId, state, origin }: LinkPage['links'][number]): readonly string[] {
  const matched = origin === 'created' ? 'made by Headgate' : origin;
  return [printable(label), resource, printable(resourceId), state, printable(matched)];
}

/** What is gone of what is linked, name by name up to `most`, and what forgetting it means. */
export function renderVanished(found: VanishedLinks, paint: Paint, most: number): string {
  const { connection, target, linked, listed, gone } = found;
  const given = gone.filter(({ whose }) => whose !== undefined);
  const lost = countResources(gone.filter(({ whose }) => whose === undefined));
  const lines = [
    `Connection ${paint.strong(connection)} is linked to ${plural(linked.accounts, 'account')} and ${plural(linked.groups, 'SCIM group')}.`,
    `The provider at ${printable(target)} has ${plural(listed.accounts, 'account')} and ${plural(listed.groups, 'SCIM group')}.`,
    `Not found there, asked one by one: ${paint.bad(`${grouped(lost.accounts)} of ${plural(linked.accounts, 'linked account')}, ${grouped(lost.groups)} of ${plural(linked.groups, 'linked SCIM group')}`)}.`,
    ...(given.length === 0 ? [] : [`Somebody else's by now: ${paint.bad(othersWords(countResources(given)))}.`]),
  ];
  if (gone.length === 0) return [...lines, 'Nothing is to be forgotten.'].join('\n');
  const rows = gone.slice(0, most).map((link) => [...cells(link), nextOf(link)]);
  const more = gone.length - rows.length;
  return [
    ...lines,
    '',
    renderTable([...HEADS, 'NEXT CYCLE'], rows),
    ...(more > 0 ? [`and ${grouped(more)} more; see all with --limit ${gone.length}`] : []),
    ...given.slice(0, most).map(({ label, whose = '' }) => `${printable(label)}: ${printable(whose)}`),
    '',
    `digest ${found.digest}`,
    ...explained(found),
  ].join('\n');
}

function othersWords({ accounts, groups }: ResourceCounts): string {
  const words = [
    ...(accounts > 0 ? [plural(accounts, 'linked account')] : []),
    ...(groups > 0 ? [plural(groups, 'linked SCIM group')] : []),
  ];
  return words.join(', ');
}

function nextOf({ inScope }: VanishedLinks['gone'][number]): string {
  return inScope ? 'matches it, or makes it anew' : 'nothing: out of scope';
}

function explained({ connection, gone, digest }: VanishedLinks): readonly string[] {
  const left = gone.filter(({ inScope }) => !inScope).length;
  return [
    '',
    'Is this the right provider, and was it emptied or built anew? If its URL or its token is wrong, mend that instead:',
    "what is forgotten of a provider that is still there is nobody's to disable any more, until a cycle matches it again.",
    ...(left === 0
      ? []
      : [
          `${plural(left, 'link')} of who or what has left ${left === 1 ? 'is' : 'are'} forgotten too, with any delay or later deletion: nobody is left to disable there.`,
        ]),
    'To forget exactly these:',
    `  headgate connection forget-vanished -c ${connection} --execute --digest ${shortDigest(digest)} --reason "…"`,
  ];
}

/** What was forgotten, and the way from here to everybody having an account again. */
export function renderForgotten({ connection, gone }: VanishedLinks): string {
  const lost = countResources(gone);
  const back = countResources(gone.filter(({ inScope }) => inScope));
  return [
    `Forgotten: the links of ${connection} to ${plural(lost.accounts, 'account')} and ${plural(lost.groups, 'SCIM group')}. Who did so, and why, is kept: headgate quarantine show -c ${connection}`,
    `The next cycle looks at everything, and matches or makes anew ${plural(back.accounts, 'account')} and ${plural(back.groups, 'SCIM group')}; guards judge it as ever. See it first: headgate plan -c ${connection}`,
    `If the connection is in quarantine: headgate quarantine release -c ${connection}`,
    `To go on now: headgate cycle start -c ${connection} --full --wait`,
  ].join('\n');
}

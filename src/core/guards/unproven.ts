import { looksAtFew } from '../cycle.ts';
import type { Link } from '../link.ts';
import { isRemoval } from '../operation.ts';
import { counted, listed } from '../reasons.ts';
import type { Guard } from './facts.ts';

const LATER =
  'what was read is carried out and takes nothing away; the next incremental cycle reads the same changes again. If it persists, check the permissions of the directory application.';

/**
 * Design 4.2: without the completeness proof an initial cycle fails, and no plan may hold a removal. What only gives may go
 * on where few are looked at, and the next cycle looks at the same people again.
 */
export const incompleteRead: Guard = ({ plan, directory, waiting = [] }) => {
  // A delay that begins is the beginning of a removal.
  const removals = [...plan.operations.filter(isRemoval), ...waiting.filter(({ begins }) => begins)];
  if (directory.gaps.length === 0) return [];
  const gaps = directory.gaps.map(({ what, expected, found }) =>
    expected === undefined ? what : `${what}: expected ${expected}, found ${found ?? 0}`,
  );
  const found = {
    guard: 'incomplete-read',
    message: `the directory could not be proved to be read completely: ${listed(gaps)}`,
    operations: [],
    numbers: { gaps: directory.gaps.length, removals: removals.length },
  } as const;
  if (looksAtFew(plan.kind) && removals.length === 0) return [{ ...found, effect: 'warn', remedy: LATER }];
  return [
    {
      ...found,
      effect: 'refuse',
      remedy:
        'nothing was changed; the next cycle reads again. If it persists, check the permissions of the directory application.',
    },
  ];
};

/** A directory that suddenly entitles nobody is a broken read or a broken assignment, not the wish to remove everyone. */
export const emptyDirectory: Guard = (facts) => {
  const nobody = entitlesNobody(facts);
  return nobody.length > 0 ? nobody : knowsNobody(facts);
};

const entitlesNobody: Guard = ({ plan, directory, rules }) => {
  const linked = plan.counts.linkedAccounts;
  // For a cycle that looks at few users an empty directory is one without any assignment.
  const entitles = looksAtFew(plan.kind) ? directory.assignments.length > 0 : plan.counts.entitledUsers > 0;
  if (entitles || linked === 0) return [];
  return [
    {
      guard: 'empty-directory',
      effect: 'refuse',
      message: `the directory entitles nobody to this application, but ${counted(linked, 'account is', 'accounts are')} linked`,
      remedy:
        `check the assignments of the enterprise application${rules.scope.filters === undefined ? '' : ' and scope.filters in the configuration'}. ` +
        'Everybody at once is never taken off: to do so on purpose, leave one user assigned until the others are gone.',
      operations: [],
      numbers: { entitled: 0, linked },
    },
  ];
};

/** Fewer linked users than this may all be gone at once. */
const FEW = 2;
/** From so many on, most of the linked users are enough; fewer have to be all of them. */
const MANY = 20;

/**
 * Another tenant knows none of the ids: neither as users nor as deleted ones. Whoever was seen deleted before is expected
 * to be gone, and an incremental cycle, which looks at changes of the tenant it knows, tells nothing of the others.
 */
const knowsNobody: Guard = ({ plan, directory, links }) => {
  if (plan.kind === 'incremental') return [];
  const expected = links.filter((link) => link.resource === 'account' && link.state !== 'deleted' && !wasDeleted(link));
  const gone = expected.filter(({ anchor }) => directory.whereabouts.get(anchor) === 'absent').length;
  const all = gone >= FEW && gone === expected.length;
  if (!all && (gone < MANY || gone * 2 <= expected.length)) return [];
  return [
    {
      guard: 'empty-directory',
      effect: 'refuse',
      message: `the directory knows ${gone} of ${counted(expected.length, 'linked user')} not at all, neither as users nor as deleted ones: it is probably another tenant`,
      remedy:
        'check directory.tenant. Nothing was changed. If the tenant is right and they were deleted for good, take them off one by one: headgate provision <user> --execute.',
      operations: [],
      numbers: { gone, linked: expected.length },
    },
  ];
};

function wasDeleted({ cause, departure }: Link): boolean {
  const causes = [cause, ...(departure?.causes ?? []).map((noticed) => noticed.cause)];
  return causes.some((one) => one === 'softDeleted' || one === 'hardDeleted');
}

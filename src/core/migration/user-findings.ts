import type { ConnectionRules } from '../connection.ts';
import type { Anchor } from '../directory.ts';
import { counted, listed } from '../reasons.ts';
import { finding, type Facts } from './group-findings.ts';
import type { NoAccount } from './no-account.ts';
import type { SurveyedUser, SurveyFinding } from './survey.ts';

/** People named with their reasons at most: more is a list, and `explain` has the rest. */
const MOST_NAMED = 20;

function names(users: readonly SurveyedUser[]): string {
  return listed(users.map(({ label }) => label));
}

function anchorsOf(users: readonly SurveyedUser[]): readonly Anchor[] {
  return users.map(({ anchor }) => anchor);
}

/** What the people in the groups that are to go are like, on both sides. */
export function aboutUsers(
  { users }: Pick<Facts, 'users'>,
  noAccounts: ReadonlyMap<Anchor, NoAccount>,
  engine: ConnectionRules['engine'],
): readonly SurveyFinding[] {
  const disabled = users.filter(({ enabled }) => !enabled);
  const filtered = users.filter((user) => user.enabled && user.filtered === true);
  const able = users.filter((user) => user.enabled && user.filtered !== true);
  const inactive = able.filter(({ account }) => account?.active === false);
  const unlinked = able.filter(({ account }) => account === undefined);
  return [
    ...finding(
      'user-disabled',
      'consent',
      `${counted(disabled.length, 'member')} of the groups may not sign in: ${names(disabled)}. They are assigned directly all the same, so that they do not lose access for good`,
      anchorsOf(disabled),
    ),
    ...aboutUnlinked(unlinked, noAccounts, engine),
    ...finding(
      'user-filtered',
      'note',
      `${counted(filtered.length, 'member of the groups is', 'members of the groups are')} let in by no scoping filter: ${names(filtered)}. They are assigned directly all the same, and stay without access`,
      anchorsOf(filtered),
    ),
    ...finding(
      'account-inactive',
      'note',
      `${counted(inactive.length, 'member of the groups has', 'members of the groups have')} an account that is not active at the provider: ${names(inactive)}`,
      anchorsOf(inactive),
    ),
  ];
}

/**
 * Whoever gets an account from the next cycle should have it before anything is begun. For whom no cycle can make one there is
 * nothing to wait for and nothing to lose. With Entra's engine nobody can tell: an account that Headgate's mapping does not
 * find may be there.
 */
function aboutUnlinked(
  users: readonly SurveyedUser[],
  noAccounts: ReadonlyMap<Anchor, NoAccount>,
  engine: ConnectionRules['engine'],
): readonly SurveyFinding[] {
  const native = engine === 'entra';
  const isUnable = ({ anchor }: SurveyedUser) => !native && noAccounts.get(anchor)?.lasting === true;
  const unable = users.filter(isUnable);
  const late = users.filter((user) => !isUnable(user));
  const reasons = (some: readonly SurveyedUser[]) =>
    listed(
      some.map(({ anchor, label }) => {
        const why = noAccounts.get(anchor)?.why;
        return why === undefined ? label : `${label} (${why})`;
      }),
      MOST_NAMED,
    );
  const remedy = native
    ? "Wait for Entra's next cycle; if they have accounts, the mapping here does not find them by its matching attributes"
    : 'Run a full cycle first';
  return [
    ...finding(
      'user-unlinked',
      'refuse',
      `${counted(late.length, 'member of the groups has', 'members of the groups have')} no account yet: ${reasons(late)}. ${remedy}`,
      anchorsOf(late),
    ),
    ...finding(
      'user-without-account',
      'consent',
      `${counted(unable.length, 'member of the groups has', 'members of the groups have')} no account, and a full cycle would make none either: ${reasons(unable)}. Mend that and run a full cycle (headgate explain tells more of each), or accept it: they are assigned directly like the others, and have no access to lose`,
      anchorsOf(unable),
    ),
  ];
}

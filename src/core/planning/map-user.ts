import { diffAccount, missingRequired, userNameProblem } from '../diff.ts';
import type { Anchor, AppRole, DirectoryUser } from '../directory.ts';
import { desiredAccount } from '../mapping/compile-mapping.ts';
import { matchAccount } from '../match.ts';
import type { ProviderProfile } from '../profile.ts';
import { listed } from '../reasons.ts';
import type { DesiredAccount } from '../scim.ts';
import type { AccountsContext } from './plan-account-change.ts';
import type { MappingProblem } from './plan-input.ts';

type Known = Pick<
  AccountsContext,
  'input' | 'scope' | 'entitled' | 'targets' | 'index' | 'links' | 'linkedTo' | 'resolve' | 'roles'
>;

/** App roles the user's assignments carry, in the order of their ids. */
function rolesOf({ roles, scope }: Known, user: Anchor): readonly AppRole[] {
  if (roles.size === 0) return NO_ROLES;
  const ids = new Set((scope.reach.get(user) ?? []).map((index) => scope.routes[index]?.assignment.roleId ?? ''));
  return [...ids].sort().flatMap((id) => roles.get(id) ?? []);
}

const NO_ROLES: readonly AppRole[] = [];

/** What the mapping makes of a user, or why it makes nothing. */
export function mapUser(known: Known, user: DirectoryUser, on: 'create' | 'update') {
  return desiredAccount(known.input.mapping, { user, roles: rolesOf(known, user.id) }, on);
}

/** Why an account cannot be created as it is desired; undefined when it can. */
export function createProblem(desired: DesiredAccount, profile: ProviderProfile): MappingProblem | undefined {
  const missing = missingRequired(desired, profile);
  const unfit = missing.length === 0 ? userNameProblem(desired, profile) : undefined;
  if (unfit !== undefined) return { code: 'InvalidUserName', why: unfit };
  if (missing.length === 0) return undefined;
  const why = `the provider requires ${listed(missing)}, for which there is no value (MandatoryFieldsMissing)`;
  return { code: 'MandatoryFieldsMissing', why };
}

/** Why an entitled user without an account gets none in this plan; undefined for one who gets it. */
function hindrance(known: Known, user: DirectoryUser): string | undefined {
  const { input, index, links, linkedTo, resolve, targets } = known;
  const link = links.get(user.id);
  const first = mapUser(known, user, link === undefined || link.state === 'deleted' ? 'create' : 'update');
  if ('failure' in first) return first.failure;
  const match = matchAccount(user.id, first.account, targets, index, linkedTo);
  if (match.found !== 'one') return createProblem(first.account, input.profile)?.why;
  const joined = mapUser(known, user, 'update');
  if ('failure' in joined) return joined.failure;
  const { changes } = diffAccount(joined.account, match.account, input.profile, resolve);
  return changes.some(({ path }) => path === 'userName') ? userNameProblem(joined.account, input.profile) : undefined;
}

/**
 * Tells whether somebody has an account, or gets one in this plan. Who is entitled and cannot be mapped gets none: nothing
 * may be planned that waits for it. Remembered, because managers have many reports.
 */
export function whoGetsAccounts(known: Known): (anchor: Anchor) => boolean {
  const answers = new Map<Anchor, boolean>();
  return (anchor) => {
    if (known.resolve(anchor) !== undefined) return true;
    if (known.input.givenAway?.has(anchor) === true) return false;
    const user = known.entitled.has(anchor) ? known.input.directory.users.get(anchor) : undefined;
    if (user === undefined) return false;
    const answer = answers.get(anchor) ?? hindrance(known, user) === undefined;
    answers.set(anchor, answer);
    return answer;
  };
}

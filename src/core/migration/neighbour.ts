import type { ConnectionRules } from '../connection.ts';
import type { Anchor, Assignment, DirectorySnapshot } from '../directory.ts';
import type { Link } from '../link.ts';
import { desiredAccount, type CompiledMapping } from '../mapping/compile-mapping.ts';
import { digestOf } from '../plan.ts';
import { counted, listed } from '../reasons.ts';
import { whatIfUnassigned, type WhatIfUser } from '../whatif.ts';
import { finding } from './group-findings.ts';
import type { Survey, SurveyFinding } from './survey.ts';

/** Another connection of the same application, as its own cycles read it. */
export interface Neighbour {
  readonly rules: ConnectionRules;
  readonly mapping: CompiledMapping;
  readonly directory: DirectorySnapshot;
  readonly links: readonly Link[];
}

type Going = Pick<Survey, 'groups' | 'users' | 'connection'>;

/** The direct assignments there are once the migration has made its own, whether a read shows them yet or not. */
function madeDirectly({ groups, users }: Going): readonly Assignment[] {
  const going = new Set(groups.map(({ anchor }) => anchor));
  return users.flatMap(({ anchor, paths }) =>
    paths.flatMap(({ group, roleId }): Assignment[] =>
      group !== undefined && going.has(group)
        ? [{ id: `direct ${anchor} ${roleId}`, principal: anchor, principalKind: 'user', roleId }]
        : [],
    ),
  );
}

/** Whether the account there changes because roles go, by its own mapping. */
function losesRole({ directory, mapping }: Neighbour, { anchor, lost, kept }: WhatIfUser): boolean {
  const user = directory.users.get(anchor);
  const stay = new Set(kept.map(({ roleId }) => roleId));
  if (user === undefined || lost.every(({ roleId }) => stay.has(roleId))) return false;
  const rolesOf = (paths: WhatIfUser['lost']) => {
    const ids = new Set(paths.map(({ roleId }) => roleId));
    return directory.application.roles.filter(({ id }) => ids.has(id)).toSorted((a, b) => (a.id < b.id ? -1 : 1));
  };
  const before = desiredAccount(mapping, { user, roles: rolesOf([...lost, ...kept]) }, 'update');
  if ('failure' in before) return false;
  const after = desiredAccount(mapping, { user, roles: rolesOf(kept) }, 'update');
  return 'failure' in after || shown(before.account) !== shown(after.account);
}

function shown({ attributes }: { readonly attributes: ReadonlyMap<string, unknown> }): string {
  return digestOf(Object.fromEntries(attributes));
}

/**
 * Who has something to lose there: whoever its cycles let in, and whoever has an account there that would come back with
 * the permission to sign in, or that its policy has left active.
 */
function mayLose({ directory }: Neighbour, accounts: ReadonlyMap<Anchor, Link>, user: WhatIfUser): boolean {
  if (!directory.users.has(user.anchor)) return false;
  const link = accounts.get(user.anchor);
  if (link?.state === 'active') return true;
  return user.filtered !== true && (user.enabled || link !== undefined);
}

/**
 * Whom the other connection would take access or a role from, were the groups unassigned once this migration has assigned
 * its own people directly. Decided as its cycles decide: by its scope, its mapping and its policy.
 */
function losersAt(neighbour: Neighbour, going: Going): readonly WhatIfUser[] {
  const { directory, rules, links } = neighbour;
  const accounts = new Map(
    links
      .filter(({ resource, state }) => resource === 'account' && state !== 'deleted')
      .map((link) => [link.anchor, link]),
  );
  const assignments = [...directory.assignments, ...madeDirectly(going)];
  const groups = going.groups.map(({ anchor }) => anchor);
  const { loses, keeps } = whatIfUnassigned({ ...directory, assignments }, rules, groups);
  const without = rules.deprovision.unassigned.action === 'keep' ? [] : loses;
  return [...without, ...keeps.filter((user) => losesRole(neighbour, user))].filter((user) =>
    mayLose(neighbour, accounts, user),
  );
}

/** Nobody may lose at another connection what they have there. There is nothing to accept: it is put right first. */
export function neighbourFindings(neighbour: Neighbour, going: Going): readonly SurveyFinding[] {
  const { name } = neighbour.rules;
  const gaps = neighbour.directory.gaps.map(({ what }) => what);
  const losers = losersAt(neighbour, going);
  const many = counted(losers.length, 'user');
  return [
    ...finding(
      'elsewhere-unread',
      'refuse',
      `whom the groups let in at ${name}, on the same application, could not be proved to be read completely: ${listed(gaps)}`,
      gaps,
    ),
    ...finding(
      'access-elsewhere',
      'refuse',
      `${many} would lose access or a role at ${name}, on the same application: ${listed(losers.map(({ label }) => label))}. ${name} counts members of groups inside, ${going.connection} does not, so nobody assigns them directly. Assign them to the application in Entra, with the role they have, or the groups inside they are in; both let them in at ${going.connection} as well. Or leave the groups out of the migration. If they are to go, give ${name} the scope nestedGroups: direct and let a full cycle of it do that first`,
      losers.map(({ anchor }) => anchor),
    ),
  ];
}

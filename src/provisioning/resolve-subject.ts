import type { CycleSubject } from '../core/cycle.ts';
import { RefusedError } from '../core/errors.ts';
import { userLabel } from '../core/planning/plan-accounts.ts';
import type { Connection } from '../ports/index.ts';
import type { LinkStore } from '../ports/stores.ts';

/**
 * Finds the one user or group that is meant: users by object id or userPrincipalName, groups by object id or name. Whoever
 * is no longer in the directory is found by what their account was linked under.
 * @throws RefusedError when nothing, or more than one thing, has that id or name
 */
export async function resolveSubject(
  connection: Connection,
  links: Pick<LinkStore, 'named'>,
  idOrName: string,
  signal: AbortSignal,
  kinds: readonly CycleSubject['resource'][] = ['user', 'group'],
): Promise<CycleSubject> {
  const all = await findSubjects(connection, links, idOrName, signal, kinds);
  const found = all.filter(({ resource }) => kinds.includes(resource));
  const [only] = found;
  if (only === undefined) {
    throw new RefusedError(
      'not-found',
      'the directory has no user or group of that name or id, and nothing linked is called so',
      {
        remedy: 'users are looked up by userPrincipalName or object id, groups by name or object id.',
      },
    );
  }
  if (found.length === 1) return only;
  const choices = found.map(({ resource, anchor }) => `${resource} ${anchor}`).join(', ');
  throw new RefusedError('ambiguous', `that name is shared by ${found.length}: ${choices}`, {
    remedy: 'give the object id of the one you mean.',
  });
}

async function findSubjects(
  { directory, rules }: Connection,
  links: Pick<LinkStore, 'named'>,
  idOrName: string,
  signal: AbortSignal,
  kinds: readonly CycleSubject['resource'][],
): Promise<readonly CycleSubject[]> {
  const user = await directory.findUser(idOrName, ['userPrincipalName'], signal);
  const groups = kinds.includes('group') ? await directory.findGroups(idOrName, signal) : [];
  const present: readonly CycleSubject[] = [
    ...(user === undefined ? [] : [{ resource: 'user' as const, anchor: user.id, name: userLabel(user) }]),
    ...groups.map(({ id, name }) => ({ resource: 'group' as const, anchor: id, name })),
  ];
  if (present.length > 0) return present;
  return (await links.named(rules.name, idOrName)).map(({ resource, anchor, label }) => ({
    resource: resource === 'account' ? 'user' : 'group',
    anchor,
    name: label,
  }));
}

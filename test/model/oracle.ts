import type { Anchor } from '../../src/core/directory.ts';
import { text, type ModelProvider, type StoredAccount } from './model-provider.ts';
import type { Organisation } from './organisation.ts';

const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';

/** What the provider should hold, worked out from the organisation alone, and where it does not. */
export interface Findings {
  readonly differences: readonly string[];
  /** Users who cannot have what they should: their name is on an account that is nobody's to rename. */
  readonly blocked: ReadonlySet<Anchor>;
}

function nameOf({ attributes }: StoredAccount): string {
  return text(attributes.get('userName')).toLowerCase();
}

function upnOf(organisation: Organisation, user: Anchor): string {
  return String(organisation.present(user)?.attributes['userPrincipalName']).toLowerCase();
}

export function compare(organisation: Organisation, provider: ModelProvider, claimed: ReadonlySet<string>): Findings {
  const { entitled, memberships, groups } = organisation.truth;
  const accounts = [...provider.accounts.values()];
  const ours = (user: Anchor) => accounts.filter(({ id, owner }) => owner === user && claimed.has(id));
  const blocked = new Set(
    [...entitled].filter((user) => {
      const name = upnOf(organisation, user);
      const own = new Set(ours(user).map(({ id }) => id));
      return accounts.some(
        (account) =>
          nameOf(account) === name &&
          !own.has(account.id) &&
          (account.owner !== user || own.size > 0) &&
          (account.owner === undefined || account.owner === user || !entitled.has(account.owner)),
      );
    }),
  );
  const differences: string[] = [];
  // Whoever was hired again finds their own name on the account of who they were: that one must not go meanwhile.
  const wanted = new Set([...blocked].map((user) => upnOf(organisation, user)));
  const waiting = new Set([
    ...blocked,
    ...[...organisation.people.keys()].filter(
      (user) => !entitled.has(user) && ours(user).some((account) => wanted.has(nameOf(account))),
    ),
  ]);
  for (const user of organisation.people.keys())
    if (!waiting.has(user)) differences.push(...differencesOf(user, organisation, ours, blocked));
  for (const group of organisation.teams.keys()) {
    const found = [...provider.groups.values()].filter(({ externalId }) => externalId === group);
    const number = groups.has(group) ? 1 : 0;
    if (found.length !== number) differences.push(`${group}: ${found.length} SCIM groups instead of ${number}`);
    for (const { displayName, members } of found) {
      const name = organisation.teams.get(group)?.name;
      if (displayName !== name) differences.push(`${group} is called ${displayName}, not ${name ?? ''}`);
      const inside = [...members].map((id) => provider.accounts.get(id)?.owner ?? id);
      const should = [...entitled].filter((user) => memberships.has(`${group}/${user}`));
      const list = (all: readonly string[]) =>
        all
          .filter((user) => !waiting.has(user))
          .toSorted()
          .join(' ');
      if (number === 1 && list(inside) !== list(should))
        differences.push(`${group} holds ${list(inside) || 'nobody'} instead of ${list(should) || 'nobody'}`);
    }
  }
  return { differences, blocked };
}

function differencesOf(
  user: Anchor,
  organisation: Organisation,
  ours: (user: Anchor) => readonly StoredAccount[],
  blocked: ReadonlySet<Anchor>,
): readonly string[] {
  const { entitled } = organisation.truth;
  const own = ours(user);
  if (!entitled.has(user)) {
    const gone = organisation.people.get(user)?.life === 'absent';
    const wrong = own.filter(({ active }) => active || gone);
    return wrong.map(
      ({ id, active }) =>
        `${user} is not entitled${gone ? ', but gone' : ''}: ${id} is ${active ? 'active' : 'still there'}`,
    );
  }
  const [account, ...more] = own;
  if (account === undefined || more.length > 0) return [`${user} has ${own.length} accounts`];
  if (!account.active) return [`${user} is entitled: ${account.id} is inactive`];
  const present = organisation.present(user);
  const manager = present?.manager;
  const [boss] = manager === undefined || blocked.has(manager) || !entitled.has(manager) ? [] : ours(manager);
  const wanted: (readonly [string, unknown])[] = [
    ['userName', present?.attributes['userPrincipalName']],
    ['displayName', present?.attributes['displayName']],
    ['externalId', present?.attributes['mailNickname']],
    [`${ENTERPRISE}:department`, present?.attributes['department']],
    [`${ENTERPRISE}:manager`, boss === undefined ? undefined : { value: boss.id }],
  ];
  return wanted
    .filter(
      ([path, value]) => value !== undefined && JSON.stringify(account.attributes.get(path)) !== JSON.stringify(value),
    )
    .map(
      ([path, value]) =>
        `${user}: ${path} is ${JSON.stringify(account.attributes.get(path))}, not ${JSON.stringify(value)}`,
    );
}

import { URN } from '../../src/core/scim.ts';
import type { Complex } from '../../src/sandbox/provider/json.ts';
import type { SandboxProvider } from '../../src/sandbox/provider/provider.ts';
import type { WriteObserver } from '../../src/sandbox/provider/http-server.ts';
import type { Expected, ExpectedAccount } from './crash-company.ts';

/** Writes that reached the provider, by what they made or took away, and those it refused. */
export interface Traffic {
  readonly accountsCreated: number;
  readonly groupsCreated: number;
  readonly deleted: number;
  readonly refused: number;
}

/** Looks after those who have access before and after a round of changes, at every single write in between. */
export interface Watch {
  /** What was taken from somebody who should have kept it, each said once. */
  readonly wrongs: ReadonlySet<string>;
  /** Begins a round between two expectations; what is in both must be there all the time. */
  between(before: Expected, after: Expected): void;
}

/** Watches a provider. `observer` is asked as well, before the check. */
export function watchProvider(provider: SandboxProvider, observer: WriteObserver = {}): Watch {
  const wrongs = new Set<string>();
  let safe: Expected = { accounts: new Map(), groups: new Map() };
  const look = () => {
    for (const name of safe.accounts.keys()) if (!provider.canSignIn(name)) wrongs.add(`${name} lost access`);
    const found = heldBy(provider).groups;
    for (const [group, members] of safe.groups) {
      for (const name of members) {
        if (found.get(group)?.has(name) !== true) wrongs.add(`${name} was taken out of ${group}`);
      }
    }
  };
  provider.observe({
    ...observer,
    async afterWrite(write) {
      await observer.afterWrite?.(write);
      look();
    },
  });
  return {
    wrongs,
    between(before, after) {
      const staying = [...before.accounts].filter(([name, { active }]) => active && after.accounts.get(name)?.active);
      safe = { accounts: new Map(staying), groups: inBoth(before.groups, after.groups) };
    },
  };
}

function inBoth(before: Expected['groups'], after: Expected['groups']): Expected['groups'] {
  const both = new Map<string, ReadonlySet<string>>();
  for (const [group, members] of before) {
    const later = after.get(group);
    if (later !== undefined) both.set(group, new Set([...members].filter((name) => later.has(name))));
  }
  return both;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function part(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

/** What the provider holds, in the words of the expectation. Throws when two accounts or two groups have one name. */
export function heldBy({ accounts, groups }: SandboxProvider): Expected {
  const nameOf = new Map(accounts.all().map((account) => [text(account['id']), text(account['userName'])]));
  const shown = (account: Complex): ExpectedAccount => ({
    active: account['active'] === true,
    displayName: text(account['displayName']),
    manager: nameOf.get(text(part(part(account[URN.enterpriseUser], 'manager'), 'value'))),
  });
  return {
    accounts: once(accounts.all().map((account) => [text(account['userName']), shown(account)])),
    groups: once(groups.all().map((group) => [text(group['displayName']), membersOf(group, nameOf)])),
  };
}

function membersOf(group: Complex, nameOf: ReadonlyMap<string, string>): ReadonlySet<string> {
  const members: unknown = group['members'];
  return new Set(Array.isArray(members) ? members.map((member) => nameOf.get(text(part(member, 'value'))) ?? '') : []);
}

function once<T>(pairs: readonly (readonly [string, T])[]): ReadonlyMap<string, T> {
  const map = new Map(pairs);
  if (map.size === pairs.length) return map;
  throw new Error(`something exists twice: ${pairs.map(([name]) => name).join(', ')}`);
}

/** The creates and deletes that reached the provider since its log was cleared. */
export function trafficOf(provider: SandboxProvider): Traffic {
  const sent = provider.requests();
  const made = (method: string, collection: RegExp) =>
    sent.filter((seen) => seen.method === method && collection.test(seen.path) && seen.applied).length;
  return {
    accountsCreated: made('POST', /\/Users$/),
    groupsCreated: made('POST', /\/Groups$/),
    deleted: made('DELETE', /./),
    refused: sent.filter(({ method, status }) => method !== 'GET' && status >= 400).length,
  };
}

/** The least traffic that leads from one expectation to the other. */
export function trafficBetween(before: Expected, after: Expected): Traffic {
  const added = (a: ReadonlyMap<string, unknown>, b: ReadonlyMap<string, unknown>) =>
    [...b.keys()].filter((name) => !a.has(name)).length;
  return {
    accountsCreated: added(before.accounts, after.accounts),
    groupsCreated: added(before.groups, after.groups),
    deleted: added(after.accounts, before.accounts) + added(after.groups, before.groups),
    refused: 0,
  };
}

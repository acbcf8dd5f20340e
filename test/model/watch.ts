import type { Anchor } from '../../src/core/directory.ts';
import type { Operation } from '../../src/core/operation.ts';
import type { ModelProvider } from './model-provider.ts';
import type { Organisation, Truth } from './organisation.ts';

/** The moments of the organisation a plan was made from: what was so at none of them, the plan cannot know. */
export interface Window {
  readonly from: number;
  readonly to: number;
  /** When the plan is too old to take anything away, ms since the epoch. */
  readonly ends: number;
}

interface Seen {
  readonly active: ReadonlyMap<string, Anchor | undefined>;
  /** `<SCIM group>/<account>` with whom it is about. */
  readonly members: ReadonlyMap<string, { readonly group: Anchor | undefined; readonly user: Anchor | undefined }>;
  readonly groups: ReadonlyMap<string, Anchor | undefined>;
  readonly accounts: ReadonlyMap<string, string>;
  readonly strangers: string;
}

function look({ accounts, groups }: ModelProvider): Seen {
  const members = [...groups.values()].flatMap((group) =>
    [...group.members].map(
      (id) => [`${group.id}/${id}`, { group: group.externalId, user: accounts.get(id)?.owner }] as const,
    ),
  );
  return {
    active: new Map([...accounts.values()].filter(({ active }) => active).map(({ id, owner }) => [id, owner])),
    members: new Map(members),
    groups: new Map([...groups.values()].map(({ id, externalId }) => [id, externalId])),
    accounts: new Map([...accounts.values()].map((account) => [account.id, show(account)])),
    strangers: strangersOf({ accounts, groups }),
  };
}

function show({ active, attributes }: { readonly active: boolean; readonly attributes: ReadonlyMap<string, unknown> }) {
  return JSON.stringify([active, [...attributes]]);
}

/** Everything that is nobody's in the organisation, as one text. */
export function strangersOf({ accounts, groups }: Pick<ModelProvider, 'accounts' | 'groups'>): string {
  return JSON.stringify([
    [...accounts.values()].filter(({ owner }) => owner === undefined).map((account) => [account.id, show(account)]),
    [...groups.values()]
      .filter(({ externalId }) => externalId === undefined)
      .map(({ id, displayName, members }) => [id, displayName, [...members]]),
  ]);
}

/** Looks at the provider around every write and remembers what must never happen. */
export class Watch {
  readonly violations: string[] = [];
  /** Accounts Headgate has written to: theirs to keep right from then on. */
  readonly claimed = new Set<string>();
  window: Window | undefined;
  readonly #organisation: Organisation;
  readonly #provider: () => ModelProvider;
  readonly #now: () => number;
  #seen: Seen | undefined;

  constructor(organisation: Organisation, provider: () => ModelProvider, now: () => number) {
    this.#organisation = organisation;
    this.#provider = provider;
    this.#now = now;
  }

  before(): void {
    this.#seen = look(this.#provider());
  }

  after(operation: Operation): void {
    const then = this.#seen;
    const now = look(this.#provider());
    if (then === undefined) throw new Error('nothing was looked at before the write');
    const blame = (what: string) => this.violations.push(`${operation.key} (${operation.reason.text}): ${what}`);
    for (const [id, owner] of then.active) {
      if (now.active.has(id)) continue;
      if (!this.#knew(({ entitled }) => owner !== undefined && !entitled.has(owner)))
        blame(`account ${id} of ${owner ?? 'a stranger'}, who was entitled all along, lost access`);
    }
    for (const [id, { group, user }] of then.members) {
      if (now.members.has(id)) continue;
      const taken = ({ memberships, groups }: Truth) =>
        group !== undefined && (!groups.has(group) || (user !== undefined && !memberships.has(`${group}/${user}`)));
      if (!this.#knew(taken)) blame(`${user ?? 'a stranger'} was taken out of ${group ?? 'a group of strangers'}`);
    }
    for (const [id, group] of then.groups) {
      if (now.groups.has(id)) continue;
      if (!this.#knew(({ groups }) => group !== undefined && !groups.has(group)))
        blame(`SCIM group ${id} of ${group ?? 'strangers'} was deleted`);
    }
    this.#checkOwners(operation, then, now, blame);
    if (then.strangers !== now.strangers) blame('what belongs to strangers was changed');
  }

  #checkOwners(operation: Operation, then: Seen, now: Seen, blame: (what: string) => void): void {
    const { accounts } = this.#provider();
    for (const [id, text] of now.accounts) {
      if (then.accounts.get(id) === text) continue;
      const wasClaimed = this.claimed.has(id);
      this.claimed.add(id);
      const account = accounts.get(id);
      // Nothing tells the unlinked account of somebody who is gone from that of the namesake who is hired after them.
      const inherited = !wasClaimed && account?.owner !== undefined && operation.anchor === `${account.owner}-again`;
      if (account !== undefined && inherited) account.owner = operation.anchor;
      const owner = account?.owner;
      if (owner !== operation.anchor) blame(`account ${id} of ${owner ?? 'a stranger'} was written to`);
    }
    const made = [...accounts.values()].filter(({ id, owner }) => owner === operation.anchor && id.startsWith('new-'));
    if (operation.kind === 'create' && operation.resource === 'account' && made.length > 1)
      blame(`${made.length} accounts were created`);
  }

  #knew(was: (truth: Truth) => boolean): boolean {
    const { from, to, ends } = this.window ?? { from: 0, to: -1, ends: 0 };
    if (this.#now() > ends) return false;
    return this.#organisation.truths.slice(from, to + 1).some(was);
  }
}

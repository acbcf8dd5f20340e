import type { Anchor } from './directory.ts';
import type { Link } from './link.ts';
import type { Account, DesiredAccount, ResourceId } from './scim.ts';
import { foldText } from './scim-compare.ts';
import { readPath } from './scim-path.ts';

/** The key an attribute value is matched by: userName and addresses ignore case (RFC 7643 section 4.1.1), ids do not. */
function keyOf(target: string, value: string): string {
  return /^(id|externalId)$/i.test(target) ? value : foldText(value);
}

/** Accounts of the provider, found by id and by each matching attribute without scanning. */
export class AccountIndex {
  readonly byId = new Map<ResourceId, Account>();
  readonly #byAttribute = new Map<string, ReadonlyMap<string, readonly Account[]>>();

  constructor(accounts: readonly Account[]) {
    for (const account of accounts) this.byId.set(account.id, account);
  }

  /** Indexed by the attribute when it is first asked for: most cycles look nobody up. */
  find(target: string, value: string): readonly Account[] {
    let index = this.#byAttribute.get(target);
    if (index === undefined) {
      index = indexBy(target, this.byId.values());
      this.#byAttribute.set(target, index);
    }
    return index.get(keyOf(target, value)) ?? [];
  }
}

function indexBy(target: string, accounts: Iterable<Account>): ReadonlyMap<string, readonly Account[]> {
  const index = new Map<string, Account[]>();
  for (const account of accounts) {
    const value = readPath(account.body, target);
    if (typeof value !== 'string' || value === '') continue;
    const key = keyOf(target, value);
    const known = index.get(key);
    if (known === undefined) index.set(key, [account]);
    else known.push(account);
  }
  return index;
}

export type Match =
  | { readonly found: 'none' }
  | { readonly found: 'one'; readonly account: Account; readonly by: string }
  | {
      readonly found: 'refused';
      readonly by: string;
      readonly accounts: readonly ResourceId[];
      readonly why: 'ambiguous' | 'taken';
    };

/**
 * Finds the account of a user that has no link: by our own anchor in externalId first, then by the matching attributes in
 * their precedence, stopping at the first that finds anything (Learn: customize-application-attributes). Several candidates,
 * or one that already belongs to another user, are refused: a wrong join hands one person's account to another.
 */
export function matchAccount(
  anchor: Anchor,
  desired: DesiredAccount,
  matchingTargets: readonly string[],
  index: AccountIndex,
  linkedTo: ReadonlyMap<ResourceId, Anchor>,
): Match {
  const keys: (readonly [string, string])[] = [['externalId', anchor]];
  for (const target of matchingTargets) {
    const value = desired.attributes.get(target);
    if (typeof value === 'string' && value !== '') keys.push([target, value]);
  }
  for (const [by, value] of keys) {
    const candidates = index.find(by, value);
    const [only] = candidates;
    if (only === undefined) continue;
    if (candidates.length > 1)
      return { found: 'refused', by, accounts: candidates.map(({ id }) => id), why: 'ambiguous' };
    const owner = linkedTo.get(only.id);
    if (owner !== undefined && owner !== anchor) return { found: 'refused', by, accounts: [only.id], why: 'taken' };
    return { found: 'one', account: only, by };
  }
  return { found: 'none' };
}

/** Links of one kind by anchor, and the anchor each living resource belongs to. */
export function indexLinks(
  links: readonly Link[],
  resource: Link['resource'],
): {
  readonly byAnchor: ReadonlyMap<Anchor, Link>;
  readonly linkedTo: ReadonlyMap<ResourceId, Anchor>;
} {
  const byAnchor = new Map<Anchor, Link>();
  const linkedTo = new Map<ResourceId, Anchor>();
  for (const link of links) {
    if (link.resource !== resource) continue;
    byAnchor.set(link.anchor, link);
    if (link.state !== 'deleted') linkedTo.set(link.resourceId, link.anchor);
  }
  return { byAnchor, linkedTo };
}

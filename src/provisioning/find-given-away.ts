import pMap from 'p-map';
import type { Anchor, DirectoryUser } from '../core/directory.ts';
import type { Link } from '../core/link.ts';
import type { PlanInput } from '../core/planning/plan-input.ts';
import { foldText } from '../core/scim-compare.ts';
import type { Account } from '../core/scim.ts';
import { newOwner, whoseAccount } from '../core/whose-account.ts';
import type { Connection } from '../ports/index.ts';
import { attributesOf } from './gather-directory.ts';
import { stayingIn } from './refuse-wrong-tenant.ts';

/** Lookups of names under way at once. */
const CONCURRENCY = 8;
/** A userPrincipalName has 113 characters at most (Learn: concept-sspr-policy); what is longer is nobody's. */
const LONGEST_NAME = 113;

/** What was read on both sides. */
type Read = Pick<PlanInput, 'directory' | 'inventory' | 'links'>;

/** A link by which something would be done to an account. */
type Touched = Pick<Link, 'anchor' | 'label' | 'resourceId'>;

/**
 * Accounts that the provider has given to somebody else since they were linked, by whom they were linked for, and whose they
 * are now in words. Looks at what was read of them already; only for those that show nothing of their users it asks the
 * directory: for leavers, whom a plan need not have read, and for whose names they show.
 */
export async function findGivenAway(
  connection: Connection,
  { directory, inventory, links }: Read,
  touched: readonly Touched[],
  signal: AbortSignal,
): Promise<ReadonlyMap<Anchor, string>> {
  if (touched.length === 0) return new Map();
  const ids = new Set(touched.map(({ resourceId }) => resourceId));
  const read = inventory.accounts.resources.filter(({ id }) => ids.has(id));
  const accounts = new Map(read.map((account) => [account.id, account]));
  const all = touched.flatMap((link) => {
    const account = accounts.get(link.resourceId);
    return account === undefined ? [] : [{ link, account }];
  });
  const strange = all.filter(isStrange(connection, (anchor) => directory.users.get(anchor)));
  if (strange.length === 0) return new Map();
  const unread = strange.flatMap(({ link: { anchor } }) => (directory.users.has(anchor) ? [] : [anchor]));
  const leavers = await connection.directory.readUsers(unread, attributesOf(connection), signal);
  const userOf = (anchor: Anchor) => leavers.get(anchor) ?? directory.users.get(anchor);
  const stranger = strange.filter(isStrange(connection, userOf));
  const stays = stayingIn(connection, directory);
  const others = linksNamed(
    links,
    stranger.map(({ account }) => account),
  );
  const owners = await pMap(
    stranger,
    async ({ link, account }) => {
      const holder = await findHolder(connection, account, signal);
      const whose = newOwner(connection.mapping, link, account, {
        user: userOf(link.anchor),
        stays: stays({ resource: 'account', anchor: link.anchor }),
        holder,
        others,
      });
      return whose === undefined ? [] : [[link.anchor, whose] as const];
    },
    { concurrency: CONCURRENCY, signal },
  );
  return new Map(owners.flat());
}

function isStrange(
  { mapping, provider: { profile } }: Connection,
  userOf: (anchor: Anchor) => DirectoryUser | undefined,
) {
  return ({ link, account }: { readonly link: Touched; readonly account: Account }): boolean =>
    whoseAccount({ mapping, profile }, link, account, userOf(link.anchor)) === 'somebody-else';
}

/** Links of accounts whose user may be one that these accounts show. */
function linksNamed(links: readonly Link[], accounts: readonly Account[]): readonly Link[] {
  const names = new Set(accounts.flatMap(({ userName, externalId = '' }) => [foldText(userName), externalId]));
  return links.filter(
    ({ resource, state, anchor, label }) =>
      resource === 'account' && state !== 'deleted' && (names.has(foldText(label)) || names.has(anchor)),
  );
}

/** The user of the directory whose id or name an account shows. */
async function findHolder(
  { directory }: Connection,
  { externalId = '', userName }: Account,
  signal: AbortSignal,
): Promise<DirectoryUser | undefined> {
  for (const name of [externalId, userName]) {
    if (name === '' || name.length > LONGEST_NAME) continue;
    const found = await directory.findUser(name, ['userPrincipalName'], signal);
    if (found !== undefined) return found;
  }
  return undefined;
}

import type { DirectorySnapshot } from '../core/directory.ts';
import { IncompleteReadError } from '../core/errors.ts';
import type { Link } from '../core/link.ts';
import { removalCause } from '../core/planning/plan-removals.ts';
import { scopeOf } from '../core/scope.ts';
import type { Account, ResourceId } from '../core/scim.ts';
import { whoseAccount } from '../core/whose-account.ts';
import type { Connection } from '../ports/index.ts';

/** Above this share of linked resources gone, or of accounts somebody else's, the address is taken to be wrong. */
const WRONG_PERCENT = 50;
/** Fewer than this many are believed whatever their share. */
const WRONG_FLOOR = 5;

/** Living links of one kind of resource, and what the provider answered for them. */
export interface LinkedRead {
  readonly links: readonly Link[];
  /** At least those of the links, as far as they could be read; none for groups. */
  readonly accounts: readonly Account[];
  readonly vanished: ReadonlySet<ResourceId>;
}

function isMost(part: number, whole: number): boolean {
  return part * 100 > whole * WRONG_PERCENT;
}

/** Whether the user, or group, of a link is not known to have left: only the vanishing of theirs would be made up for. */
export function stayingIn(
  { rules }: Pick<Connection, 'rules'>,
  directory: DirectorySnapshot,
): (link: Pick<Link, 'resource' | 'anchor'>) => boolean {
  const scope = scopeOf(directory, rules);
  const groups = new Set(scope.groups);
  return ({ resource, anchor }) =>
    resource === 'account' ? removalCause(anchor, scope, directory) === undefined : groups.has(anchor);
}

/**
 * What leavers and disabled accounts have left behind counts only where nobody is left at all: their vanishing harms
 * nobody, and must not stand in the way of other removals.
 */
function refuseMassVanishing(connection: Connection, directory: DirectorySnapshot, read: LinkedRead): void {
  const { links, vanished } = read;
  const goneOf = (some: readonly Link[]) => some.filter(({ resourceId }) => vanished.has(resourceId)).length;
  if (goneOf(links) < WRONG_FLOOR || !isMost(goneOf(links), links.length)) return;
  const stays = stayingIn(connection, directory);
  const stay = links.filter((link) => link.state === 'active' && stays(link));
  const gone = goneOf(stay);
  const nothingIsLeft = gone > 0 && goneOf(links) === links.length;
  if (!nothingIsLeft && (gone < WRONG_FLOOR || !isMost(gone, stay.length))) return;
  throw new IncompleteReadError(
    `the service provider answers "not found" for ${gone} of ${stay.length} linked resources`,
    {
      remedy:
        'check the provider URL and the tenant its token belongs to; nothing was changed. Only if both are right, because the ' +
        `provider was emptied or built anew: headgate connection forget-vanished -c ${connection.rules.name} says what is gone and how to begin again.`,
    },
  );
}

/** How many linked accounts show somebody else, of those that show who they are. Disabled ones may have been renamed. */
function countStrangers(
  { mapping, provider: { profile } }: Connection,
  { users }: DirectorySnapshot,
  { links, accounts }: LinkedRead,
): { readonly strangers: number; readonly compared: number } {
  const byId = new Map(accounts.map((account) => [account.id, account]));
  const count = { strangers: 0, compared: 0 };
  for (const link of links) {
    const account = link.state === 'active' && link.resource === 'account' ? byId.get(link.resourceId) : undefined;
    if (account === undefined) continue;
    const whose = whoseAccount({ mapping, profile }, link, account, users.get(link.anchor));
    if (whose !== 'unclear') count.compared += 1;
    if (whose === 'somebody-else') count.strangers += 1;
  }
  return count;
}

/** Refuses accounts most of which belong to other people than those they were linked for. */
export function refuseStrangers(connection: Connection, directory: DirectorySnapshot, read: LinkedRead): void {
  const { strangers, compared } = countStrangers(connection, directory, read);
  if (compared < WRONG_FLOOR || !isMost(strangers, compared)) return;
  throw new IncompleteReadError(
    `${strangers} of ${compared} linked accounts show neither the externalId nor the userName of the people they were linked for: ` +
      'the URL or the token probably leads to another tenant of the service provider, where the same ids are other people',
    {
      remedy:
        'check the provider URL and the tenant its token belongs to; nothing was changed. ' +
        'If the tenant is right and the accounts were renamed there, give them back their userName.',
    },
  );
}

/**
 * Refuses what a tenant answers that does not hold our resources: most are not found there, or belong to other people.
 * Accounts and groups are judged apart: many groups that are there say nothing about accounts that are not.
 */
export function refuseWrongTenant(connection: Connection, directory: DirectorySnapshot, read: LinkedRead): void {
  refuseMassVanishing(connection, directory, read);
  refuseStrangers(connection, directory, read);
}

/**
 * The same for the few links of a focus, which alone prove nothing: when most of them are gone or somebody else's, linked
 * resources outside the focus tell, as far as there are any.
 */
export async function refuseWrongTenantOfFocus(
  connection: Connection,
  directory: DirectorySnapshot,
  read: LinkedRead,
  readOthers: () => Promise<LinkedRead>,
): Promise<void> {
  const gone = read.links.filter(({ resourceId }) => read.vanished.has(resourceId)).length;
  const { strangers, compared } = countStrangers(connection, directory, read);
  const manyGone = gone >= WRONG_FLOOR && isMost(gone, read.links.length);
  if (!manyGone && !isMost(strangers, compared)) return;
  const others = await readOthers();
  if (others.links.length >= WRONG_FLOOR) {
    refuseWrongTenant(connection, directory, others);
    return;
  }
  refuseWrongTenant(connection, directory, {
    links: [...read.links, ...others.links],
    accounts: [...read.accounts, ...others.accounts],
    vanished: new Set([...read.vanished, ...others.vanished]),
  });
}

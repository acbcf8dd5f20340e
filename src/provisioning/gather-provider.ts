import pMap from 'p-map';
import type { Anchor, DirectorySnapshot } from '../core/directory.ts';
import { RejectedError } from '../core/errors.ts';
import type { Link } from '../core/link.ts';
import { desiredAccount, matchingTargets } from '../core/mapping/compile-mapping.ts';
import type { Focus } from '../core/planning/plan-input.ts';
import { isAskedBy } from '../core/profile.ts';
import type { Listing, ProviderInventory, Vanished } from '../core/provider-inventory.ts';
import { groupName, scopeOf } from '../core/scope.ts';
import { compileFilters } from '../core/scoping-filter.ts';
import type { Account, ResourceId, ScimGroup } from '../core/scim.ts';
import type { ReadProgress } from '../ports/directory-source.ts';
import type { Connection } from '../ports/index.ts';
import type { LookupKey } from '../ports/service-provider.ts';
import { refuseWrongTenant, refuseWrongTenantOfFocus, type LinkedRead } from './refuse-wrong-tenant.ts';

/** How many linked resources outside a focus are asked for when those in it raise doubts. */
const SAMPLE = 10;

interface Gathered {
  readonly inventory: ProviderInventory;
  readonly vanished: Vanished;
}

function nothingVanished() {
  return { account: new Set<ResourceId>(), group: new Set<ResourceId>() };
}

/** Asks for every linked resource that the listing did not show: absence from a list alone proves nothing. */
async function completeLinked<T extends { readonly id: ResourceId }>(
  listing: Listing<T>,
  linked: readonly ResourceId[],
  read: (id: ResourceId) => Promise<T | undefined>,
  concurrency: number,
  vanished: Set<ResourceId>,
): Promise<Listing<T>> {
  const listed = new Set(listing.resources.map(({ id }) => id));
  const missing = linked.filter((id) => !listed.has(id));
  const found = await pMap(missing, read, { concurrency });
  found.forEach((resource, position) => {
    const id = missing[position];
    if (resource === undefined && id !== undefined) vanished.add(id);
  });
  return { ...listing, resources: [...listing.resources, ...found.filter((resource) => resource !== undefined)] };
}

function merge<T extends { readonly id: ResourceId }>(listing: Listing<T>, more: readonly T[]): Listing<T> {
  const byId = new Map(listing.resources.map((resource) => [resource.id, resource]));
  for (const resource of more) byId.set(resource.id, resource);
  return { ...listing, resources: [...byId.values()] };
}

/**
 * What to ask the provider for, user by user: our own anchor, then the matching attributes in their order, and those with the
 * name the user had when last seen, which the account may still have.
 */
function accountKeys(
  connection: Connection,
  directory: DirectorySnapshot,
  isWanted: (user: Anchor) => boolean,
  nameBefore: (user: Anchor) => string | undefined,
): readonly LookupKey[] {
  const targets = matchingTargets(connection.mapping);
  // Few accounts have it: where it cannot be asked for, it is no reason to read them all.
  const anchored = isAskedBy(connection.provider.profile, 'externalId');
  const filters = compileFilters(connection.rules.scope.filters);
  return [...directory.users.values()].flatMap((user) => {
    if (!user.enabled || filters.admits(user) !== true || !isWanted(user.id)) return [];
    const mapped = desiredAccount(connection.mapping, { user, roles: [] }, 'create');
    if ('failure' in mapped) return [];
    const values = targets.map((attribute) => ({ attribute, value: mapped.account.attributes.get(attribute) }));
    const before = nameBefore(user.id);
    const former = targets.flatMap((attribute) => {
      const now = mapped.account.attributes.get(attribute);
      return before === undefined || now === before ? [] : [{ attribute, value: before }];
    });
    const own = anchored ? [{ attribute: 'externalId', value: user.id }] : [];
    return [...own, ...values, ...former].filter(
      (key): key is LookupKey => typeof key.value === 'string' && key.value !== '',
    );
  });
}

function groupKeys(
  connection: Connection,
  directory: DirectorySnapshot,
  wants: (group: string) => boolean = () => true,
): readonly LookupKey[] {
  const scope = scopeOf(directory, connection.rules);
  const wanted = connection.rules.scope.groups && connection.provider.profile.groups.supported ? scope.groups : [];
  return wanted.filter(wants).flatMap((group) => [
    { attribute: 'externalId', value: group },
    { attribute: 'displayName', value: groupName(directory, group) },
  ]);
}

/**
 * Whoever is in doubt is asked for by name: every unlinked user where the listing is not trusted, and in any case those
 * whose account is neither listed nor found by id, for they are about to get a second one.
 */
async function askByName(
  connection: Connection,
  directory: DirectorySnapshot,
  living: readonly Link[],
  accounts: Listing<Account>,
  vanished: Set<ResourceId>,
  { list }: Pick<Search<Account>, 'list'>,
  signal: AbortSignal,
  progress?: ReadProgress,
): Promise<Listing<Account>> {
  const { provider } = connection;
  const owners = new Map(living.filter(({ resource }) => resource === 'account').map((link) => [link.anchor, link]));
  const isWanted = (user: Anchor) => {
    const link = owners.get(user);
    return link === undefined ? !accounts.trusted : vanished.has(link.resourceId);
  };
  const keys = accountKeys(connection, directory, isWanted, (user) => owners.get(user)?.label);
  if (keys.length === 0) return accounts;
  progress?.('accounts asked for one by one', 0, keys.length);
  const ask = (key: LookupKey) => provider.findAccounts(key, signal);
  const search = list === undefined ? { ask } : { ask, list };
  return merge(accounts, await findByKeys(connection, keys, search, vanished));
}

interface Search<T> {
  readonly ask: (key: LookupKey) => Promise<readonly T[]>;
  /** Everything, for keys the provider cannot be asked by; absent where it was listed already. */
  readonly list?: () => Promise<Listing<T>>;
}

/**
 * What is found by any of the keys, and everything where the provider cannot be asked by one of them, or refuses to be;
 * whatever was not found by its id and is now has not vanished.
 */
async function findByKeys<T extends { readonly id: ResourceId }>(
  { provider: { profile }, concurrency }: Connection,
  keys: readonly LookupKey[],
  { ask, list }: Search<T>,
  vanished: Set<ResourceId>,
): Promise<readonly T[]> {
  let refusal: RejectedError | undefined;
  const askOnce = async (key: LookupKey) => {
    if (!isAskedBy(profile, key.attribute)) return undefined;
    return ask(key).catch((error: unknown) => {
      if (list === undefined || !(error instanceof RejectedError)) throw error;
      refusal = error;
      return undefined;
    });
  };
  const answers = await pMap(keys, askOnce, { concurrency });
  const found = answers.flatMap((answer) => answer ?? []);
  if (list !== undefined && answers.includes(undefined)) {
    const listing = await list();
    if (refusal !== undefined && !listing.trusted) throw refusal;
    found.push(...listing.resources);
  }
  for (const { id } of found) vanished.delete(id);
  return found;
}

/**
 * Reads what the provider holds. A listing that cannot be trusted is completed object by object, and nothing is inferred
 * from what it does not show (design 4.3). `judge` says whether it can be the provider that is linked to.
 */
export async function gatherProvider(
  connection: Connection,
  directory: DirectorySnapshot,
  links: readonly Link[],
  signal: AbortSignal,
  progress?: ReadProgress,
  judge = refuseWrongTenant,
): Promise<Gathered> {
  const { provider, concurrency, rules } = connection;
  const withGroups = rules.scope.groups && provider.profile.groups.supported;
  const living = links.filter(({ state }) => state !== 'deleted');
  const linked = { account: linksOf(living, 'account'), group: linksOf(living, 'group') };
  const vanished = nothingVanished();
  let accounts: Listing<Account> = await provider.listAccounts(signal, progress);
  const empty: Listing<ScimGroup> = { resources: [], trusted: true, doubts: [] };
  let groups = withGroups || linked.group.length > 0 ? await provider.listGroups(signal, progress) : empty;
  accounts = await completeLinked(
    accounts,
    idsOf(linked.account),
    (id) => provider.readAccount(id, signal),
    concurrency,
    vanished.account,
  );
  const readGroup = (id: ResourceId) => provider.readGroup(id, signal);
  groups = await completeLinked(groups, idsOf(linked.group), readGroup, concurrency, vanished.group);
  judge(connection, directory, { links: linked.account, accounts: accounts.resources, vanished: vanished.account });
  judge(connection, directory, { links: linked.group, accounts: [], vanished: vanished.group });
  accounts = await askByName(connection, directory, living, accounts, vanished.account, {}, signal, progress);
  if (!groups.trusted) {
    const ask = (key: LookupKey) => provider.findGroups(key, signal);
    const found = await findByKeys(connection, groupKeys(connection, directory), { ask }, vanished.group);
    groups = merge(groups, found);
  }
  return { inventory: { accounts, groups }, vanished };
}

function linksOf(links: readonly Link[], resource: Link['resource']): readonly Link[] {
  return links.filter((link) => link.resource === resource);
}

function idsOf(links: readonly Link[]): readonly ResourceId[] {
  return links.map(({ resourceId }) => resourceId);
}

/** Accounts and groups of the links, one by one; adds what is not found to `vanished`. */
function readById(
  { provider, concurrency }: Connection,
  links: readonly Link[],
  vanished: ReturnType<typeof nothingVanished>,
  signal: AbortSignal,
): Promise<[Listing<Account>, Listing<ScimGroup>]> {
  const none = { resources: [], trusted: false, doubts: [] };
  const ids = { account: idsOf(linksOf(links, 'account')), group: idsOf(linksOf(links, 'group')) };
  return Promise.all([
    completeLinked<Account>(none, ids.account, (id) => provider.readAccount(id, signal), concurrency, vanished.account),
    completeLinked<ScimGroup>(none, ids.group, (id) => provider.readGroup(id, signal), concurrency, vanished.group),
  ]);
}

/** A handful of links, spread over all whose user or group had not left when last seen. */
async function readSample(
  connection: Connection,
  resource: Link['resource'],
  links: readonly Link[],
  signal: AbortSignal,
): Promise<LinkedRead> {
  const stayed = links.filter(({ state, departure }) => state === 'active' && departure === undefined);
  const step = Math.max(1, Math.floor(stayed.length / SAMPLE));
  const sample = stayed.filter((_, position) => position % step === 0).slice(0, SAMPLE);
  const vanished = nothingVanished();
  const [accounts] = await readById(connection, sample, vanished, signal);
  return { links: sample, accounts: accounts.resources, vanished: vanished[resource] };
}

/**
 * Reads what the provider holds of the focus of an incremental or on-demand cycle, object by object: linked accounts and groups by id,
 * the others by their keys, or in a list where the provider cannot be asked by them. Nothing is said about anybody else;
 * `everyLink` is read only when those in focus raise doubts about whose tenant answers.
 */
export async function gatherFocus(
  connection: Connection,
  directory: DirectorySnapshot,
  links: readonly Link[],
  focus: Focus,
  signal: AbortSignal,
  everyLink: () => Promise<readonly Link[]>,
): Promise<Gathered> {
  const { provider } = connection;
  const vanished = nothingVanished();
  const inFocus = (link: Link) => (link.resource === 'account' ? focus.users : focus.groups).has(link.anchor);
  const linked = links.filter((link) => link.state !== 'deleted' && inFocus(link));
  const known = await readById(connection, linked, vanished, signal);
  for (const [resource, accounts] of [['account', known[0].resources] as const, ['group', []] as const]) {
    const read = { links: linksOf(linked, resource), accounts, vanished: vanished[resource] };
    await refuseWrongTenantOfFocus(connection, directory, read, async () => {
      const others = (await everyLink()).filter((link) => link.resource === resource && !inFocus(link));
      return readSample(connection, resource, others, signal);
    });
  }
  const groupLinks = new Set(links.filter(({ resource }) => resource === 'group').map(({ anchor }) => anchor));
  const looksAt = (group: Anchor) => focus.only !== true || focus.groups.has(group);
  // A group that is not found by its id is about to get a second one, just as an account is.
  const lost = new Set(
    linked.filter((link) => vanished[link.resource].has(link.resourceId)).map(({ anchor }) => anchor),
  );
  const isSought = (group: Anchor) => (!groupLinks.has(group) || lost.has(group)) && looksAt(group);
  const keys = groupKeys(connection, directory, isSought);
  const whole = { list: () => provider.listAccounts(signal) };
  const accounts = await askByName(connection, directory, linked, known[0], vanished.account, whole, signal);
  const search: Search<ScimGroup> = {
    ask: (key) => provider.findGroups(key, signal),
    list: () => provider.listGroups(signal),
  };
  const groups = await findByKeys(connection, keys, search, vanished.group);
  return { inventory: { accounts, groups: merge(known[1], groups) }, vanished };
}

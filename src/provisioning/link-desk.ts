import { HeadgateError, IncompleteReadError, RefusedError } from '../core/errors.ts';
import type { Link } from '../core/link.ts';
import { groupsGivenAway } from '../core/planning/given-away.ts';
import { shortDigest } from '../core/plan.ts';
import { counted } from '../core/reasons.ts';
import { countResources, sealVanished, type VanishedLinks } from '../core/vanished.ts';
import type { Connection, Ports } from '../ports/index.ts';
import type { LinkDesk } from '../ports/link-desk.ts';
import type { Log } from '../ports/log.ts';
import type { ServiceProvider } from '../ports/service-provider.ts';
import type { Stores } from '../ports/stores.ts';
import { findGivenAway } from './find-given-away.ts';
import { gatherDirectory } from './gather-directory.ts';
import { gatherProvider } from './gather-provider.ts';
import { refuseStrangers, stayingIn } from './refuse-wrong-tenant.ts';
import { requireOn } from './switched-off.ts';

/** What is asked of the stores, and of the clock. */
interface DeskPorts extends Pick<Ports, 'clock'> {
  readonly stores: {
    readonly links: Pick<Stores['links'], 'list' | 'load' | 'forget'>;
    readonly connections: Pick<Stores['connections'], 'get'>;
    readonly migrations: Pick<Stores['migrations'], 'openOf'>;
    readonly cycles: Pick<Stores['cycles'], 'openCycle'>;
  };
}

/** Shows links, and forgets those whose account or SCIM group is gone once a person has looked at them. */
export function createLinkDesk(ports: DeskPorts, log: Log, connectionOf: (name: string) => Connection): LinkDesk {
  const { links } = ports.stores;
  return {
    async list(name, { after, limit }) {
      const place = after === undefined ? {} : { after: placeOf(after) };
      const found = await links.list(connectionOf(name).rules.name, { ...place, limit: limit + 1 });
      const page = found.slice(0, limit).map(shownLink);
      const last = page.at(-1);
      return { links: page, ...(found.length > limit && last !== undefined ? { next: keyOf(last) } : {}) };
    },
    vanished: (name, signal) => findVanished(connectionOf(name), ports, signal),
    async forgetVanished({ connection: name, digest, by, reason }, signal) {
      const connection = connectionOf(name);
      const found = await findVanished(connection, ports, signal);
      refuseOther(found, digest);
      refuseMoved(connection, connectionOf(name));
      const { accounts, groups } = countResources(found.gone);
      const what = `${counted(accounts, 'account')}, ${counted(groups, 'SCIM group')}`;
      const subject = `${what} (digest ${shortDigest(found.digest)})`;
      await links.forget(found.connection, found.gone, { subject, at: ports.clock.now(), by, reason });
      log.warn({ connection: found.connection, accounts, groups, digest: found.digest, by }, 'links were forgotten');
      return found;
    },
  };
}

function shownLink({ resource, anchor, resourceId, state, label, origin }: Link) {
  return { resource, anchor, resourceId, state, label, origin };
}

function keyOf({ resource, anchor }: Pick<Link, 'resource' | 'anchor'>): string {
  return `${resource}:${anchor}`;
}

function placeOf(key: string): Pick<Link, 'resource' | 'anchor'> {
  const [kind = '', ...rest] = key.split(':');
  return { resource: kind === 'group' ? 'group' : 'account', anchor: rest.join(':') };
}

function refuseOther({ connection, gone, digest }: VanishedLinks, decided: string): void {
  const again = `headgate connection forget-vanished -c ${connection}`;
  if (gone.length === 0) {
    throw new RefusedError('plan-stale', `nothing that ${connection} is linked to is gone`, {
      remedy: 'nothing is to be forgotten, and nothing was.',
    });
  }
  if (digest.startsWith(decided)) return;
  const { accounts, groups } = countResources(gone);
  throw new RefusedError(
    'plan-stale',
    `something else is gone by now: ${counted(accounts, 'account')} and ${counted(groups, 'SCIM group')}, digest ${shortDigest(digest)}`,
    { remedy: `nothing was forgotten. Look again: ${again}` },
  );
}

/** A reload may have brought another address, or tenant, while the one before was read: what that said is about no other. */
function refuseMoved(read: Connection, now: Connection): void {
  if (now.target === read.target && now.tenant === read.tenant) return;
  const { name } = read.rules;
  const which = now.target === read.target ? 'tenant' : 'provider URL';
  throw new RefusedError(
    'plan-stale',
    `the configuration of ${name} has another ${which} since the provider was read`,
    {
      remedy: `nothing was forgotten. Look again: headgate connection forget-vanished -c ${name}`,
    },
  );
}

/** Nothing may move the links or the provider while they are compared. */
async function refuseBusy(name: string, { stores }: DeskPorts): Promise<void> {
  const history = 'its links are history, and nothing is sent by them. Take it out of the configuration.';
  await requireOn(name, stores.connections, history);
  const migration = await stores.migrations.openOf(name);
  if (migration !== undefined) {
    throw new RefusedError('migration-open', `connection ${name} has an open migration (${migration.id})`, {
      remedy: `what is linked is what it compares by. See where it stands: headgate migration status ${name}`,
    });
  }
  const cycle = await stores.cycles.openCycle(name);
  if (cycle === undefined) return;
  throw new RefusedError('cycle-open', `connection ${name} has an open cycle (${cycle.id})`, {
    remedy: `wait for its end, or cancel it: headgate cycle cancel ${cycle.id}`,
  });
}

async function findVanished(connection: Connection, ports: DeskPorts, signal: AbortSignal): Promise<VanishedLinks> {
  const { rules, target } = connection;
  await refuseBusy(rules.name, ports);
  const links = await ports.stores.links.load(rules.name);
  const living = links.filter(({ state }) => state !== 'deleted');
  const directory = await gatherDirectory(connection, links, signal);
  const asked = countAnswers(connection.provider);
  const { inventory, vanished } = await gatherProvider(
    { ...connection, provider: asked.provider },
    directory,
    links,
    signal,
    undefined,
    refuseStrangers,
  ).catch((error: unknown) => {
    throw error instanceof HeadgateError && !(error instanceof RefusedError)
      ? unproven(error, rules.name, asked)
      : error;
  });
  const stays = stayingIn(connection, directory);
  const linked = living.filter(({ resource }) => resource === 'account');
  const accounts = await findGivenAway(connection, { directory, inventory, links }, linked, signal);
  const groups = groupsGivenAway({ directory, inventory, links, profile: connection.provider.profile });
  const gone = living.flatMap((link) => {
    const whose = link.resource === 'account' ? accounts.get(link.anchor) : groups.get(link.anchor)?.whose;
    if (whose === undefined && !vanished[link.resource].has(link.resourceId)) return [];
    return [{ ...shownLink(link), inScope: stays(link), ...(whose === undefined ? {} : { whose }) }];
  });
  return sealVanished({
    connection: rules.name,
    target,
    linked: countResources(living),
    listed: { accounts: inventory.accounts.resources.length, groups: inventory.groups.resources.length },
    gone,
  });
}

interface Answers {
  readonly gone: () => number;
  readonly there: () => number;
}

/** A provider that counts how its resources answered when they were asked for by id. */
function countAnswers(provider: ServiceProvider): Answers & { readonly provider: ServiceProvider } {
  let gone = 0;
  let there = 0;
  async function count<T>(read: Promise<T | undefined>): Promise<T | undefined> {
    const found = await read;
    if (found === undefined) gone += 1;
    else there += 1;
    return found;
  }
  return {
    provider: {
      ...provider,
      readAccount: (id, signal) => count(provider.readAccount(id, signal)),
      readGroup: (id, signal) => count(provider.readGroup(id, signal)),
    },
    gone: () => gone,
    there: () => there,
  };
}

function unproven(error: HeadgateError, connection: string, { gone, there }: Answers): IncompleteReadError {
  const found = `${gone()} linked resources were not found and ${there()} were, asked one by one`;
  return new IncompleteReadError(`what is gone cannot be told (${found}): ${error.message}`, {
    ...error.facts,
    connection,
    remedy: `nothing was forgotten: only what the provider says is not there may be. ${(error.facts.remedy ?? 'Mend the cause').replace(/\.$/, '')}; then: headgate connection forget-vanished -c ${connection}`,
    cause: error,
  });
}

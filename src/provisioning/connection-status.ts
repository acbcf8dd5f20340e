import { EXPIRY_DAYS, expiryWarning, type Credential } from '../core/credential.ts';
import { inState } from '../core/cycle.ts';
import type { Link } from '../core/link.ts';
import { guardSettings } from '../core/guards/settings.ts';
import { GUARDS } from '../core/verdict.ts';
import type { CredentialStore } from '../ports/credentials.ts';
import type { HoldDesk } from '../ports/hold-desk.ts';
import type { Connection } from '../ports/index.ts';
import type { ConnectionStatus, CycleView, PendingRemoval } from '../ports/operator.ts';
import type { EscrowStore } from '../ports/recovery.ts';
import type { ConnectionStore, CycleRecord, CycleStore, LinkStore, OperationRecord } from '../ports/stores.ts';
import { migrationStatus, type StatusMigrations } from './migration-status.ts';

/** How far back the last success and the last plan of a connection are looked for. */
const RECENT_CYCLES = 50;
/** Operations of one user or group looked through for the removal that is to come. */
const RECENT_OPERATIONS = 10;
/** How many of the removals to come are named. */
const NAMED_REMOVALS = 5;

/** What is read of the store to say how a connection is. */
export interface StatusStores {
  readonly cycles: Pick<CycleStore, 'list' | 'operationsOf'>;
  readonly links: Pick<LinkStore, 'counts' | 'leaving'>;
  readonly connections: Pick<ConnectionStore, 'get'>;
  readonly escrows: Pick<EscrowStore, 'totals'>;
  readonly holds: Pick<HoldDesk, 'list'>;
  readonly credentials: Pick<CredentialStore, 'list'>;
  readonly migrations: StatusMigrations;
}

/**
 * How one connection is. What is held is counted from the newest closed cycle that stored a plan: one that failed while
 * reading, or was refused, settles nothing and must not make it look settled. What has failed is what is in escrow.
 */
export async function connectionStatus(
  connection: Connection,
  { cycles, links, connections, escrows, holds, credentials, migrations }: StatusStores,
  view: (cycle: CycleRecord) => Promise<CycleView>,
  now: number,
): Promise<ConnectionStatus> {
  const { name, application } = connection.rules;
  const recent = await cycles.list({ connection: name, limit: RECENT_CYCLES });
  const open = recent.find(({ phase }) => phase !== 'closed');
  // An audit provisions nobody, and one on demand looks at too little: neither says how the connection is.
  const provisioning = recent.filter(({ kind }) => kind !== 'audit');
  const last = provisioning.find(({ phase }) => phase === 'closed');
  // While the directory cannot be read for hours the last plan may be far back, and so may the last success.
  const plans = await cycles.list({ connection: name, planned: true, limit: RECENT_CYCLES });
  const lastPlanned = plans.find(({ kind, phase }) => phase === 'closed' && kind !== 'audit' && kind !== 'on-demand');
  // The metric says the same. While objects fail in each cycle the last success may be far back.
  const succeeded = await cycles.list({ connection: name, result: 'succeeded', limit: RECENT_CYCLES });
  const lastSuccess = succeeded.find(({ kind }) => kind !== 'audit' && kind !== 'on-demand');
  const planned = lastPlanned === undefined ? undefined : await view(lastPlanned);
  const totals = await escrows.totals(name, now);
  const escrowed = totals.accounts + totals.groups;
  return {
    connection: name,
    application,
    profile: connection.provider.profile.name,
    state: await connections.get(name),
    links: await links.counts(name),
    ...(await pendingRemovals({ links, cycles }, name)),
    held: planned === undefined ? 0 : inState(planned.counts, 'held'),
    holds: await holds.list({ connection: name, ended: false, limit: GUARDS.length }),
    guards: guardSettings(connection.rules),
    escrowed,
    ...(escrowed === 0 ? {} : { escrows: totals }),
    ...(open === undefined ? {} : { openCycle: await view(open) }),
    ...(last === undefined ? {} : { lastCycle: last }),
    ...(lastPlanned === undefined ? {} : { lastPlanned }),
    ...(lastSuccess === undefined ? {} : { lastSuccess }),
    ...(await unmappedUsers(cycles, name)),
    ...expiring(await credentials.list(name), now),
    ...(await migrationStatus(migrations, name, now)),
  };
}

function expiring(credentials: readonly Credential[], now: number): Pick<ConnectionStatus, 'expiring'> {
  const found = credentials.flatMap((credential) => {
    const { fingerprint, expiresAt } = credential;
    if (expiresAt === undefined || expiryWarning(credential, [EXPIRY_DAYS], now) === undefined) return [];
    return [{ fingerprint, expiresAt, expired: expiresAt <= now }];
  });
  return found.length === 0 ? {} : { expiring: found };
}

/** What the newest full cycle with a plan says of users it could not map: an incremental one sees too few to say. */
async function unmappedUsers(
  cycles: Pick<CycleStore, 'list'>,
  connection: string,
): Promise<Pick<ConnectionStatus, 'unmapped'>> {
  const [full] = await cycles.list({ connection, kind: 'initial', planned: true, limit: 1 });
  const { id, plannedAt, notices } = full ?? {};
  const notice = notices?.find(({ code }) => code === 'mapping-failed');
  if (id === undefined || plannedAt === undefined || notice === undefined) return {};
  return { unmapped: { cycle: id, plannedAt, text: notice.text } };
}

async function pendingRemovals(
  { links, cycles }: Pick<StatusStores, 'links' | 'cycles'>,
  connection: string,
): Promise<Pick<ConnectionStatus, 'leaving'>> {
  const { total, links: next } = await links.leaving(connection, NAMED_REMOVALS);
  if (total === 0) return {};
  const named = next.map(async (link) => {
    const removal = pendingRemoval(link);
    return removal === undefined
      ? []
      : [withHold(removal, await cycles.operationsOf(connection, link.anchor, RECENT_OPERATIONS))];
  });
  return { leaving: { total, next: (await Promise.all(named)).flat() } };
}

/** The removal with the guard that holds it, as the newest operations of its user or group tell. */
export function withHold(removal: PendingRemoval, newestFirst: readonly OperationRecord[]): PendingRemoval {
  const { resource, action } = removal;
  const last = newestFirst.find(({ operation }) => operation.resource === resource && operation.kind === action);
  return last?.state === 'held' && last.heldBy !== undefined ? { ...removal, heldBy: last.heldBy } : removal;
}

/** What a link says will be done to its account or SCIM group; undefined when nothing will. */
export function pendingRemoval({ resource, label, state, departure }: Link): PendingRemoval | undefined {
  if (departure?.next === undefined) return undefined;
  const { action, dueAt, reason } = departure.next;
  // What was done is remembered until the next cycle saw it done; nothing is to come of it.
  if (state === 'deleted' || (action === 'disable' && state === 'disabled')) return undefined;
  return { resource, label, action, dueAt, reason };
}

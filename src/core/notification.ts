import { FIRST_TOKEN } from './credential-take-up.ts';

/** What people are told of. Events happened once; a condition is told when it begins and when it ends. */
export const NOTIFICATION_KINDS = [
  'token.generated',
  'token.promoted',
  'token.switched',
  'token.retired',
  'token.revoked',
  'token.expiring',
  'token.owner',
  'connection.paused',
  'connection.quarantined',
  'connection.recovered',
  'cycle.failing',
  'cycle.recovered',
  'hold.waiting',
  'hold.lifted',
  'migration.gate',
  'migration.paused',
  'migration.ended',
  'migration.broken',
  'test',
] as const;
export type NotificationKind = (typeof NOTIFICATION_KINDS)[number];

/** Something people are told. Holds names of connections, guards and fingerprints, and never one of a person. */
export interface NewNotification {
  readonly kind: NotificationKind;
  readonly connection: string;
  readonly facts: Readonly<Record<string, string | number>>;
}

export interface Notification extends NewNotification {
  /** The same however often it is sent. */
  readonly id: string;
  /** Ms since the epoch. */
  readonly at: number;
}

/** Which notification an entry in a credential's history is, if any. */
export function kindOfCredentialEvent(event: string): NotificationKind | undefined {
  return BY_EVENT[event];
}

/** What is told of an entry in a credential's history. */
export function factsOfCredentialEvent(
  event: string,
  { fingerprint, detail }: { readonly fingerprint: string; readonly detail?: string },
): NewNotification['facts'] {
  if (event === 'owner-absent') return { fingerprint, absent: 1 };
  if (event === 'installed' && detail === FIRST_TOKEN) return { fingerprint, first: 1 };
  return event === 'retired' && detail !== undefined ? { fingerprint, confirmed: detail } : { fingerprint };
}

const BY_EVENT: Readonly<Partial<Record<string, NotificationKind>>> = {
  added: 'token.generated',
  installed: 'token.generated',
  'handed-over-again': 'token.generated',
  promoted: 'token.promoted',
  switched: 'token.switched',
  retired: 'token.retired',
  revoked: 'token.revoked',
  'owner-named': 'token.owner',
  'owner-absent': 'token.owner',
};

/** How a connection is, as far as people are told of it. */
export interface Watched {
  readonly connection: string;
  /**
   * Whether nothing is sent, by somebody's will or because the provider is in trouble. Of a pause no reason is told: its
   * words are a person's, or a migration's that says whom it stopped for.
   */
  readonly stopped?:
    { readonly by: 'pause' } | { readonly by: 'quarantine'; readonly reason: string; readonly status?: number };
  /** Guards that hold operations of the newest plan and were not approved, with how many each keeps back, and how many are held together. */
  readonly held: { readonly guards: Readonly<Record<string, number>>; readonly operations: number };
  /** Credentials that reached a day of warning: fingerprint and that day. */
  readonly expiring: Readonly<Record<string, number>>;
  readonly migration?: WatchedMigration;
  /** When the newest cycles in a row ended that failed, newest first, ms since the epoch; absent where that is not known. */
  readonly failures?: readonly number[];
  /** When all this was looked at, ms since the epoch. */
  readonly at: number;
}

/** Where the newest migration of a connection stands still. Absent while it goes on, where there is none, and long after its end. */
export interface WatchedMigration {
  readonly id: string;
  readonly is: 'gate' | 'paused' | 'ended' | 'broken';
  /** Changes whenever it stands somewhere else, or waits for another yes. */
  readonly key: string;
  readonly facts: NewNotification['facts'];
}

/** What people were last told of a connection. */
export interface Told {
  readonly stopped: 'pause' | 'quarantine' | 'no';
  /** Why it was in quarantine; absent where it was not, or an earlier version told it. */
  readonly reason?: string;
  readonly guards: readonly string[];
  /** How many operations each of them kept back when it was told; absent where an earlier version told it. */
  readonly sizes?: Readonly<Record<string, number>>;
  readonly expiring: Readonly<Record<string, number>>;
  /** The migration that was spoken of last, and where it stood. */
  readonly migration?: Pick<WatchedMigration, 'id' | 'key'>;
  /** People were told that cycles fail, and not yet that they do no more. */
  readonly failing?: boolean;
  /** When it was seen to go on after a stop. What failed before is told as that stop. */
  readonly wentOnAt?: number;
}

export const NOTHING_TOLD: Told = { stopped: 'no', guards: [], expiring: {} };

/**
 * What to tell now, and what will have been told then. A condition that goes on is not told again; another reason of a
 * quarantine, a further guard, one that keeps back twice as much by now, or a nearer day is; an end is told only of what was
 * told. Pure.
 */
export function whatToTell(
  before: Told,
  now: Watched,
): { readonly tell: readonly NewNotification[]; readonly told: Told } {
  const { connection, stopped, held, expiring } = now;
  const tell: NewNotification[] = [];
  const add = (kind: NotificationKind, facts: NewNotification['facts']) => tell.push({ kind, connection, facts });
  const reason = stopped?.by === 'quarantine' ? stopped.reason : undefined;
  const isOther = before.reason !== undefined && reason !== undefined && reason !== before.reason;
  if (stopped !== undefined && (stopped.by !== before.stopped || isOther)) {
    if (stopped.by === 'pause') add('connection.paused', {});
    else add('connection.quarantined', { reason: quarantineWords(stopped) });
  }
  if (stopped === undefined && before.stopped !== 'no') add('connection.recovered', {});
  const { guards, sizes, isNews } = holdsToTell(before, held);
  if (isNews) {
    add('hold.waiting', { guards: guards.join(', '), operations: held.operations });
  }
  if (guards.length === 0 && before.guards.length > 0) add('hold.lifted', { guards: before.guards.join(', ') });
  for (const [fingerprint, days] of Object.entries(expiring)) {
    if (before.expiring[fingerprint] !== days) add('token.expiring', { fingerprint, days });
  }
  const wentOnAt = stopped === undefined && before.stopped !== 'no' ? now.at : before.wentOnAt;
  const failures = failuresToTell(now, wentOnAt);
  const failing = now.failures?.length !== 0 && (before.failing === true || failures > 0);
  if (failing && before.failing !== true) add('cycle.failing', { failures });
  if (!failing && before.failing === true) add('cycle.recovered', {});
  const { migration = before.migration } = now;
  if (now.migration !== undefined && !isKnown(before.migration, now.migration))
    add(`migration.${now.migration.is}`, now.migration.facts);
  const spokenOf = migration === undefined ? {} : { migration: { id: migration.id, key: migration.key } };
  const ofCycles = { ...(failing ? { failing } : {}), ...(wentOnAt === undefined ? {} : { wentOnAt }) };
  const ofStop = { stopped: stopped?.by ?? 'no', ...(reason === undefined ? {} : { reason }) } as const;
  return { tell, told: { ...ofStop, guards, sizes, expiring, ...spokenOf, ...ofCycles } };
}

/** A status alone is no other reason: a provider that is down answers 502 now and 503 then. */
function quarantineWords({ reason, status }: { readonly reason: string; readonly status?: number }): string {
  return status === undefined ? reason : `${reason}, status ${status}`;
}

/** Guards that hold, in order, with what each kept back when it was told, and whether people are to be told now: of all of them. */
function holdsToTell(before: Told, { guards: keptBack, operations }: Watched['held']) {
  const guards = operations === 0 ? [] : Object.keys(keptBack).toSorted();
  const isNews = guards.some((guard) => isMore(before, guard, keptBack[guard] ?? 0));
  const sizes = guards.map((guard) => [guard, isNews ? keptBack[guard] : before.sizes?.[guard]] as const);
  return {
    guards,
    isNews,
    sizes: Object.fromEntries(sizes.map(([guard, told]) => [guard, told ?? keptBack[guard] ?? 0])),
  };
}

/** Twice as much is more, and not one more: of leavers there is another each day. */
function isMore({ guards, sizes = {} }: Told, guard: string, size: number): boolean {
  const told = sizes[guard];
  return !guards.includes(guard) || (told !== undefined && size >= 2 * told && size > told);
}

/** So many cycles that fail in a row are told, and fewer once the first of them is this long ago, in ms: the next may be a week away. */
const FAILURES = 3;
const FAILING_MS = 3_600_000;

/** How many failed cycles people are to be told of; none while a stop says it already, or the next one may do better soon. */
function failuresToTell({ stopped, failures = [], at }: Watched, wentOnAt = 0): number {
  if (stopped !== undefined) return 0;
  const counted = failures.filter((endedAt) => endedAt > wentOnAt);
  const first = counted.at(-1) ?? at;
  return counted.length >= FAILURES || at - first >= FAILING_MS ? counted.length : 0;
}

function isKnown(before: Told['migration'], { id, key }: WatchedMigration): boolean {
  return before?.id === id && before.key === key;
}

const MINUTE = 60_000;
/** Waits between attempts as Standard Webhooks proposes them ("Deliverability and reliability"); the last one repeats. */
const WAITS = [5_000, 5 * MINUTE, 30 * MINUTE, 120 * MINUTE, 300 * MINUTE, 600 * MINUTE];

/** How long to wait after so many failed attempts in a row, in ms. */
export function deliveryWait(attempts: number): number {
  return WAITS[Math.min(Math.max(attempts, 1), WAITS.length) - 1] ?? MINUTE;
}

import type { ColumnType, Generated, Kysely, Transaction } from 'kysely';
import type { Credential, CredentialState } from '../../core/credential.ts';
import type { Departure } from '../../core/departure.ts';
import type { JournalEntry } from '../../core/migration/journal.ts';
import type { DriftReport } from '../../core/drift.ts';
import type { Notification, NotificationKind, Told } from '../../core/notification.ts';
import type { Link, RememberedPath } from '../../core/link.ts';
import type { Escrow } from '../../core/escrow.ts';
import type { Health } from '../../core/quarantine.ts';
import type { Decision, HeldPieces, HoldEvent, HoldState } from '../../core/holds.ts';
import type { GuardName } from '../../core/verdict.ts';
import type { HoldRecord } from '../../ports/hold-store.ts';
import type { RecoveryAct, SeenPace } from '../../ports/recovery.ts';
import type { Wave } from '../../core/operation.ts';
import type { Int8, Json, NullableInt8 } from './column-types.ts';
import type { BaselineTable, CycleTable, OperationTable, SeenOperationView, SliceTable } from './cycle-tables.ts';

interface ConnectionTable {
  readonly name: string;
  readonly paused_reason: string | null;
  readonly paused_at: NullableInt8;
  readonly throttled_until: NullableInt8;
  readonly schedules_paused: Generated<boolean>;
  readonly health: Json<Health>;
  readonly pace: Json<SeenPace>;
  readonly switched_off_at: NullableInt8;
  readonly application: string | null;
  readonly tenant: string | null;
  /** As a digest. */
  readonly provider: string | null;
  readonly told_at: NullableInt8;
}

interface EscrowTable {
  readonly connection: string;
  readonly resource: Escrow['resource'];
  readonly anchor: string;
  readonly kind: Escrow['kind'];
  readonly label: string;
  readonly first_failed_at: Int8;
  readonly due_at: Int8;
  readonly body: ColumnType<Escrow, string, string>;
}

interface RecoveryActTable {
  readonly number: Generated<string>;
  readonly connection: string;
  readonly act: RecoveryAct['act'];
  readonly subject: string;
  readonly at: Int8;
  readonly by_whom: string;
  readonly reason: string | null;
}

interface ScopeMigrationTable {
  readonly number: Generated<string>;
  readonly id: string;
  readonly connection: string;
  readonly created_at: Int8;
  readonly ended_at: NullableInt8;
  readonly lease_worker: string | null;
  readonly lease_until: NullableInt8;
  /** How the journal ends: null where older versions wrote it. */
  readonly journal_lines: number | null;
  readonly journal_hash: string | null;
}

interface JournalTable {
  readonly migration: string;
  readonly sequence: number;
  readonly at: Int8;
  readonly entry: ColumnType<JournalEntry, string, never>;
  readonly previous: string;
  readonly hash: string;
}

interface DriftTable {
  readonly connection: string;
  readonly counts: ColumnType<DriftReport['counts'], string, string>;
  readonly body: ColumnType<DriftReport, string, string>;
}

/** A link without what it remembers of its user, which is written apart. */
export type StoredLink = Omit<Link, 'paths' | 'awaiting' | 'departure'>;

interface LinkTable {
  readonly connection: string;
  readonly resource: Link['resource'];
  readonly anchor: string;
  readonly state: Link['state'];
  readonly body: ColumnType<StoredLink, string, string>;
  readonly paths: Json<readonly RememberedPath[]>;
  /** Groups among the paths, for finding who is reached through one. */
  readonly resource_id: string | null;
  readonly path_groups: readonly string[] | null;
  readonly awaiting: readonly string[] | null;
  readonly departure: Json<Departure>;
  /** Of the departure's next step, for finding whose is due. */
  readonly due_at: NullableInt8;
}

interface CredentialTable {
  readonly number: Generated<string>;
  readonly id: string;
  readonly connection: string;
  readonly fingerprint: string;
  readonly state: CredentialState;
  readonly version: Generated<number>;
  readonly body: ColumnType<Credential, string, string>;
  readonly sealed: string | null;
  readonly file: string | null;
}

interface CredentialEventTable {
  readonly number: Generated<string>;
  readonly credential: string;
  readonly at: Int8;
  readonly event: string;
  readonly actor: string;
  readonly detail: string | null;
}

interface HoldTable {
  readonly number: Generated<string>;
  readonly connection: string;
  readonly guard: GuardName;
  readonly state: HoldState;
  readonly digest: string;
  readonly pieces: Json<HeldPieces>;
  readonly operations: number;
  readonly findings: Json<HoldRecord['findings']>;
  readonly cycle: string;
  /** Operations sent by its approval. */
  readonly sent: Generated<number>;
  readonly decision: Json<Omit<Decision, 'pieces'>>;
  readonly decided_pieces: Json<HeldPieces>;
  readonly opened_at: Int8;
  readonly changed_at: Int8;
  readonly ended_at: NullableInt8;
}

interface HoldEventTable {
  readonly number: Generated<string>;
  readonly hold: string;
  readonly at: Int8;
  readonly event: HoldEvent;
  readonly digest: string;
  readonly operations: number;
  readonly actor: string | null;
  readonly reason: string | null;
  readonly until: NullableInt8;
}

interface NotificationTable {
  readonly number: Generated<string>;
  readonly id: string;
  readonly kind: NotificationKind;
  readonly connection: string;
  readonly at: Int8;
  readonly facts: ColumnType<Notification['facts'], string, never>;
}

interface ToldTable {
  readonly connection: string;
  readonly version: Generated<number>;
  readonly body: ColumnType<Told, string, string>;
}

interface ChannelTable {
  readonly name: string;
  readonly delivered: Int8;
  readonly attempts: Generated<number>;
  readonly not_before: ColumnType<string | number, number | undefined, number>;
  readonly failure: string | null;
}

interface CountTable {
  readonly state: string;
  readonly count: Int8;
}

/** The tables of the schema `headgate`, as the migrations leave them. */
export interface Tables {
  readonly 'headgate.connection': ConnectionTable;
  readonly 'headgate.cycle': CycleTable;
  readonly 'headgate.baseline': BaselineTable;
  readonly 'headgate.scope_migration': ScopeMigrationTable;
  readonly 'headgate.scope_migration_journal': JournalTable;
  readonly 'headgate.drift': DriftTable;
  readonly 'headgate.slice': SliceTable;
  readonly 'headgate.operation': OperationTable;
  readonly 'headgate.operation_seen': SeenOperationView;
  readonly 'headgate.credential': CredentialTable;
  readonly 'headgate.credential_event': CredentialEventTable;
  readonly 'headgate.escrow': EscrowTable;
  readonly 'headgate.recovery_act': RecoveryActTable;
  readonly 'headgate.notification': NotificationTable;
  readonly 'headgate.told': ToldTable;
  readonly 'headgate.channel': ChannelTable;
  readonly 'headgate.operation_count': CountTable & { readonly cycle: string; readonly wave: Wave };
  readonly 'headgate.hold': HoldTable;
  readonly 'headgate.hold_event': HoldEventTable;
  readonly 'headgate.link': LinkTable;
  readonly 'headgate.link_count': CountTable & { readonly connection: string; readonly resource: Link['resource'] };
}

export type Sql = Kysely<Tables>;
export type Tx = Transaction<Tables>;

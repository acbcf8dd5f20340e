import type { Database } from '../../src/adapters/postgres/database.ts';
import { createStores } from '../../src/adapters/postgres/stores.ts';
import { createVault } from '../../src/adapters/vault/vault.ts';
import type { JournalEntry } from '../../src/core/migration/journal.ts';
import type { Consent, MigrationKind } from '../../src/core/migration/migration.ts';
import type { MigrationView } from '../../src/core/migration/view.ts';
import { advanceMigration } from '../../src/migration/advance.ts';
import { createMigrationOperator } from '../../src/migration/operator.ts';
import type { Connection, Ports } from '../../src/ports/index.ts';
import type { MigrationStore } from '../../src/ports/migration-store.ts';
import { createPace } from '../../src/provisioning/pace.ts';
import { unlessSwitchedOff } from '../../src/provisioning/switched-off.ts';
import type { Organisation } from '../../src/sandbox/organisation/organisation.ts';
import type { SandboxProvider } from '../../src/sandbox/provider/provider.ts';
import { ENTRA_MIGRATION_PERMISSIONS } from '../../src/sandbox/tenant/login/applications.ts';
import type { JobSettings } from '../../src/sandbox/tenant/provisioning/provisioning-jobs.ts';
import type { Tenant } from '../../src/sandbox/tenant/tenant.ts';
import { defaultMapping, theRules } from '../builders.ts';
import { aSecret } from '../provisioning/fakes.ts';
import { silentLog } from '../silent-log.ts';
import { openSurroundings, startAs, type Surroundings, type SurroundingsOptions } from './surroundings.ts';
import { useWorlds } from './use-worlds.ts';

const never = new AbortController().signal;

let worlds = 0;

/** Journals whose process dies when it is told to: from then on every call fails, until another process takes over. */
function mortalMigrations(real: MigrationStore) {
  let left = Infinity;
  let dead = false;
  let deaths = 0;
  let isLast: (entry: JournalEntry) => boolean = () => false;
  let isAbsent: (entry: JournalEntry) => boolean = () => false;
  let holder: { readonly id: string; readonly worker: string } | undefined;
  const alive = () => {
    if (dead) throw new Error('the process is dead');
  };
  const migrations: MigrationStore = {
    ...real,
    async lease(id, worker, leaseMs) {
      alive();
      holder = { id, worker };
      return real.lease(id, worker, leaseMs);
    },
    async release(id, worker) {
      alive();
      return real.release(id, worker);
    },
    async lines(id, after) {
      alive();
      return real.lines(id, after);
    },
    async append(id, entries, how) {
      alive();
      const own = how?.worker !== undefined;
      dead = own && entries.some(isAbsent);
      alive();
      const added = await real.append(id, entries, how);
      if (!own) return added;
      left -= entries.length;
      dead = left <= 0 || entries.map(isLast).includes(true);
      alive();
      return added;
    },
  };
  return {
    migrations,
    dieAfter: (lines: number): void => {
      left = lines;
    },
    dieBefore: (chosen: (entry: JournalEntry) => boolean): void => {
      isAbsent = chosen;
    },
    dieRightAfter: (chosen: (entry: JournalEntry) => boolean): void => {
      isLast = chosen;
    },
    deaths: () => deaths,
    /** Works as a process would; one that dies leaves its lease to run out. */
    async live(work: () => Promise<void>): Promise<void> {
      try {
        await work();
      } catch (error) {
        if (!dead) throw error;
      }
      if (!dead) return;
      dead = false;
      left = Infinity;
      deaths += 1;
      if (holder !== undefined) await real.release(holder.id, holder.worker);
    },
  };
}

export interface EntraWorldOptions {
  readonly organisation: Organisation;
  readonly job?: JobSettings;
  readonly permissions?: readonly string[];
  readonly vendor?: SurroundingsOptions['vendor'];
  /** Token of its own that is saved in Entra's job; absent, it has Headgate's. */
  readonly jobToken?: string;
  /** Another connection of the same application, made from this one. */
  readonly beside?: (own: Connection) => Connection;
}

/** A company that Entra's own service has provisioned, and Headgate beside it. Cycles of Entra's job run when told to. */
export interface EntraWorld {
  readonly tenant: Tenant;
  readonly provider: SandboxProvider;
  readonly ports: Ports;
  readonly connection: Connection;
  readonly operator: ReturnType<typeof createMigrationOperator>;
  /** One cycle of Entra's own job. */
  cycle(): ReturnType<Tenant['control']['runProvisioningJob']>;
  start(kind: MigrationKind, groups?: readonly string[], accept?: readonly Consent[]): Promise<MigrationView>;
  /** Goes on, with a cycle of Entra's job after each look, until a person must act or it has ended. */
  settle(): Promise<MigrationView>;
  /** Goes on for so many looks without any cycle. */
  look(times: number): Promise<MigrationView>;
  approve(): Promise<MigrationView>;
  /** Lets Headgate die once it has written so many more lines of the journal; the next look is another process. */
  dieAfter(lines: number): void;
  /** Lets it die each time it is about to write such a line, when what that tells has been done, or has written it. */
  dieBefore(chosen: (entry: JournalEntry) => boolean): void;
  dieRightAfter(chosen: (entry: JournalEntry) => boolean): void;
  /** How often it has died. */
  deaths(): number;
  /** `Paused`, `Active` … as the tenant has it. */
  jobCode(): Promise<string | undefined>;
  /** Names of users and groups assigned. */
  assigned(): readonly string[];
  /** userNames of the members of each SCIM group, by its name. */
  readonly groups: Surroundings['groups'];
  /** userNames of accounts by whether they are active. */
  active(): readonly string[];
  close(): Promise<void>;
}

/** For the worlds of a test file: what this returns opens one, over real HTTP and a real database, until its test is over. */
export function useEntraWorlds(): (options: EntraWorldOptions) => Promise<EntraWorld> {
  return useWorlds(openEntraWorld);
}

async function openEntraWorld(
  database: Database,
  { organisation, job, permissions = ENTRA_MIGRATION_PERMISSIONS, vendor, jobToken, beside }: EntraWorldOptions,
): Promise<EntraWorld> {
  const name = `acme-${++worlds}`;
  const clock = { now: () => Date.now() };
  const around = await openSurroundings({ name, organisation, clock, permissions, ...(vendor && { vendor }) });
  const { tenant, provider, principal, directory } = around;
  const stores = createStores({ database, clock });
  const connection: Connection = {
    rules: theRules({ name, application: principal.appId, engine: 'entra' }),
    mapping: defaultMapping(),
    directory,
    provider: unlessSwitchedOff(around.scim, name, stores.connections, clock.now),
    credential: aSecret,
    target: provider.url,
    tenant: 'contoso',
    concurrency: 4,
  };
  const unused = (): never => {
    throw new Error('not part of a migration with the engine of Entra');
  };
  const all = beside === undefined ? [connection] : [connection, beside(connection)];
  const mortal = mortalMigrations(stores.migrations);
  const ports: Ports = {
    stores: { ...stores, migrations: mortal.migrations },
    vault: createVault({}),
    channels: new Map(),
    queue: {
      enqueue: async () => undefined,
      setSchedules: unused,
      listSchedules: unused,
      counts: unused,
      ping: unused,
    },
    connections: new Map(all.map((one) => [one.rules.name, one])),
    clock,
    metrics: around.metrics,
    worker: { id: 'w1', leaseMs: 60_000, sliceSize: 1, window: 1 },
    pace: createPace(1),
    gatherings: { run: unused },
    migration: { settleMs: 0, writer: around.writer },
  };
  const { control } = tenant;
  if (jobToken !== undefined) {
    provider.setBehaviour({ tokens: { most: 2, beyond: 'refuse' } });
    provider.addToken(jobToken);
  }
  const target = { url: provider.url, token: jobToken ?? around.token };
  control.setProvisioningJob(principal.appId, 'NotRun', { target, deleteThreshold: 3, ...job });
  const cycle = () => control.runProvisioningJob(principal.appId);
  if ((await cycle())?.state !== 'Succeeded') throw new Error('the first cycle failed');
  const operator = createMigrationOperator(ports);
  const status = () => operator.migrationStatus(name);
  const advance = async () => {
    const open = await stores.migrations.openOf(name);
    if (open !== undefined)
      await mortal.live(() => advanceMigration(open.id, connection, ports, silentLog, never).then(() => undefined));
    return status();
  };
  return {
    tenant,
    provider,
    ports,
    connection,
    operator,
    cycle,
    start: (kind, groups, accept) => startAs(operator, name, kind, groups, accept),
    async settle() {
      for (;;) {
        const view = await advance();
        if (view.status !== 'running') return view;
        await cycle();
      }
    },
    dieAfter: mortal.dieAfter,
    dieBefore: mortal.dieBefore,
    dieRightAfter: mortal.dieRightAfter,
    deaths: mortal.deaths,
    async look(times) {
      let view = await advance();
      for (let time = 1; time < times; time++) view = await advance();
      return view;
    },
    async approve() {
      const { gate } = await status();
      if (gate === undefined) throw new Error(`it stands at no gate: ${JSON.stringify(await status())}`);
      return operator.approveMigration({ connection: name, gate: gate.name, digest: gate.digest, by: 'bob' });
    },
    async jobCode() {
      const [seen] = await directory.readProvisioningJobs(principal.id, never);
      return seen?.code;
    },
    assigned: around.assigned,
    groups: around.groups,
    active: () =>
      provider.accounts
        .all()
        .filter((account) => account['active'] === true)
        .flatMap(({ userName }) => (typeof userName === 'string' ? userName : []))
        .toSorted(),
    close: around.close,
  };
}

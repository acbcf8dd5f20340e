import type { Database } from '../../src/adapters/postgres/database.ts';
import { createStores } from '../../src/adapters/postgres/stores.ts';
import { createVault } from '../../src/adapters/vault/vault.ts';
import type { ConnectionRules } from '../../src/core/connection.ts';
import type { JournalEntry } from '../../src/core/migration/journal.ts';
import type { MigrationKind } from '../../src/core/migration/migration.ts';
import type { MigrationView } from '../../src/core/migration/view.ts';
import { createMigrationOperator } from '../../src/migration/operator.ts';
import type { Connection, Ports } from '../../src/ports/index.ts';
import type { MigrationStore } from '../../src/ports/migration-store.ts';
import type { Stores } from '../../src/ports/stores.ts';
import { createGatherings } from '../../src/provisioning/gatherings.ts';
import { createPace } from '../../src/provisioning/pace.ts';
import { sweep } from '../../src/provisioning/sweep.ts';
import { unlessSwitchedOff } from '../../src/provisioning/switched-off.ts';
import type { Organisation } from '../../src/sandbox/organisation/organisation.ts';
import { defaultMapping, theGuards, thePolicy, theRules } from '../builders.ts';
import { aHandClock } from '../contract/stores.contract.ts';
import { ModelProcess } from '../model/model-process.ts';
import { ModelQueue } from '../model/model-queue.ts';
import { silentLog } from '../silent-log.ts';
import { openSurroundings, startAs, type Surroundings, type SurroundingsOptions } from './surroundings.ts';
import { useWorlds } from './use-worlds.ts';

/** Jobs one process may take: far more than any way to where it stands still needs. */
const MOST_JOBS = 1000;

type Chosen = (entry: JournalEntry) => boolean;

/** Lines of the journal at which a process dies: when it is about to write one, or has written it. */
interface Deadly {
  before: Chosen;
  after: Chosen;
}

const UNHARMED: Deadly = { before: () => false, after: () => false };

/** A company that Headgate itself provisions. Its processes follow one another, each with an empty queue. */
export interface OwnWorld extends Surroundings {
  readonly name: string;
  readonly stores: Stores;
  /** Of a process that nobody kills: what people say through it is said. */
  readonly operator: ReturnType<typeof createMigrationOperator>;
  start(kind: MigrationKind, groups?: readonly string[]): Promise<MigrationView>;
  /** One process from its start on, until it has died or nothing is left to do before a person acts. */
  live(): Promise<MigrationView>;
  /** Says yes at the gate it stands at. */
  approve(): Promise<MigrationView>;
  dieBefore(chosen: Chosen): void;
  dieRightAfter(chosen: Chosen): void;
  /** How many processes have died. */
  deaths(): number;
}

function mortal(real: MigrationStore, process: ModelProcess, deadly: Deadly): MigrationStore {
  return {
    ...real,
    async append(id, entries, how) {
      if (entries.some(deadly.before)) process.die();
      const added = await real.append(id, entries, how);
      if (added !== undefined && entries.map(deadly.after).includes(true)) process.die();
      return added;
    },
  };
}

type Policy = Parameters<typeof thePolicy>[0];

let worlds = 0;

/**
 * For the worlds of a test file: what this returns opens one, over real HTTP and a real database, and runs its first full
 * cycle. `off`: guards that are switched off; `policy`: what is done otherwise with whoever leaves.
 */
export function useOwnWorlds(
  vendor?: SurroundingsOptions['vendor'],
  off: ConnectionRules['guards']['off'] = [],
  policy: Policy = {},
): (organisation: Organisation) => Promise<OwnWorld> {
  return useWorlds((database, organisation) => openOwnWorld(database, organisation, vendor, { off, policy }));
}

async function openOwnWorld(
  database: Database,
  organisation: Organisation,
  vendor: SurroundingsOptions['vendor'],
  { off, policy }: { off: ConnectionRules['guards']['off']; policy?: Policy },
): Promise<OwnWorld> {
  const name = `own-${++worlds}`;
  const clock = aHandClock(Date.now());
  const around = await openSurroundings({ name, organisation, clock, ...(vendor && { vendor }) });
  const stores = createStores({ database, clock });
  const deadly: Deadly = { ...UNHARMED };
  let births = 0;
  let deaths = 0;

  const begin = (dying: Deadly) => {
    const process = new ModelProcess(`${name}-w${++births}`, () => undefined);
    const queue = new ModelQueue(() => clock.now());
    const own = <T extends object>(port: T): T => process.own(port);
    const connection: Connection = {
      rules: theRules({
        name,
        application: around.principal.appId,
        guards: theGuards({ off }),
        deprovision: thePolicy(policy),
      }),
      mapping: defaultMapping(),
      directory: own(around.directory),
      provider: own(unlessSwitchedOff(around.scim, name, stores.connections, () => clock.now())),
      credential: { kind: 'bearer', place: 'here', owner: { kind: 'unknown' }, read: async () => around.token },
      // Worlds of one file share a database, and are no neighbours.
      target: `${around.provider.url}?${name}`,
      tenant: name,
      concurrency: 4,
    };
    const ports: Ports = {
      stores: {
        cycles: own(stores.cycles),
        links: own(stores.links),
        connections: own(stores.connections),
        credentials: own(stores.credentials),
        log: own(stores.log),
        notifications: own(stores.notifications),
        holds: own(stores.holds),
        escrows: own(stores.escrows),
        drift: own(stores.drift),
        migrations: own(mortal(stores.migrations, process, dying)),
        ping: () => stores.ping(),
        clockAheadMs: async () => 0,
      },
      vault: createVault({}),
      channels: new Map(),
      queue: own(queue.open()),
      connections: new Map([[name, connection]]),
      clock,
      metrics: around.metrics,
      worker: { id: process.worker, leaseMs: 60_000, sliceSize: 5, window: 2 },
      pace: createPace(5),
      gatherings: createGatherings(),
      migration: { settleMs: 0, writer: own(around.writer) },
    };
    return { process, queue, ports };
  };

  /** As a daemon on an embedded database: whoever opens it knows that all others are dead. */
  async function work({ queue, ports }: ReturnType<typeof begin>): Promise<void> {
    await ports.stores.cycles.releaseLeases(ports.worker.id);
    await sweep(ports, [], []);
    for (let jobs = 0; jobs < MOST_JOBS; jobs++) {
      const [job] = queue.waiting.toSorted((a, b) => a.dueAt - b.dueAt);
      if (job === undefined) return;
      clock.advance(Math.max(0, job.dueAt - clock.now()));
      queue.take(job);
      await job.definition.run(job.payload, ports, silentLog, new AbortController().signal);
    }
    throw new Error('the jobs nudge one another round and round');
  }

  async function liveOnce(): Promise<void> {
    const life = begin(deadly);
    try {
      await work(life);
    } catch (error) {
      if (life.process.alive) throw error;
    }
    if (!life.process.alive) deaths += 1;
  }

  const operator = createMigrationOperator(begin(UNHARMED).ports);
  const status = () => operator.migrationStatus(name);
  const { id } = await stores.cycles.open({ connection: name, kind: 'initial', requestedBy: 'test' });
  await liveOnce();
  if ((await stores.cycles.get(id))?.result !== 'succeeded') throw new Error('the first cycle failed');
  return {
    ...around,
    name,
    stores,
    operator,
    start: (kind, groups) => startAs(operator, name, kind, groups),
    async live() {
      await liveOnce();
      return status();
    },
    async approve() {
      const { gate } = await status();
      if (gate === undefined) throw new Error(`it stands at no gate: ${JSON.stringify(await status())}`);
      return operator.approveMigration({ connection: name, gate: gate.name, digest: gate.digest, by: 'bob' });
    },
    dieBefore(chosen) {
      deadly.before = chosen;
    },
    dieRightAfter(chosen) {
      deadly.after = chosen;
    },
    deaths: () => deaths,
  };
}

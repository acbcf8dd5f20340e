import { createVault } from '../../src/adapters/vault/vault.ts';
import { DECIDABLE_GUARDS } from '../../src/core/verdict.ts';
import type { CycleKind } from '../../src/core/cycle.ts';
import { REMOVALS_KEEP_MS } from '../../src/core/plan-age.ts';
import type { Connection, Ports } from '../../src/ports/index.ts';
import type { Metrics } from '../../src/ports/metrics.ts';
import type { CycleRecord, Stores } from '../../src/ports/stores.ts';
import { createPace } from '../../src/provisioning/pace.ts';
import { sweep } from '../../src/provisioning/sweep.ts';
import { defaultMapping, theGuards, thePolicy, theProfile, theRules } from '../builders.ts';
import type { HandClock } from '../contract/stores.contract.ts';
import { aSecret } from '../provisioning/fakes.ts';
import { silentLog } from '../silent-log.ts';
import { FaultBoard } from './faults.ts';
import { modelDirectory } from './model-directory.ts';
import { ModelProcess } from './model-process.ts';
import { ModelProvider } from './model-provider.ts';
import { ModelQueue, type WaitingJob } from './model-queue.ts';
import { Organisation, type Edit } from './organisation.ts';
import type { Script, Step } from './script.ts';
import { Watch } from './watch.ts';

const LEASE_MS = 60_000;
const SWEEP_MS = 30_000;
const DAY_MS = 25 * 3_600_000;
/** Steps towards rest a world may take: far more than any needs. */
const PATIENCE = 600;

function nothing(): void {
  // Nobody reads these.
}

const silentMetrics: Metrics = {
  cycleStarted: nothing,
  cycleClosed: nothing,
  cyclePhase: nothing,
  cycleSkipped: nothing,
  planned: nothing,
  operation: nothing,
  memberships: nothing,
  leaver: nothing,
  request: nothing,
  retry: nothing,
  throttled: nothing,
  tokenRequest: nothing,
};

interface Life {
  readonly process: ModelProcess;
  readonly ports: Ports;
}

/** One connection with everything around it in memory but the stores, which are the real ones. */
export class World {
  readonly organisation = new Organisation();
  readonly faults = new FaultBoard();
  readonly watch: Watch;
  readonly provider: ModelProvider;
  readonly queue: ModelQueue;
  readonly name: string;
  readonly #script: Script;
  readonly #stores: Stores;
  readonly #clock: HandClock;
  readonly #lives: Life[] = [];
  readonly #later: { edit: Edit; after: number }[] = [];
  readonly #readFrom = new Map<string, number>();
  #births = 0;

  constructor(name: string, script: Script, stores: Stores, clock: HandClock) {
    this.name = name;
    this.#script = script;
    this.#clock = clock;
    this.#stores = { ...stores, cycles: this.#watched(stores.cycles) };
    this.queue = new ModelQueue(() => clock.now());
    this.watch = new Watch(
      this.organisation,
      () => this.provider,
      () => this.#clock.now(),
    );
    this.provider = new ModelProvider({
      profile: theProfile({ groups: { ...theProfile().groups, membersReadable: script.membersReadable } }),
      unique: script.unique,
      faults: this.faults,
      watch: this.watch,
      tick: () => clock.advance(5),
    });
    const stranger = this.provider.plant('legacy@contoso.com', [['displayName', 'Legacy']]);
    this.provider.plant('u2@contoso.com', [['displayName', 'Two, from before']], 'u2');
    this.provider.plantGroup('Everybody from before', [stranger]);
    for (const [group, user] of script.members) this.organisation.change({ edit: 'join', user, group });
    for (const principal of script.assigned) this.organisation.change({ edit: 'assign', principal });
    for (let index = 0; index < script.processes; index++) this.#lives.push(this.#begin());
  }

  /** Remembers which moments of the organisation each plan was made from. */
  #watched(cycles: Stores['cycles']): Stores['cycles'] {
    return {
      ...cycles,
      leaseGathering: (id, holder, leaseMs) => {
        if (!this.#readFrom.has(holder)) this.#readFrom.set(holder, this.organisation.moment);
        return cycles.leaseGathering(id, holder, leaseMs);
      },
      savePlan: async (id, holder, ...rest) => {
        const saved = await cycles.savePlan(id, holder, ...rest);
        if (saved) {
          const from = this.#readFrom.get(holder) ?? 0;
          // A slice that began in time may be a little late with its last request.
          const ends = this.#clock.now() + REMOVALS_KEEP_MS + 60_000;
          this.watch.window = { from, to: this.organisation.moment, ends };
        }
        return saved;
      },
    };
  }

  #begin(): Life {
    const process = new ModelProcess(`${this.name}-w${++this.#births}`, () => this.#moment());
    const { sliceSize, concurrency, membersReadable: _shape } = this.#script;
    const stores = this.#stores;
    const rules = theRules({
      name: this.name,
      guards: theGuards({ off: DECIDABLE_GUARDS }),
      deprovision: thePolicy({ unassigned: ['disable', this.#script.delayMs] }),
    });
    const connection: Connection = {
      rules,
      mapping: defaultMapping(),
      directory: process.own(modelDirectory(this.organisation, this.faults, () => this.#moment())),
      provider: process.own(this.provider.open()),
      credential: aSecret,
      target: 'https://acme.example/scim/v2',
      tenant: 'contoso',
      concurrency,
    };
    const ports: Ports = {
      stores: {
        cycles: process.own(stores.cycles),
        links: process.own(stores.links),
        connections: process.own(stores.connections),
        credentials: process.own(stores.credentials),
        log: process.own(stores.log),
        notifications: process.own(stores.notifications),
        holds: process.own(stores.holds),
        escrows: process.own(stores.escrows),
        drift: process.own(stores.drift),
        migrations: process.own(stores.migrations),
        ping: async () => undefined,
        clockAheadMs: async () => 0,
      },
      queue: process.own(this.queue.open()),
      connections: new Map([[this.name, connection]]),
      clock: this.#clock,
      metrics: silentMetrics,
      worker: { id: process.worker, leaseMs: LEASE_MS, sliceSize, window: 2 },
      pace: createPace(sliceSize),
      gatherings: { run: (work) => work((wait) => wait()) },
      vault: createVault({}),
      channels: new Map(),
      migration: { settleMs: 0 },
    };
    return { process, ports };
  }

  #moment(): void {
    for (const late of this.#later) late.after -= 1;
    for (const late of this.#later.splice(0).filter((each) => each.after >= 0 || this.#edit(each.edit)))
      this.#later.push(late);
  }

  #edit(edit: Edit): false {
    this.organisation.change(edit);
    return false;
  }

  #life(index: number): Life {
    const life = this.#lives[index % this.#lives.length];
    if (life === undefined) throw new Error('a world has a process');
    return life;
  }

  /** Does what a process does; one that dies of it is followed by another, on the same machine or elsewhere. */
  async #live(index: number, work: (ports: Ports) => Promise<void>): Promise<void> {
    const life = this.#life(index);
    try {
      await work(life.ports);
    } catch (error) {
      if (life.process.alive) throw error;
    }
    const position = this.#lives.indexOf(life);
    if (life.process.alive || position < 0) return;
    const next = this.#begin();
    this.#lives[position] = next;
    // An embedded database has one process: whoever opens it knows that all others are dead.
    if (this.#lives.length === 1) await this.#stores.cycles.releaseLeases(next.process.worker);
  }

  #run(job: WaitingJob, index: number): Promise<void> {
    return this.#live(index, (ports) =>
      job.definition.run(job.payload, ports, silentLog, new AbortController().signal),
    );
  }

  async take(step: Step): Promise<void> {
    const { waiting } = this.queue;
    const pick = (number: number) => waiting[number % Math.max(1, waiting.length)];
    switch (step.step) {
      case 'edit':
        return this.organisation.change(step.edit);
      case 'edit-later':
        return void this.#later.push({ edit: step.edit, after: step.after });
      case 'schedule':
        return this.schedule(step.kind);
      case 'run': {
        const picked = [pick(step.job), step.beside === undefined ? undefined : pick(step.beside)];
        const jobs = picked.filter((job) => job !== undefined);
        if (!step.double) for (const job of jobs) this.queue.take(job);
        await Promise.all(jobs.map((job, index) => this.#run(job, step.process + index)));
        return;
      }
      case 'lose': {
        const job = pick(step.job);
        return job === undefined ? undefined : this.queue.take(job);
      }
      case 'work':
        return this.#work();
      case 'sweep':
        return this.#live(0, (ports) => sweep(ports, [], []));
      case 'pass':
        return this.#clock.advance(step.ms);
      case 'fault':
        return this.faults.arm(step.fault);
      case 'crash':
        this.#life(step.process).process.left = step.after;
        return;
      case 'by-hand':
        return this.#byHand(step.what, step.which);
      default:
        return step satisfies never;
    }
  }

  async schedule(kind: CycleKind): Promise<void> {
    await this.queue.open().enqueue('start-cycle', { connection: this.name, kind });
  }

  async #work(): Promise<void> {
    for (let turns = 0; turns < PATIENCE; turns++) {
      const [job] = this.queue.due();
      if (job === undefined) return;
      this.queue.take(job);
      await this.#run(job, turns);
    }
    throw new Error('the jobs nudge one another round and round');
  }

  #byHand(what: 'deactivate' | 'remove' | 'leave', which: number): void {
    const accounts = [...this.provider.accounts.values()].filter(({ owner }) => owner !== undefined);
    const account = accounts[which % Math.max(1, accounts.length)];
    if (account === undefined) return;
    if (what === 'deactivate') account.active = false;
    else if (what === 'remove') this.provider.remove(account.id);
    else if (this.#script.membersReadable === 'full')
      for (const { members, externalId } of this.provider.groups.values())
        if (externalId !== undefined) members.delete(account.id);
  }

  /** No more faults: lets everything that is open come to its end. */
  async rest(): Promise<void> {
    this.faults.clear();
    this.#later.splice(0);
    for (const { process } of this.#lives) process.left = undefined;
    for (let turns = 0; turns < PATIENCE; turns++) {
      await this.#work();
      const [next] = this.queue.waiting.toSorted((a, b) => a.dueAt - b.dueAt);
      if (next !== undefined) this.#clock.advance(Math.max(1, next.dueAt - this.#clock.now()));
      else if ((await this.#stores.cycles.openCycle(this.name)) === undefined) return;
      else {
        this.#clock.advance(SWEEP_MS);
        await this.#live(0, (ports) => sweep(ports, [], []));
      }
    }
    throw new Error('the world does not come to rest');
  }

  /** A cycle on a day without faults, and what came of it. */
  async calmCycle(kind: CycleKind): Promise<CycleRecord> {
    // Later than any delay of an escrow, a probe or a policy.
    this.#clock.advance(DAY_MS);
    await this.take({ step: 'sweep' });
    await this.rest();
    await this.schedule(kind);
    await this.rest();
    const [newest] = await this.#stores.cycles.list({ connection: this.name, limit: 1 });
    if (newest === undefined) throw new Error('no cycle was opened');
    return newest;
  }
}

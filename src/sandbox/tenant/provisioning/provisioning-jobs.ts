import { randomUUID } from 'node:crypto';
import { NotFoundError } from '../../../core/errors.ts';
import type { JsonObject } from '../../../core/scim.ts';
import type { Organisation } from '../../organisation/organisation.ts';
import type { Replica } from '../../organisation/replication.ts';
import { createJobMemory, forget, type JobMemory, type RememberedLinks, type ResetScope } from './job-memory.ts';
import { jobScope } from './job-scope.ts';
import { runCycle, runForUser, type CycleCounts, type CycleRun } from './run-cycle.ts';
import { createScimTarget, testTarget, type TargetAddress, type TargetTest } from './scim-target.ts';
import { jobIdOf, shownJob, type Execution, type JobCode, type JobStatus } from './shown-job.ts';

/** How the job of an application works. Without a target it only shows how it is and runs nothing. */
export interface JobSettings {
  readonly target?: TargetAddress;
  /** Its own clock; absent, it runs when told to. */
  readonly everyMilliseconds?: number;
  /** Accidental-deletions threshold: users and groups together. */
  readonly deleteThreshold?: number;
  /** Goes on where another job, a real one, stands; absent, it has never run and knows nobody. */
  readonly takenOver?: TakenOverJob;
}

/** How the job stood that is gone on with. */
export interface TakenOverJob extends Partial<Pick<JobStatus, 'lastExecution' | 'lastSuccessful'>> {
  readonly id: string;
  /** Whom and what it has provisioned. */
  readonly links: RememberedLinks;
}

/** What an administrator does to a job in Entra's pages, or leaves as it is. */
export interface JobChange {
  /** Start and stop of the page Provisioning. */
  readonly code?: 'Active' | 'Paused';
  /** "Prevent accidental deletion"; null switches it off. */
  readonly deleteThreshold?: number | null;
}

/** Entra's own provisioning jobs: one for an application at most. */
export interface ProvisioningJobs {
  /** Gives an application (appId) one job in that state; undefined takes it away. */
  set(application: string, code: JobCode | undefined, settings?: JobSettings): void;
  /** Changes the job of an application (undefined: the first), which forgets nothing of what it has done. NotFoundError without one. */
  change(application: string | undefined, how: JobChange): void;
  /** Runs one cycle now and tells how it went; undefined when the job does not run. */
  run(application: string | undefined): Promise<Execution | undefined>;
  /** Provisions one user, outside any cycle. */
  provisionOnDemand(application: string, user: string): Promise<void>;
  /** The jobs of a service principal as Graph shows them. */
  of(servicePrincipal: string): readonly JsonObject[];
  /** False when there is no such job. A cycle under way goes on to its end. */
  pause(servicePrincipal: string, job: string): boolean;
  start(servicePrincipal: string, job: string): boolean;
  restart(servicePrincipal: string, job: string, scope: readonly ResetScope[]): boolean;
  /** Whether the service provider takes the secret that is saved in the job; undefined when there is no such job. */
  testSaved(servicePrincipal: string, job: string): Promise<TargetTest> | undefined;
  close(): Promise<void>;
}

interface Job {
  readonly status: JobStatus;
  readonly memory: JobMemory;
  readonly settings: JobSettings;
  readonly timer?: NodeJS.Timeout;
  /** Cycles that are under way or wait for the one that is. */
  due: number;
  /** Cycles run one after the other. */
  running: Promise<Execution | undefined>;
}

export interface JobParts {
  readonly organisation: Organisation;
  /** What the jobs read from: it lags as far as other reads do. */
  readonly replica: Pick<Replica, 'read'>;
  readonly now: () => number;
}

/** Jobs by service principal. */
export function createProvisioningJobs({ organisation, replica, now }: JobParts): ProvisioningJobs {
  const jobs = new Map<string, Job>();
  const clock = () => new Date(now()).toISOString();

  function principalOf(application: string | undefined): string {
    const all = [...organisation.servicePrincipals.values(organisation.version())];
    const found = application === undefined ? all[0] : all.find(({ appId }) => appId === application);
    if (found === undefined) throw new NotFoundError(`no application ${application ?? ''}`.trim());
    return found.id;
  }

  function jobOf(application: string | undefined): { readonly principal: string; readonly job: Job } {
    const principal = principalOf(application);
    const job = jobs.get(principal);
    if (job === undefined) throw new NotFoundError(`application ${application ?? principal} has no provisioning job`);
    return { principal, job };
  }

  function openRun(principal: string, { memory, settings, status }: Job): CycleRun | undefined {
    if (settings.target === undefined) return undefined;
    const read = () => jobScope(organisation, principal, replica.read());
    const { deleteThreshold } = status;
    const target = createScimTarget(settings.target);
    return { organisation, scope: read(), readAgain: read, memory, target, deleteThreshold };
  }

  async function execute(principal: string, job: Job): Promise<Execution | undefined> {
    const { status } = job;
    if (status.code !== 'Active' && status.code !== 'NotRun') return undefined;
    const timeBegan = clock();
    const run = openRun(principal, job);
    if (run === undefined) return undefined;
    const counts: CycleCounts = { exports: 0, escrowed: 0 };
    const end = await runCycle(run, counts);
    const execution: Execution = {
      activityIdentifier: randomUUID(),
      state: end !== 'done' ? 'Failed' : counts.escrowed > 0 ? 'EntryLevelErrors' : 'Succeeded',
      timeBegan,
      timeEnded: clock(),
      countExported: counts.exports,
      countEscrowed: counts.escrowed,
      countEntitled: run.scope.users.size + run.scope.groups.size,
    };
    record(status, execution, end === 'done' ? undefined : end);
    return execution;
  }

  function record(
    status: JobStatus,
    execution: Execution,
    trouble: 'unauthorized' | 'too-many-deletes' | undefined,
  ): void {
    status.lastExecution = execution;
    if (trouble !== undefined) {
      status.failures += 1;
      status.code = 'Quarantine';
      const reason = trouble === 'unauthorized' ? 'EncounteredQuarantineException' : 'TooManyDeletes';
      status.quarantine = { reason, began: execution.timeEnded };
      return;
    }
    status.failures = 0;
    // Somebody may have paused it while it ran.
    if (status.code === 'NotRun') status.code = 'Active';
    if (execution.state !== 'Succeeded') return;
    status.lastSuccessful = execution;
    if (execution.countExported > 0) status.lastWithExports = execution;
    status.steadyFirst ??= execution.timeEnded;
    status.steadyLast = execution.timeEnded;
  }

  function enqueue(principal: string, job: Job): Promise<Execution | undefined> {
    job.due += 1;
    job.running = job.running.then(() => execute(principal, job)).finally(() => (job.due -= 1));
    return job.running;
  }

  function change(principal: string, id: string, how: (job: Job) => void): boolean {
    const job = jobs.get(principal);
    if (job?.status.id !== id) return false;
    how(job);
    return true;
  }

  function takeAway(principal: string): void {
    clearInterval(jobs.get(principal)?.timer);
    jobs.delete(principal);
  }

  return {
    set(application, code, settings = {}) {
      const principal = principalOf(application);
      takeAway(principal);
      if (code === undefined) return;
      const { everyMilliseconds, deleteThreshold, takenOver } = settings;
      const { links, ...stood } = takenOver ?? { id: jobIdOf(principal), links: {} };
      const status: JobStatus = { ...stood, code, failures: 0, deleteThreshold };
      // A cycle that takes longer than its clock is followed by one, not by all that were missed.
      const onTime = () => {
        if (job.due === 0) void enqueue(principal, job);
      };
      const timer = everyMilliseconds === undefined ? {} : { timer: setInterval(onTime, everyMilliseconds).unref() };
      const job: Job = {
        status,
        memory: createJobMemory(links),
        settings,
        due: 0,
        running: Promise.resolve(undefined),
        ...timer,
      };
      jobs.set(principal, job);
    },
    change(application, { code, deleteThreshold }) {
      const { status } = jobOf(application).job;
      if (code === 'Paused') status.code = code;
      if (code === 'Active') startAgain(status);
      if (deleteThreshold !== undefined) status.deleteThreshold = deleteThreshold ?? undefined;
    },
    run: async (application) => {
      const { principal, job } = jobOf(application);
      return enqueue(principal, job);
    },
    async provisionOnDemand(application, user) {
      const { principal, job } = jobOf(application);
      await job.running;
      const run = openRun(principal, job);
      if (run !== undefined) await runForUser(run, { exports: 0, escrowed: 0 }, user);
    },
    of(servicePrincipal) {
      const job = jobs.get(servicePrincipal);
      return job === undefined ? [] : [shownJob(job.status)];
    },
    pause: (principal, id) => change(principal, id, ({ status }) => (status.code = 'Paused')),
    start: (principal, id) => change(principal, id, ({ status }) => startAgain(status)),
    restart: (principal, id, scopes) =>
      change(principal, id, ({ status, memory }) => {
        for (const scope of scopes) forget(memory, scope);
        startAgain(status);
      }),
    testSaved(principal, id) {
      const job = jobs.get(principal);
      return job?.status.id === id ? testTarget(job.settings.target) : undefined;
    },
    async close() {
      const open = [...jobs.values()];
      for (const principal of jobs.keys()) takeAway(principal);
      await Promise.allSettled(open.map(({ running }) => running));
    },
  };
}

function startAgain(status: JobStatus): void {
  status.code = 'Active';
  delete status.quarantine;
}

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createJobQueue, type JobQueueOptions, type OpenJobQueue } from '../../src/adapters/bullmq/job-queue.ts';
import { createWorkers, type Workers } from '../../src/adapters/bullmq/workers.ts';
import type { JobDefinition } from '../../src/ports/job-queue.ts';
import type { Log } from '../../src/ports/log.ts';
import { silentLog } from '../silent-log.ts';
import { spyWorkerMetrics, type SpyWorkerMetrics } from '../spy-worker-metrics.ts';

/** Where a queue is kept during a test, empty at first. */
export interface QueueUnderTest {
  readonly redisUrl?: string;
  readonly database: JobQueueOptions['database'];
  close(): Promise<void>;
}

interface Note {
  readonly id: string;
}

/** Something that happens once, to wait for instead of sleeping. */
interface Gate {
  readonly opened: Promise<void>;
  open(): void;
}

function aGate(): Gate {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

/** Collects what jobs say, and lets a test wait for a certain number of words. */
interface Journal {
  readonly lines: readonly string[];
  write(line: string): void;
  reached(count: number): Promise<void>;
}

function aJournal(): Journal {
  const lines: string[] = [];
  const waiting: { readonly count: number; readonly resolve: () => void }[] = [];
  return {
    lines,
    write(line) {
      lines.push(line);
      for (const { count, resolve } of waiting) if (lines.length >= count) resolve();
    },
    reached: (count) =>
      new Promise((resolve) => {
        waiting.push({ count, resolve });
        if (lines.length >= count) resolve();
      }),
  };
}

function parseNote(data: unknown): Note {
  if (typeof data !== 'object' || data === null || !('id' in data) || typeof data.id !== 'string') {
    throw new Error('payload needs "id"');
  }
  return { id: data.id };
}

interface TestPorts {
  readonly journal: Journal;
  during(note: Note, signal: AbortSignal): Promise<void>;
}

const control: JobDefinition<object, TestPorts> = {
  name: 'note',
  queue: 'control',
  parse: parseNote,
  dedupe: (payload) => `note-${parseNote(payload).id}`,
  async run(payload, ports, _log, signal) {
    const note = parseNote(payload);
    ports.journal.write(`start ${note.id}`);
    await ports.during(note, signal);
    ports.journal.write(`end ${note.id}`);
  },
};

const ofConnection: JobDefinition<object, TestPorts> = {
  ...control,
  name: 'export',
  queue: 'connection',
  connection: (payload) => (parseNote(payload).id === 'elsewhere' ? 'elsewhere' : 'acme'),
  dedupe: (payload) => `export-${parseNote(payload).id}`,
};

export function describeJobQueue(name: string, open: () => Promise<QueueUnderTest>): void {
  describe(`job queue on ${name}`, () => {
    let under: QueueUnderTest;
    let queue: OpenJobQueue;
    let workers: Workers | undefined;
    let journal: Journal;
    let during: TestPorts['during'];
    let spy: SpyWorkerMetrics;

    beforeEach(async () => {
      under = await open();
      queue = await createJobQueue(options());
      journal = aJournal();
      spy = spyWorkerMetrics();
      during = () => Promise.resolve();
    });

    afterEach(async () => {
      await workers?.close(10_000);
      workers = undefined;
      await queue.close();
      await under.close();
    });

    function options(): JobQueueOptions {
      return {
        definitions: [control, ofConnection],
        connections: ['acme'],
        ...(under.redisUrl === undefined ? {} : { redisUrl: under.redisUrl }),
        database: under.database,
        scheduled: { name: 'note', payload: ({ connection, kind }) => ({ id: `${connection}-${kind}` }) },
        clock: { now: () => Date.now() },
        log: silentLog,
      };
    }

    async function work(log: Log = silentLog): Promise<void> {
      const ports: TestPorts = { journal, during: (note, signal) => during(note, signal) };
      workers = await createWorkers({
        queue,
        definitions: [control, ofConnection],
        ports,
        connections: ['acme'],
        log,
        metrics: spy.metrics,
      });
    }

    async function states(name: string): Promise<Readonly<Record<string, number>>> {
      const found = (await queue.counts()).find((counts) => counts.queue === name);
      return found?.states ?? {};
    }

    test('a job runs with its payload, on the queue it belongs to', async () => {
      await queue.enqueue('note', { id: 'a', secret: 'not declared' });
      await queue.enqueue('export', { id: 'b' });
      expect(await states('headgate-control')).toMatchObject({ waiting: 1 });
      expect(await states('headgate-connection-acme')).toMatchObject({ waiting: 1 });
      await work();
      await journal.reached(4);
      expect(journal.lines.toSorted()).toEqual(['end a', 'end b', 'start a', 'start b']);
    });

    test('nudges with the key of a waiting job are absorbed by it', async () => {
      for (let times = 0; times < 5; times++) await queue.enqueue('note', { id: 'a' });
      await queue.enqueue('note', { id: 'b' });
      expect(await states('headgate-control')).toMatchObject({ waiting: 2 });
      await work();
      await journal.reached(4);
      expect(journal.lines.filter((line) => line === 'start a')).toHaveLength(1);
    });

    test('nudges that arrive while their job runs lead to exactly one more run after it', async () => {
      const running = aGate();
      const go = aGate();
      during = async () => {
        running.open();
        await go.opened;
      };
      await work();
      await queue.enqueue('note', { id: 'a' });
      await running.opened;
      for (let times = 0; times < 3; times++) await queue.enqueue('note', { id: 'a' });
      expect(await states('headgate-control')).toMatchObject({ active: 1, waiting: 0 });
      go.open();
      await queue.enqueue('note', { id: 'z' });
      await journal.reached(6);
      expect(journal.lines.filter((line) => line.endsWith(' a'))).toEqual(['start a', 'end a', 'start a', 'end a']);
    });

    test('a nudge for later that arrives while its job runs does not swallow a nudge for now', async () => {
      const running = aGate();
      const go = aGate();
      during = async () => {
        running.open();
        await go.opened;
      };
      await work();
      await queue.enqueue('note', { id: 'a' });
      await running.opened;
      await queue.enqueue('note', { id: 'a' });
      await queue.enqueue('note', { id: 'a' }, { delayMs: 3_600_000 });
      go.open();
      await journal.reached(4);
      expect(journal.lines).toEqual(['start a', 'end a', 'start a', 'end a']);
      expect(await states('headgate-control')).toMatchObject({ delayed: 1 });
    });

    test('a nudge for now is not held up by one for later', async () => {
      await queue.enqueue('note', { id: 'a' }, { delayMs: 3_600_000 });
      await queue.enqueue('note', { id: 'a' });
      expect(await states('headgate-control')).toMatchObject({ delayed: 1, waiting: 1 });
    });

    test('of several nudges for later with one key the earliest decides', async () => {
      await queue.enqueue('note', { id: 'a' }, { delayMs: 3_600_000 });
      await queue.enqueue('note', { id: 'a' }, { delayMs: 1 });
      await queue.enqueue('note', { id: 'a' }, { delayMs: 7_200_000 });
      await work();
      await journal.reached(2);
      expect(journal.lines).toEqual(['start a', 'end a']);
      expect(await states('headgate-control')).toMatchObject({ delayed: 0 });
    });

    test('a job that fails is tried again, and a nudge after its last failure runs anew', async () => {
      let failures = 1;
      during = () => (failures-- > 0 ? Promise.reject(new Error('away')) : Promise.resolve());
      await work();
      await queue.enqueue('note', { id: 'a' });
      await journal.reached(3);
      expect(journal.lines).toEqual(['start a', 'start a', 'end a']);
    });

    test('a job nobody knows and a payload nobody can read are logged, dropped and not tried again', async () => {
      const said: string[] = [];
      const log: Log = { ...silentLog, error: (_fields, message) => void said.push(message), child: () => log };
      const bull = queue.queues.get('headgate-control');
      await bull?.add('from-the-future', {}, { attempts: 5 });
      await bull?.add('note', { ident: 7 }, { attempts: 5 });
      await work(log);
      await queue.enqueue('note', { id: 'last' });
      await journal.reached(2);
      expect(said.toSorted()).toEqual([
        'dropped a job of a kind this program does not know',
        'dropped a job with an unreadable payload',
      ]);
      expect(await states('headgate-control')).toMatchObject({ waiting: 0, delayed: 0, failed: 0 });
    });

    test('an unknown job and an unreadable payload are refused when they are enqueued', async () => {
      await expect(queue.enqueue('nothing', { id: 'a' })).rejects.toThrow('nothing');
      await expect(queue.enqueue('note', { ident: 7 })).rejects.toThrow('payload needs "id"');
    });

    test('a nudge for a connection that only another process has waits for that process', async () => {
      await work();
      await queue.enqueue('export', { id: 'elsewhere' });
      await queue.enqueue('export', { id: 'here' });
      await journal.reached(2);
      expect(journal.lines).toEqual(['start here', 'end here']);
      expect((await queue.counts()).map((counts) => counts.queue)).toEqual([
        'headgate-control',
        'headgate-connection-acme',
      ]);
      await queue.addConnection('elsewhere');
      expect(await states('headgate-connection-elsewhere')).toMatchObject({ waiting: 1 });
      await workers?.addConnection('elsewhere');
      await journal.reached(4);
      expect(journal.lines.slice(2)).toEqual(['start elsewhere', 'end elsewhere']);
    });

    test('a connection that was removed has its running job ended, and its waiting one left', async () => {
      const running = aGate();
      during = (_note, signal) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => resolve());
          running.open();
        });
      await work();
      await queue.enqueue('export', { id: 'a' });
      await running.opened;
      await workers?.removeConnection('acme', 100);
      expect(journal.lines).toEqual(['start a', 'end a']);
      await queue.enqueue('export', { id: 'b' });
      await queue.removeConnection('acme');
      during = () => Promise.resolve();
      await queue.enqueue('note', { id: 'c' });
      await journal.reached(4);
      expect(journal.lines.slice(2)).toEqual(['start c', 'end c']);
      expect((await queue.counts()).map((counts) => counts.queue)).toEqual(['headgate-control']);
    });

    test('jobs that take long in every slot of one connection delay neither another connection nor control jobs', async () => {
      const go = aGate();
      during = ({ id }) => (id.startsWith('slow') ? go.opened : Promise.resolve());
      await queue.addConnection('elsewhere');
      await work();
      await workers?.addConnection('elsewhere');
      for (let number = 0; number < 5; number++) await queue.enqueue('export', { id: `slow-${number}` });
      await journal.reached(2);
      await queue.enqueue('export', { id: 'elsewhere' });
      await queue.enqueue('note', { id: 'quick' });
      await journal.reached(6);
      expect(journal.lines.slice(2).toSorted()).toEqual([
        'end elsewhere',
        'end quick',
        'start elsewhere',
        'start quick',
      ]);
      go.open();
      await journal.reached(14);
    });

    test('jobs of a stopping process are asked to end, and what they leave is not run twice', async () => {
      const running = aGate();
      during = (_note, signal) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => resolve());
          running.open();
        });
      await work();
      await queue.enqueue('note', { id: 'a' });
      await running.opened;
      await workers?.close(500);
      workers = undefined;
      expect(journal.lines).toEqual(['start a', 'end a']);
      await queue.enqueue('note', { id: 'b' });
      expect(await states('headgate-control')).toMatchObject({ active: 0, waiting: 1 });
    });

    test('schedules become exactly those asked for, and unchanged ones are left alone', async () => {
      const daily = { connection: 'acme', kind: 'initial', pattern: '0 3 * * *', timezone: 'Europe/Berlin' } as const;
      const often = { connection: 'acme', kind: 'incremental', pattern: '*/5 * * * *', timezone: 'UTC' } as const;
      const weekly = { connection: 'acme', kind: 'audit', pattern: '0 5 * * 1', timezone: 'UTC' } as const;
      await queue.setSchedules(['acme'], [daily, often, weekly]);
      const first = await queue.listSchedules();
      expect(
        first.map(({ nextRun: _next, ...schedule }) => schedule).toSorted((a, b) => (a.kind < b.kind ? 1 : -1)),
      ).toEqual([daily, often, weekly]);
      expect(first.every(({ nextRun = 0 }) => nextRun > Date.now())).toBe(true);
      await queue.setSchedules(['acme'], [daily, often, weekly]);
      expect(await queue.listSchedules()).toEqual(first);
      const changed = { ...daily, pattern: '30 4 * * *' };
      await queue.setSchedules(['acme'], [changed]);
      expect(await queue.listSchedules()).toMatchObject([changed]);
      await queue.setSchedules(['acme'], []);
      expect(await queue.listSchedules()).toEqual([]);
      expect(await states('headgate-control')).toMatchObject({ delayed: 0 });
    });

    test('schedules of connections that somebody else has are left alone', async () => {
      const mine = { connection: 'acme', kind: 'initial', pattern: '0 3 * * *', timezone: 'UTC' } as const;
      const theirs = { ...mine, connection: 'globex' };
      await queue.setSchedules(['globex'], [theirs]);
      await queue.setSchedules(['acme'], [mine]);
      expect(await queue.listSchedules()).toHaveLength(2);
      await queue.setSchedules(['acme'], []);
      expect(await queue.listSchedules()).toMatchObject([theirs]);
    });

    test('a schedule nudges the job it is for', async () => {
      await work();
      await queue.setSchedules(
        ['acme'],
        [{ connection: 'acme', kind: 'initial', pattern: '* * * * * *', timezone: 'UTC' }],
      );
      await journal.reached(4);
      expect(journal.lines.slice(0, 2)).toEqual(['start acme-initial', 'end acme-initial']);
    });

    test('counts show workers, totals and how long the oldest job waits', async () => {
      await queue.enqueue('export', { id: 'a' });
      const before = (await queue.counts()).find((counts) => counts.queue === 'headgate-connection-acme');
      expect(before).toMatchObject({ workers: 0, paused: false, completedTotal: 0, failedTotal: 0 });
      expect(before?.oldestWaitingMs).toBeGreaterThanOrEqual(0);
      const seen = aGate();
      during = async () => {
        const now = (await queue.counts()).find((counts) => counts.queue === 'headgate-connection-acme');
        journal.write(`workers ${now?.workers}, active ${now?.states['active']}`);
        seen.open();
      };
      await work();
      await seen.opened;
      await workers?.close(10_000);
      workers = undefined;
      expect(journal.lines).toContain('workers 1, active 1');
      const after = (await queue.counts()).find((counts) => counts.queue === 'headgate-connection-acme');
      expect(after).toMatchObject({ completedTotal: 1, failedTotal: 0, oldestWaitingMs: 0 });
    });

    test('a job that was to run later waits from then on, not from when it was asked for', async () => {
      const bull = queue.queues.get('headgate-control');
      const delay = 3_600_000;
      const job = await bull?.add('note', { id: 'a' }, { timestamp: Date.now() - delay, delay });
      await job?.promote();
      const counts = (await queue.counts()).find((found) => found.queue === 'headgate-control');
      expect(counts?.states).toMatchObject({ waiting: 1 });
      expect(counts?.oldestWaitingMs).toBeLessThan(delay / 2);
      await work();
      await spy.told('ended headgate-control');
      expect(spy.waits).toHaveLength(1);
      expect(spy.waits[0]).toBeLessThan(delay / 2000);
    });

    test('it is told how long a job had waited', async () => {
      const bull = queue.queues.get('headgate-control');
      await bull?.add('note', { id: 'a' }, { timestamp: Date.now() - 3_600_000 });
      await work();
      await spy.told('ended headgate-control');
      expect(spy.waits[0]).toBeGreaterThanOrEqual(3600);
      expect(spy.waits[0]).toBeLessThan(7200);
    });

    test('slots and every run are told, of a retry without how long it waited', async () => {
      let failures = 1;
      during = () => (failures-- > 0 ? Promise.reject(new Error('away')) : Promise.resolve());
      await work();
      expect(spy.lines.toSorted()).toEqual(['slots headgate-connection-acme 2', 'slots headgate-control 4']);
      await queue.enqueue('export', { id: 'a' });
      await journal.reached(3);
      await workers?.close(10_000);
      workers = undefined;
      const [started, ended] = ['started headgate-connection-acme', 'ended headgate-connection-acme'];
      expect(spy.lines.filter((line) => !line.startsWith('slots'))).toEqual([started, ended, started, ended]);
      expect(spy.lines).toContain('slots headgate-control 0');
      expect(spy.lines).toContain('slots headgate-connection-acme 0');
      expect(spy.waits.map((wait) => typeof wait)).toEqual(['number', 'undefined']);
      expect(spy.runs.every((seconds) => seconds >= 0)).toBe(true);
    });

    test('what was enqueued and scheduled is still there after the queue is opened again', async () => {
      await queue.enqueue('note', { id: 'a' });
      await queue.setSchedules(
        ['acme'],
        [{ connection: 'acme', kind: 'initial', pattern: '0 3 * * *', timezone: 'UTC' }],
      );
      await queue.close();
      queue = await createJobQueue(options());
      expect(await queue.listSchedules()).toHaveLength(1);
      await work();
      await journal.reached(2);
      expect(journal.lines).toEqual(['start a', 'end a']);
    });

    test('the queue answers a ping', async () => {
      await expect(queue.ping()).resolves.toBeUndefined();
    });
  });
}

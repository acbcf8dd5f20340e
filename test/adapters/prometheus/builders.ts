import type { DriftKind } from '../../../src/core/drift.ts';
import type { MetricsSource } from '../../../src/adapters/prometheus/create-metrics.ts';
import type { Quarantined } from '../../../src/core/quarantine.ts';
import type { EscrowTotals, SeenPace } from '../../../src/ports/recovery.ts';
import type { QueueCounts, QueueDurability, ScheduledCycle } from '../../../src/ports/job-queue.ts';
import type { JournalLine } from '../../../src/core/migration/journal.ts';
import type { StoredCredential } from '../../../src/ports/credentials.ts';
import type { ChannelState } from '../../../src/ports/notifications.ts';
import type { HoldRecord } from '../../../src/ports/hold-store.ts';
import type { CycleRecord } from '../../../src/ports/stores.ts';
import type { OperationCounts } from '../../../src/core/cycle.ts';
import type { PlanCounts } from '../../../src/core/plan.ts';
import type { GuardName, Verdict } from '../../../src/core/verdict.ts';

/** One sample line of an exposition. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface ParsedFamily {
  readonly type: string;
  readonly help: string;
  readonly samples: readonly Sample[];
}

const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  counter: ['', '_total'],
  histogram: ['_bucket', '_sum', '_count'],
  summary: ['', '_sum', '_count'],
};

/**
 * Reads an exposition as a strict scraper does. Throws when HELP or TYPE comes twice, a sample stands outside its family's
 * block, a series comes twice, or a line is none of these.
 */
export function parseExposition(text: string): ReadonlyMap<string, ParsedFamily> {
  const families = new Map<string, { type: string; help: string; samples: Sample[] }>();
  const series = new Set<string>();
  let name = '';
  for (const line of text.split('\n').filter((given) => given !== '' && given !== '# EOF')) {
    const [, keyword, family, rest] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? [];
    if (keyword === 'HELP' && family !== undefined) {
      if (families.has(family)) throw new Error(`HELP of ${family} comes twice`);
      families.set(family, { type: '', help: rest ?? '', samples: [] });
      name = family;
    } else if (keyword === 'TYPE') {
      const current = families.get(name);
      if (current === undefined || family !== name || current.type !== '') throw new Error(`misplaced: ${line}`);
      current.type = rest ?? '';
    } else {
      const sample = parseSample(line);
      const current = families.get(name);
      const allowed = (SUFFIXES[current?.type ?? ''] ?? ['']).map((suffix) => name + suffix);
      if (current === undefined || !allowed.includes(sample.name)) throw new Error(`outside its family: ${line}`);
      const key = line.slice(0, line.lastIndexOf(' '));
      if (series.has(key)) throw new Error(`series comes twice: ${key}`);
      series.add(key);
      current.samples.push(sample);
    }
  }
  return families;
}

function parseSample(line: string): Sample {
  const [, name, labels = '', value] = /^([a-z_:][a-z0-9_:]*)(?:\{(.*)\})? (\S+)$/i.exec(line) ?? [];
  if (name === undefined || value === undefined) throw new Error(`no sample: ${line}`);
  const pairs = [...labels.matchAll(/([a-z_]+)="((?:[^"\\]|\\.)*)"/gi)].map(([, key = '', text = '']) => [key, text]);
  return { name, labels: Object.fromEntries(pairs), value: Number(value.replace('+Inf', 'Infinity')) };
}

/** The value of the one series with these labels among others. Throws when there is none or more than one. */
export function valueOf(text: string, name: string, labels: Readonly<Record<string, string>> = {}): number {
  const found = [...parseExposition(text).values()]
    .flatMap((family) => family.samples)
    .filter((sample) => sample.name === name)
    .filter((sample) => Object.entries(labels).every(([key, value]) => sample.labels[key] === value));
  const [only, ...others] = found;
  if (only === undefined || others.length > 0)
    throw new Error(`${found.length} series of ${name} ${JSON.stringify(labels)}`);
  return only.value;
}

export function aCycleRecord(overrides: Partial<CycleRecord> = {}): CycleRecord {
  return {
    id: 'cycle-1',
    connection: 'acme',
    kind: 'initial',
    phase: 'closed',
    requestedBy: 'schedule',
    createdAt: 1_000_000,
    closedAt: 2_000_000,
    plannedAt: 1,
    planCounts: planCounts({}),
    notices: [],
    cancelRequested: false,
    result: 'succeeded',
    attempts: 1,
    ...overrides,
  };
}

export interface StoreContents {
  readonly drift?: Readonly<Record<DriftKind, number>>;
  /** Newest first. */
  readonly cycles?: readonly CycleRecord[];
  readonly counts?: OperationCounts;
  readonly links?: Readonly<Record<string, number>>;
  readonly pausedReason?: string;
  readonly schedulesPaused?: boolean;
  readonly throttledUntil?: number;
  readonly quarantine?: Quarantined;
  readonly pace?: SeenPace;
  readonly escrows?: EscrowTotals;
  readonly holds?: readonly HoldRecord[];
  readonly credentials?: readonly StoredCredential[];
  /** The journal of the open migration; absent: none is open. */
  readonly journal?: readonly JournalLine[];
  readonly channels?: readonly ChannelState[];
}

/** Stores that hold the same contents for every connection. */
export function storesWith(read: () => StoreContents): MetricsSource['stores'] {
  return {
    ping: async () => undefined,
    cycles: {
      list: async ({ kind, result, planned, limit }) =>
        (read().cycles ?? [])
          .filter((cycle) => kind === undefined || cycle.kind === kind)
          .filter((cycle) => result === undefined || cycle.result === result)
          .filter((cycle) => planned !== true || cycle.plannedAt !== undefined)
          .slice(0, limit),
      counts: async () => read().counts ?? {},
    },
    links: { counts: async () => read().links ?? {} },
    escrows: { totals: async () => read().escrows ?? { accounts: 0, groups: 0, waiting: 0 } },
    drift: { counts: async () => read().drift },
    holds: { list: async () => read().holds ?? [] },
    credentials: { list: async () => read().credentials ?? [] },
    notifications: { channels: async () => read().channels ?? [] },
    migrations: {
      openOf: async (connection) => (read().journal === undefined ? undefined : { id: 'm1', connection, createdAt: 1 }),
      journalEnd: async () => undefined,
      lines: async (_id, after = 0) => (read().journal ?? []).filter(({ sequence }) => sequence > after),
    },
    connections: {
      get: async (connection) => {
        const { pausedReason, throttledUntil, schedulesPaused = false, quarantine, pace } = read();
        const paused = pausedReason === undefined ? {} : { pausedReason };
        return {
          connection,
          schedulesPaused,
          ...paused,
          ...(throttledUntil === undefined ? {} : { throttledUntil }),
          ...(quarantine === undefined ? {} : { quarantine }),
          ...(pace === undefined ? {} : { pace }),
        };
      },
    },
  };
}

export function queueWith(
  counts: () => Promise<readonly QueueCounts[]>,
  schedules: readonly ScheduledCycle[] = [],
  durability: QueueDurability = { evicts: false, persists: true },
): MetricsSource['queue'] {
  return {
    counts,
    listSchedules: async () => schedules,
    durability: async () => durability,
    ping: async () => undefined,
  };
}

export function planCounts(operations: Readonly<Record<string, number>>): PlanCounts {
  return {
    entitledUsers: 0,
    entitledGroups: 0,
    linkedAccounts: 0,
    linkedGroups: 0,
    linkedMembers: 0,
    operations,
    membersAdded: 0,
    membersRemoved: 0,
  };
}

/** A verdict in which these guards hold something, or refuse the plan. */
export function aVerdict(effect: 'hold' | 'refuse', guards: readonly GuardName[]): Verdict {
  const findings = guards.map((guard) => ({
    guard,
    effect,
    message: 'too much',
    remedy: 'look at it',
    operations: [],
    numbers: {},
  }));
  return { refused: effect === 'refuse', findings };
}

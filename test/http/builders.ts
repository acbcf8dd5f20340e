import type { FastifyInstance } from 'fastify';
import { request, type Dispatcher } from 'undici';
import { sealPlan, type Plan } from '../../src/core/plan.ts';
import type { Operation } from '../../src/core/operation.ts';
import type { Verdict } from '../../src/core/verdict.ts';
import type { HttpOptions } from '../../src/http/options.ts';
import { createHttpApp } from '../../src/http/server.ts';
import type { MigrationOperator } from '../../src/ports/migration-operator.ts';
import type { Log } from '../../src/ports/log.ts';
import type { CredentialDesk } from '../../src/ports/credential-desk.ts';
import type { HoldView } from '../../src/ports/hold-desk.ts';
import type { ConnectionStatus, CycleView, Operator, Status } from '../../src/ports/operator.ts';
import { aCredential } from '../builders.ts';
import type { OperationRecord } from '../../src/ports/stores.ts';

export const TOKEN = 'a-token-of-the-tests';
export const NOW = Date.UTC(2026, 10, 21, 12);

export function aCycle(overrides: Partial<CycleView> = {}): CycleView {
  return {
    id: 'cycle-1',
    connection: 'acme',
    kind: 'initial',
    phase: 'exporting',
    requestedBy: 'api',
    createdAt: NOW,
    notices: [],
    cancelRequested: false,
    attempts: 1,
    counts: { 1: { exported: 3, pending: 1 } },
    settled: 3,
    total: 4,
    ...overrides,
  };
}

export function aConnectionStatus(overrides: Partial<ConnectionStatus> = {}): ConnectionStatus {
  return {
    connection: 'acme',
    application: '33333333-3333-3333-3333-333333333333',
    profile: 'generic',
    state: { connection: 'acme', schedulesPaused: false },
    links: { 'account.active': 12 },
    held: 0,
    escrowed: 0,
    holds: [],
    guards: [],
    ...overrides,
  };
}

export function aStatus(overrides: Partial<Status> = {}): Status {
  return {
    version: '1.2.3',
    startedAt: NOW,
    connections: [aConnectionStatus()],
    schedules: [],
    queues: [],
    ...overrides,
  };
}

export function anOperation(sequence: number): OperationRecord {
  return { cycle: 'cycle-1', sequence, operation: aDisable(sequence), state: 'exported', attempts: 1 };
}

function aDisable(n: number): Operation {
  return {
    key: `0:account:disable:user-${n}`,
    wave: 0,
    resource: 'account',
    kind: 'disable',
    effect: 'suspend',
    anchor: `user-${n}`,
    label: `user-${n}@contoso.com`,
    resourceId: `r-${n}`,
    cause: 'unassigned',
    reason: { code: 'unassigned', text: 'lost the only path' },
  };
}

export function aPlan(operations: number): Plan {
  return sealPlan({
    connection: 'acme',
    kind: 'initial',
    rulesDigest: 'rules',
    operations: Array.from({ length: operations }, (_, n) => aDisable(n)),
    notices: [],
    counts: {
      entitledUsers: 0,
      entitledGroups: 0,
      linkedAccounts: operations,
      linkedGroups: 0,
      linkedMembers: 0,
      operations: { 'account.disable': operations },
      membersAdded: 0,
      membersRemoved: 0,
    },
  });
}

export const ALLOWED: Verdict = { refused: false, findings: [] };

const unused = (): never => {
  throw new Error('not part of this test');
};

/** A desk with one credential in use. */
export function aDesk(overrides: Partial<CredentialDesk> = {}): CredentialDesk {
  return {
    list: async () => [aCredential()],
    show: async () => ({ credential: aCredential(), history: [] }),
    add: unused,
    probe: unused,
    promote: unused,
    retire: unused,
    revoke: unused,
    setOwner: unused,
    rotate: unused,
    ...overrides,
  };
}

/** An operator of one connection, `acme`, with one open cycle, `cycle-1`. */
/** A hold that waits, seen by a person. */
export function aHold(overrides: Partial<HoldView> = {}): HoldView {
  return {
    id: '7',
    connection: 'acme',
    guard: 'too-many-removals',
    state: 'waiting',
    digest: 'ab'.repeat(32),
    operations: 60,
    findings: [],
    cycle: 'c1',
    openedAt: 0,
    changedAt: 0,
    approvable: true,
    ...overrides,
  };
}

export function anOperator(overrides: Partial<Operator> = {}): Operator {
  return {
    status: async () => aStatus(),
    connections: () => ['acme'],
    plan: async () => ({ plan: aPlan(1), verdict: ALLOWED }),
    startCycle: async ({ connection, kind, requestedBy }) => aCycle({ connection, kind, requestedBy }),
    planSubject: async (connection, name) => ({
      connection,
      subject: { resource: 'user', anchor: 'u1', name },
      plan: aPlan(0),
      verdict: ALLOWED,
      steps: [{ step: 'guards', text: 'no guard objects' }],
    }),
    provision: async ({ connection, requestedBy }) => aCycle({ connection, kind: 'on-demand', requestedBy }),
    getCycle: async (id) => (id === 'cycle-1' ? aCycle() : undefined),
    listCycles: async () => [aCycle()],
    operations: async () => [anOperation(1)],
    drift: async () => undefined,
    log: async () => ({ entries: [], newer: '0' }),
    cancelCycle: async () => true,
    explain: async (connection) => ({
      connection,
      found: false,
      paths: [],
      conclusion: 'not assigned',
      mapped: {},
      operations: [],
    }),
    credentials: aDesk(),
    holds: {
      list: async () => [aHold()],
      show: async () => ({ hold: aHold(), history: [], held: [] }),
      approve: async () => aHold({ state: 'approved' }),
      reject: async () => aHold({ state: 'rejected' }),
    },
    notifications: { list: async () => ({ notifications: [], channels: [] }), test: async () => [] },
    experiments: {
      plan: async (connection) => ({
        connection,
        profile: 'generic',
        target: 'https://x.example',
        names: 'n',
        steps: [],
      }),
      run: async ({ connection }) => ({
        connection,
        profile: 'generic',
        ended: 'complete',
        findings: [],
        requests: 0,
        writes: [],
        left: [],
        earlier: [],
      }),
      stop: async () => false,
    },
    links: {
      list: async () => ({ links: [] }),
      vanished: unused,
      forgetVanished: unused,
    },
    schedules: async () => [],
    setSchedulesPaused: async () => undefined,
    removeSchedules: async () => undefined,
    resumeConnection: async () => true,
    pauseConnection: async (_connection, reason) => ({ already: false, since: 0, reason }),
    escrows: async () => [],
    retryEscrows: async () => 1,
    dropEscrows: async () => 1,
    recoveryActs: async () => [],
    releaseQuarantine: async () => true,
    reloadConfig: async () => ({
      file: '/etc/headgate.yaml',
      added: [],
      changed: [],
      removed: [],
      stopped: [],
      warnings: [],
    }),
    doctor: async () => [{ area: 'store', name: 'answers', ok: true, detail: 'in 1 ms' }],
    ...overrides,
  };
}

/** Keeps what is logged. */
export function aLog(): Log & {
  readonly lines: { readonly level: string; readonly fields: object; readonly message: string }[];
} {
  const lines: { level: string; fields: object; message: string }[] = [];
  const write = (level: string) => (fields: object, message: string) => void lines.push({ level, fields, message });
  const log = {
    lines,
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: () => log,
  };
  return log;
}

/** Migrations nobody asks for in a test. */
export function noMigrations(): MigrationOperator {
  const unasked = async (): Promise<never> => {
    throw new Error('not part of this test');
  };
  return {
    whatIf: unasked,
    planMigration: unasked,
    startMigration: unasked,
    migrationStatus: unasked,
    approveMigration: unasked,
    actOnMigration: unasked,
    migrationReport: unasked,
    rehearseMigration: unasked,
  };
}

export function httpOptions(overrides: Partial<HttpOptions> = {}): HttpOptions {
  return {
    operator: anOperator(),
    migrations: noMigrations(),
    renderMetrics: async (openMetrics) => ({ contentType: 'text/plain', body: openMetrics ? 'open metrics' : 'text' }),
    readiness: async () => [{ name: 'store', ok: true, detail: 'answers' }],
    queues: [],
    apiToken: { read: async () => TOKEN },
    hosts: ['headgate.example'],
    log: aLog(),
    version: '1.2.3',
    ...overrides,
  };
}

export interface Asked {
  readonly status: number;
  readonly headers: Dispatcher.ResponseData['headers'];
  readonly text: string;
  readonly json: unknown;
}

export interface RunningServer {
  readonly app: FastifyInstance;
  readonly url: string;
  /** Sends a request with the token and, for changes, JSON; headers given replace these, `undefined` leaves one out. */
  readonly ask: (method: Dispatcher.HttpMethod, path: string, options?: AskOptions) => Promise<Asked>;
}

export interface AskOptions {
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly body?: string | object;
}

/** Starts a server on a free port of this machine. Close it with `app.close()`. */
export async function listen(options: Partial<HttpOptions> = {}): Promise<RunningServer> {
  const app = createHttpApp(httpOptions(options));
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  return { app, url, ask: (method, path, given) => ask(url, method, path, given) };
}

async function ask(url: string, method: Dispatcher.HttpMethod, path: string, given: AskOptions = {}): Promise<Asked> {
  const write = method !== 'GET' && method !== 'HEAD';
  const wanted = {
    authorization: `Bearer ${TOKEN}`,
    ...(write ? { 'content-type': 'application/json' } : {}),
    ...given.headers,
  };
  const headers = Object.fromEntries(
    Object.entries(wanted).filter((pair): pair is [string, string] => pair[1] !== undefined),
  );
  const body = typeof given.body === 'object' ? JSON.stringify(given.body) : given.body;
  const response = await request(`${url}${path}`, { method, headers, ...(body === undefined ? {} : { body }) });
  const text = await response.body.text();
  return { status: response.statusCode, headers: response.headers, text, json: parse(text) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Pages, metrics and NDJSON are not one JSON value; their tests read the text.
    return undefined;
  }
}

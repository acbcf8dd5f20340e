import { PassThrough } from 'node:stream';
import type { Environment } from '../../src/config/interpolate.ts';
import type { CliIo, Output } from '../../src/cli/io.ts';
import { Interrupted } from '../../src/cli/io.ts';
import type { CliParts } from '../../src/cli/parts.ts';
import { runCli } from '../../src/cli/program.ts';
import { WAVE, type CreateAccount } from '../../src/core/operation.ts';
import type { Operation } from '../../src/core/operation.ts';
import { sealPlan } from '../../src/core/plan.ts';
import type { Plan } from '../../src/core/plan.ts';
import type { ConnectionStatus, CycleView } from '../../src/ports/operator.ts';

/** The world of one command in a test: everything it writes, and hooks for time and signals. */
export interface TestIo extends CliIo {
  written(): { readonly out: string; readonly err: string };
  interrupt(signal: 'SIGINT' | 'SIGTERM'): void;
  /** Whoever read `stdout` goes away. */
  leave(): void;
  /** Called at each pause, instead of waiting. */
  onPause: (times: number) => void;
}

function collector(terminal: boolean): { readonly stream: Output; readonly text: () => string } {
  const chunks: string[] = [];
  const stream = new PassThrough();
  stream.on('data', (chunk: Buffer) => chunks.push(chunk.toString()));
  stream.resume();
  return {
    stream: Object.assign(stream, { isTTY: terminal, columns: 80, getColorDepth: () => 8 }),
    text: () => chunks.join(''),
  };
}

export function testIo(
  options: { readonly terminal?: boolean; readonly env?: Environment; readonly secret?: string } = {},
): TestIo {
  const out = collector(options.terminal ?? false);
  const err = collector(options.terminal ?? false);
  const controller = new AbortController();
  const unread = new AbortController();
  let now = Date.UTC(2026, 0, 1);
  let pauses = 0;
  const io: TestIo = {
    stdout: out.stream,
    stderr: err.stream,
    env: options.env ?? {},
    now: () => now,
    async pause(ms) {
      now += ms;
      pauses += 1;
      io.onPause(pauses);
    },
    readSecret: async () => options.secret ?? '',
    interrupts: () => controller.signal,
    unread: unread.signal,
    leave: () => unread.abort(),
    written: () => ({ out: out.text(), err: err.text() }),
    interrupt: (signal) => controller.abort(new Interrupted(signal)),
    onPause: () => undefined,
  };
  return io;
}

/** Parts none of which may be used, except those given. */
export function testParts(parts: Partial<CliParts> = {}): CliParts {
  const unused = (name: string) => () => {
    throw new Error(`${name} was not to be used here`);
  };
  return {
    version: '1.2.3',
    serve: unused('serve'),
    openInProcess: unused('openInProcess'),
    runSandbox: unused('runSandbox'),
    runDemo: unused('runDemo'),
    ...parts,
  };
}

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs one command line to its end. */
export async function run(argv: readonly string[], io: TestIo = testIo(), parts: CliParts = testParts()): Promise<Ran> {
  const code = await runCli(argv, io, parts);
  return { code, ...io.written() };
}

export function createOperation(anchor: string, label: string): CreateAccount {
  return {
    key: `${WAVE.accounts}:account:create:${anchor}`,
    wave: WAVE.accounts,
    resource: 'account',
    kind: 'create',
    anchor,
    label,
    reason: { code: 'entitled', text: 'entitled through group IT' },
    attributes: [{ path: 'userName', before: null, after: label }],
    references: [],
  };
}

export function disableOperation(anchor: string, label: string): Operation {
  return {
    key: `${WAVE.disable}:account:disable:${anchor}`,
    wave: WAVE.disable,
    resource: 'account',
    kind: 'disable',
    effect: 'suspend',
    anchor,
    label,
    reason: { code: 'unassigned', text: 'lost its only path: group IT was unassigned' },
    resourceId: `r-${anchor}`,
    cause: 'unassigned',
  };
}

export function planOf(operations: readonly Operation[], connection = 'acme'): Plan {
  const counts: Record<string, number> = {};
  for (const { resource, kind } of operations) counts[`${resource}.${kind}`] = (counts[`${resource}.${kind}`] ?? 0) + 1;
  return sealPlan({
    connection,
    kind: 'initial',
    rulesDigest: 'f'.repeat(64),
    operations,
    notices: [],
    counts: {
      entitledUsers: 3,
      entitledGroups: 1,
      linkedAccounts: 2,
      linkedGroups: 1,
      linkedMembers: 0,
      operations: counts,
      membersAdded: 0,
      membersRemoved: 0,
    },
  });
}

export function cycleView(changes: Partial<CycleView> = {}): CycleView {
  return {
    id: 'c-1',
    connection: 'acme',
    kind: 'initial',
    phase: 'exporting',
    requestedBy: 'cli:ada',
    createdAt: Date.UTC(2026, 0, 1),
    notices: [],
    cancelRequested: false,
    attempts: 1,
    counts: {},
    settled: 0,
    total: 0,
    ...changes,
  };
}

/** A connection that rests, as `status` tells it. */
export function connectionStatus(changes: Partial<ConnectionStatus> = {}): ConnectionStatus {
  return {
    connection: 'acme',
    application: 'a',
    profile: 'generic',
    state: { connection: 'acme', schedulesPaused: false },
    links: {},
    held: 0,
    holds: [],
    guards: [],
    escrowed: 0,
    ...changes,
  };
}

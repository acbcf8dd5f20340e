import type { ConnectionStatus, CycleView, Operator, Status } from '../../ports/operator.ts';
import { doneOf, readingProgress } from './cycle.ts';
import { pendingWords } from './pending.ts';
import { guardsOff, holdLines } from './guards.ts';
import { statusWords } from './migration.ts';
import type { Paint } from './paint.ts';
import { renderQuarantine } from './recovery.ts';
import { renderTable } from './table.ts';
import { printable } from '../../core/printable.ts';
import { grouped, plural, shownTime } from './text.ts';

type Schedules = Awaited<ReturnType<Operator['schedules']>>;
type Checks = Awaited<ReturnType<Operator['doctor']>>;

/** The state of everything, for `headgate status`. */
export function renderStatus(status: Status, daemon: boolean, paint: Paint): string {
  const where = daemon
    ? `daemon ${status.version}, running since ${shownTime(status.startedAt)}`
    : paint.warn('no daemon is running');
  const connections = renderTable(
    ['CONNECTION', 'STATE', 'ACCOUNTS', 'GROUPS', 'LAST CYCLE', 'LAST SUCCESS', 'HELD', 'FAILED'],
    status.connections.map((connection) => connectionRow(connection, paint)),
  );
  const paused = status.connections
    .filter(({ state }) => state.pausedReason !== undefined)
    .map(
      ({ connection, state }) =>
        `${paint.bad(`${connection} is paused`)} since ${shownTime(state.pausedAt)}: ${printable(state.pausedReason ?? '')}\n` +
        `  mend the cause, then: headgate connection resume -c ${connection}`,
    );
  const quarantines = status.connections.flatMap(({ connection, state: { quarantine } }) =>
    quarantine === undefined
      ? []
      : [
          `${renderQuarantine(connection, quarantine, paint)}\n  after mending the cause, to go on at once: headgate quarantine release -c ${connection}`,
        ],
  );
  const off = status.connections.flatMap((connection) => switchedOffOf(connection, paint));
  const waiting = status.connections.flatMap((connection) => waitOf(connection, paint));
  const migrations = status.connections.flatMap((connection) => migrationOf(connection, paint));
  const paces = status.connections.flatMap((connection) =>
    daemon ? paceOf(connection, status.asOf) : restOf(connection),
  );
  // Where nothing is sent any more there is nothing to come and nothing to mend.
  const alive = status.connections.filter(({ state }) => state.switchedOffAt === undefined);
  const leaving = alive.flatMap((connection) => leavingOf(connection, status.asOf, paint));
  const troubles = alive.flatMap((connection) => troublesOf(connection, paint));
  const queues = renderTable(
    ['QUEUE', 'WAITING', 'ACTIVE', 'DELAYED', 'FAILED', 'WORKERS'],
    status.queues.map((queue) => [
      `${queue.queue}${queue.paused ? ' (paused)' : ''}`,
      ...['waiting', 'active', 'delayed', 'failed'].map((state) => grouped(countOf(queue.states, state))),
      grouped(queue.workers),
    ]),
  );
  return [
    `Headgate: ${where}`,
    ...(status.troubles ?? []).map(
      ({ name, detail, remedy = '' }) => `${paint.bad(`${name}: ${printable(detail)}`)}\n  ${printable(remedy)}`,
    ),
    connections,
    ...off,
    ...paused,
    ...quarantines,
    ...waiting,
    ...migrations,
    ...paces,
    ...leaving,
    ...troubles,
    queues,
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

/** A connection that was switched off for good. What it still has to be there for is its migration, until that has ended. */
function switchedOffOf(
  { connection, state, migration, brokenJournal }: ConnectionStatus,
  paint: Paint,
): readonly string[] {
  if (state.switchedOffAt === undefined) return [];
  const what = `${paint.warn(`${connection} is switched off`)} since ${shownTime(state.switchedOffAt)}, by a migration: nothing is sent to its provider any more`;
  return [
    migration === undefined && brokenJournal === undefined
      ? `${what}\n  keep its report (headgate migration report ${connection}), then take it out of the configuration`
      : what,
  ];
}

/** A pause the provider asked for, while work waits for it. However long it is, it is honoured until somebody says otherwise. */
function waitOf({ connection, state, openCycle }: ConnectionStatus, paint: Paint): readonly string[] {
  const until = state.throttledUntil;
  if (until === undefined || openCycle === undefined || openCycle.settled === openCycle.total) return [];
  const when = `the provider asked to wait until ${shownTime(until)} (Retry-After)`;
  return [
    trouble(paint.warn(`${connection} waits`), when, `to go on now: headgate connection resume -c ${connection}`),
  ];
}

/** An open migration, while which nothing else runs for the connection, or an aborted one that has left things behind. */
function migrationOf(of: ConnectionStatus, paint: Paint): readonly string[] {
  const { connection, migration, abortedMigration, brokenJournal, state } = of;
  if (brokenJournal !== undefined) {
    const { message, remedy } = brokenJournal;
    return [trouble(paint.bad(`${connection}: migration`), message, remedy)];
  }
  if (abortedMigration !== undefined) {
    const { kind, at } = abortedMigration;
    const what = `${kind} was aborted ${shownTime(at)}: what it did stands`;
    const remedy = `to have everything as it was before: headgate migration rollback ${connection}; what it did: headgate migration report ${connection}`;
    return [trouble(paint.warn(`${connection}: migration`), what, remedy)];
  }
  if (migration === undefined) return [];
  const { kind, gate } = migration;
  const where = gate === undefined ? `, ${statusWords(migration)}` : ` waits for somebody's yes at the gate ${gate}`;
  const runs =
    state.switchedOffAt === undefined ? '; until it has ended no cycle of the connection runs but its own' : '';
  const what = `${kind}${where}${runs}`;
  return [trouble(paint.warn(`${connection}: migration`), what, `see: headgate migration status ${connection}`)];
}

/** A pace older than this says nothing about now, in ms. */
const PACE_AGE_MS = 60_000;

/** How fast operations go out at present, and what holds them back. */
function paceOf(
  { connection, state: { pace }, openCycle }: ConnectionStatus,
  now: number | undefined,
): readonly string[] {
  if (pace === undefined || openCycle?.phase !== 'exporting' || (now ?? pace.at) - pace.at > PACE_AGE_MS) return [];
  const { operationsPerSecond, concurrency, requestsPerSecond } = pace;
  const rate = requestsPerSecond === undefined ? '' : `, ${requestsPerSecond.toFixed(1)} requests a second`;
  return [
    `${connection} sends ${operationsPerSecond.toFixed(1)} operations a second; allowed at present: ${plural(concurrency, 'request')} at a time${rate}`,
  ];
}

/** An open cycle that nobody carries on. */
function restOf({ connection, openCycle }: ConnectionStatus): readonly string[] {
  return openCycle === undefined ? [] : [`${connection}: the cycle goes on when "headgate serve" runs`];
}

/** Removals that wait for their delay, or are due and not done. */
function leavingOf(
  { connection, leaving }: ConnectionStatus,
  now: number | undefined,
  paint: Paint,
): readonly string[] {
  if (leaving === undefined) return [];
  const rest = leaving.total - leaving.next.length;
  const lines = leaving.next.map((removal) => `  ${pendingWords(removal, now)}`);
  if (rest > 0) lines.push(`  and ${grouped(rest)} more`);
  return [[paint.warn(`${connection}: ${plural(leaving.total, 'removal')} to come`), ...lines].join('\n')];
}

/** Why the last cycle came to nothing, what guards hold and what failed, each with what to do. */
function troublesOf(status: ConnectionStatus, paint: Paint): readonly string[] {
  const { connection, state, lastCycle, lastPlanned, held, holds, guards, escrowed } = status;
  const found: string[] = [];
  const told = state.pausedReason !== undefined || state.quarantine !== undefined;
  if (lastCycle?.failure !== undefined && !told) {
    const { message, remedy } = lastCycle.failure;
    const ended = lastCycle.result === 'refused' ? 'was refused' : 'failed';
    found.push(trouble(paint.bad(`${connection}: the last cycle ${ended}`), message, remedy));
  }
  for (const { effect, guard, operations, message, remedy, approved } of lastPlanned?.verdict?.findings ?? []) {
    if (effect === 'warn') found.push(trouble(paint.warn(`${connection}: guard ${guard} warns`), message, remedy));
    if (effect !== 'hold' || held === 0 || approved !== undefined) continue;
    const what = paint.warn(`${connection}: guard ${guard} holds ${plural(operations.length, 'operation')}`);
    found.push(trouble(what, message, remedy));
  }
  for (const { fingerprint, expiresAt, expired } of status.expiring ?? []) {
    const what = `token ${fingerprint} ${expired ? 'expired' : 'expires'} ${shownTime(expiresAt)}`;
    const remedy = `put a new one in its place: headgate token rotate -c ${connection}`;
    found.push(trouble(expired ? paint.bad(connection) : paint.warn(connection), what, remedy));
  }
  if (holds.length > 0) found.push([paint.warn(`${connection}: holds`), ...holdLines(holds)].join('\n'));
  const off = guardsOff(guards);
  if (off !== '') found.push(paint.warn(`${connection}: ${off}`));
  if (escrowed > 0) {
    const failed = paint.warn(`${connection}: ${plural(escrowed, 'operation')} failed`);
    found.push(
      `${failed}; each is tried again with growing delay. See which and why: headgate escrow list -c ${connection}`,
    );
  }
  if (status.unmapped !== undefined) {
    const { cycle, plannedAt, text } = status.unmapped;
    const when = paint.warn(`${connection}: full cycle of ${shownTime(plannedAt)}`);
    const remedy = `they get no account, or theirs is not kept up to date, until the directory or the mapping gives what is missing. Who: headgate cycle show ${cycle}; why: headgate explain <id>`;
    found.push(trouble(when, text, remedy));
  }
  return found;
}

function trouble(what: string, message: string, remedy: string | undefined): string {
  const head = `${what}: ${printable(message)}`;
  return remedy === undefined ? head : `${head}\n  ${printable(remedy)}`;
}

/** BullMQ calls the same state `wait` and `waiting` in different answers. */
function countOf(states: Readonly<Record<string, number>>, state: string): number {
  return (states[state] ?? 0) + (state === 'waiting' ? (states['wait'] ?? 0) : 0);
}

function connectionRow(status: ConnectionStatus, paint: Paint): readonly string[] {
  const { connection, state, links, lastCycle, lastSuccess, held, escrowed } = status;
  const isOff = state.switchedOffAt !== undefined;
  return [
    connection,
    stateWord(status, paint),
    grouped(links['account.active'] ?? 0),
    // The links remember groups that are gone at the provider.
    isOff ? '-' : grouped(links['group.active'] ?? 0),
    lastCycle === undefined ? '-' : `${lastCycle.result ?? '-'} ${shownTime(lastCycle.closedAt)}`,
    shownTime(lastSuccess?.closedAt),
    grouped(held),
    grouped(escrowed),
  ];
}

/** What a connection is at, in a word or two: first what keeps it from working. */
function stateWord({ state, openCycle, migration, brokenJournal }: ConnectionStatus, paint: Paint): string {
  if (state.switchedOffAt !== undefined) return paint.warn('switched off');
  if (state.pausedReason !== undefined) return paint.bad('paused');
  if (state.quarantine?.state === 'quarantined') return paint.bad('quarantined');
  if (brokenJournal !== undefined) return paint.bad('journal broken');
  if (openCycle !== undefined) return paint.warn(whereabouts(openCycle));
  if (migration !== undefined)
    return paint.warn(
      migration.gate === undefined ? `migration ${statusWords(migration)}` : 'migration waits for a yes',
    );
  return paint.good(state.schedulesPaused ? 'idle, schedules paused' : 'idle');
}

/** How far an open cycle is. Before its plan is stored it has no operations to count, only what it reads. */
function whereabouts(cycle: CycleView): string {
  const { phase, progress, total } = cycle;
  if (cycle.cancelRequested) return `${phase}, cancelling`;
  if (phase === 'exporting') return `${phase} ${grouped(doneOf(cycle))}/${grouped(total)}`;
  return progress === undefined ? phase : readingProgress(progress).line;
}

/** Schedules as a table. */
export function renderSchedules(schedules: Schedules, paint: Paint): string {
  return renderTable(
    ['CONNECTION', 'CYCLE', 'PATTERN', 'TIME ZONE', 'NEXT', 'STATE'],
    schedules.map((schedule) => [
      schedule.connection,
      schedule.kind === 'initial' ? 'full' : schedule.kind,
      schedule.pattern,
      schedule.timezone,
      schedule.paused ? '-' : shownTime(schedule.nextRun),
      schedule.paused ? paint.warn('paused') : paint.good('active'),
    ]),
  );
}

/** The result of every check, failed ones and warnings with what to do. */
export function renderChecks(checks: Checks, paint: Paint): string {
  return checks
    .map(({ area, name, ok, warns = false, detail, remedy }) => {
      const word = !ok ? paint.bad('FAIL') : warns ? paint.warn('warn') : paint.good('ok  ');
      const head = `${word} ${printable(area)}: ${printable(name)}: ${printable(detail)}`;
      return (ok && !warns) || remedy === undefined ? head : `${head}\n     ${printable(remedy)}`;
    })
    .join('\n');
}

import { RefusedError } from '../core/errors.ts';
import { obstacles } from '../core/migration/findings.ts';
import { brokenAt, type JournalEntry } from '../core/migration/journal.ts';
import { thawedReason } from '../core/migration/migration.ts';
import { gateDigest } from '../core/migration/next-step.ts';
import { approvalRefusal, refusalOf, seeReport, startRefusal, type Refusal } from '../core/migration/permitted.ts';
import { reportOf } from '../core/migration/report.ts';
import { stateOf, type MigrationState } from '../core/migration/state.ts';
import { shellWord } from '../core/printable.ts';
import { viewOf, type MigrationView } from '../core/migration/view.ts';
import type { ReadProgress } from '../ports/directory-source.ts';
import type { Connection, Ports } from '../ports/index.ts';
import type { MigrationOperator, MigrationStart } from '../ports/migration-operator.ts';
import type { StoredMigration } from '../ports/migration-store.ts';
import { connectionDigest } from '../provisioning/connection-digest.ts';
import { createJournalReader } from '../provisioning/read-journal.ts';
import { connectionsBeside, overtaken } from './beside.ts';
import { planMigration, whatIf } from './plan.ts';
import { requireReady } from './readiness.ts';
import { resolveGroups } from './resolve-groups.ts';
import { requireWriter } from './step-context.ts';
import { takeSurvey } from './survey.ts';

function refuse({ message, remedy }: Refusal): never {
  throw new RefusedError('migration-refused', message, { remedy });
}

/** Implements what people and scripts may ask of migrations, on the ports. */
export function createMigrationOperator(ports: Ports): Omit<MigrationOperator, 'rehearseMigration'> {
  const { migrations } = ports.stores;
  const readOn = createJournalReader(migrations);

  function connectionOf(name: string): Connection {
    const connection = ports.connections.get(name);
    if (connection !== undefined) return connection;
    throw new RefusedError('not-found', `no connection is named "${name}"`, {
      remedy: `configured connections: ${[...ports.connections.keys()].join(', ')}`,
    });
  }

  async function found(name: string): Promise<StoredMigration> {
    const { rules } = connectionOf(name);
    const open = await migrations.openOf(rules.name);
    if (open !== undefined) return open;
    const [latest] = await migrations.list({ connection: rules.name, limit: 1 });
    if (latest !== undefined) return latest;
    throw new RefusedError('not-found', `connection ${rules.name} has no migration`, {
      remedy: `look at what one would do: headgate migration plan ${rules.name} --kind remove-groups --groups …`,
    });
  }

  async function view({ id }: StoredMigration): Promise<MigrationView> {
    return readOn(id, (lines) => viewOf(id, lines, ports.clock.now()));
  }

  async function nudge({ id, connection }: StoredMigration): Promise<void> {
    await ports.queue.enqueue('advance-migration', { connection, migration: id });
  }

  /** Adds a line a person asked for, if it is allowed in the state the journal is in. */
  async function say(
    name: string,
    entryFor: (state: MigrationState, now: number) => JournalEntry | Promise<JournalEntry>,
  ): Promise<MigrationView> {
    const migration = await found(name);
    const read = createJournalReader(migrations, brokenAt);
    const beside = await connectionsBeside(connectionOf(name), ports);
    for (;;) {
      const state = await read(migration.id, stateOf);
      const entry = await entryFor(state, ports.clock.now());
      const { sequence: after } = state.last;
      const unlessSaid = { after, kinds: ['begun', 'ended'] } as const;
      const added = await migrations.append(migration.id, [entry], { beside, unlessSaid });
      if (added !== undefined) {
        if (state.ended?.frozen === true) await thaw(ports, migration);
        await nudge(migration);
        return view(migration);
      }
      // Asked anew where a step was begun meanwhile, which may be the one after which it is too late, or it ended.
      if ((await migrations.lines(migration.id, after, 1)).length === 0)
        refuse({ message: 'the migration has ended meanwhile', remedy: seeReport(state.connection) });
    }
  }

  /** Why one that has ended is not taken up again: because of what went on beside it on its application. */
  async function refusedBeside(name: string, state: MigrationState): Promise<Refusal | undefined> {
    return state.ended === undefined ? undefined : overtaken(connectionOf(name), ports, state);
  }

  async function start(request: MigrationStart, progress: ReadProgress, signal: AbortSignal): Promise<MigrationView> {
    const connection = connectionOf(request.connection);
    const { name } = connection.rules;
    const nameless = startRefusal(request.options, request.requestedBy);
    if (nameless !== undefined) refuse(nameless);
    await requireReady(ports, connection, signal);
    const groups = await resolveGroups(connection, request, signal);
    const asked = { kind: request.kind, groups };
    const { survey } = await takeSurvey(connection, ports, asked, signal, progress);
    const [first, ...others] = obstacles(survey, request.options);
    if (first !== undefined) {
      const more = others.length === 0 ? '' : `, and ${others.length} more`;
      const named = request.kind === 'remove-groups' ? ` --groups ${request.groups.map(shellWord).join(' ')}` : '';
      const consent = first.severity === 'consent' ? ` If that is meant: --accept ${first.code}.` : '';
      throw new RefusedError('migration-refused', `${first.code}: ${first.text}${more}`, {
        remedy: `nothing was begun. See everything with: headgate migration plan ${name} --kind ${request.kind}${named}.${consent}`,
      });
    }
    const entry: JournalEntry = {
      kind: 'started',
      connection: name,
      migration: request.kind,
      ...(connection.rules.engine === undefined ? {} : { engine: connection.rules.engine }),
      groups: survey.groups.map(({ anchor }) => anchor),
      by: request.requestedBy,
      options: request.options,
      configuration: connectionDigest(connection),
    };
    const opened = await migrations.open(name, [entry], { beside: await connectionsBeside(connection, ports) });
    await nudge(opened);
    return view(opened);
  }

  return {
    whatIf: (name, groups, signal) => whatIf(connectionOf(name), ports, groups, signal),
    planMigration: (request, progress, signal) =>
      planMigration(connectionOf(request.connection), ports, request, progress, signal),
    startMigration: start,
    migrationStatus: async (name) => view(await found(name)),
    approveMigration: ({ connection, gate, digest, by }) =>
      say(connection, (state, now) => {
        const wanted = gateDigest(state, gate) ?? '';
        const refusal = approvalRefusal(state, { gate, digest: digest ?? wanted, by, now });
        if (refusal !== undefined) refuse(refusal);
        return { kind: 'approved', gate, digest: wanted, by, expiresAt: now + state.options.approvalMs };
      }),
    actOnMigration: async ({ connection, verb, by, reason }) => {
      if (verb === 'rollback') requireWriter(ports);
      return say(connection, async (state) => {
        const refusal = refusalOf(state, verb) ?? (await refusedBeside(connection, state));
        if (refusal !== undefined) refuse(refusal);
        if (verb === 'pause') return { kind: 'paused', by, reason: reason ?? 'by request' };
        if (verb === 'resume') return { kind: 'resumed', by };
        return verb === 'abort' ? { kind: 'abort', by, reason: reason ?? 'by request' } : { kind: 'rollback', by };
      });
    },
    async migrationReport(name) {
      const { id } = await found(name);
      // First: a line added in between is one more than it tells of, and none too few.
      const end = await migrations.journalEnd(id);
      return reportOf(id, await migrations.lines(id), end);
    },
  };
}

/** Lifts the pause an aborted migration has put on its connection: while it is open again no cycle but its own runs. */
async function thaw({ stores: { connections } }: Ports, { id, connection }: StoredMigration): Promise<void> {
  await connections.changePause(connection, (reason) => thawedReason(id, reason));
}

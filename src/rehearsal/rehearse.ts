import type { Config } from '../config/config.ts';
import { RefusedError } from '../core/errors.ts';
import {
  countOutcomes,
  peopleOf,
  type Hindrance,
  type Rehearsal,
  type RehearsalEnd,
} from '../core/migration/rehearsal.ts';
import type { MigrationReport } from '../core/migration/report.ts';
import { createMigrationOperator } from '../migration/operator.ts';
import type { Ports } from '../ports/index.ts';
import type { Log } from '../ports/log.ts';
import type { MigrationOperator, RehearsalAsk } from '../ports/migration-operator.ts';
import { copyState, type CopiedState } from './copy-state.ts';
import { drive } from './drive.ts';
import { openStage, type Stage } from './stage.ts';
import { unknownOf } from './unknown.ts';
import { accountsOf, watchWrites, type WatchedWrites } from './watch-writes.ts';

interface RehearserOptions {
  /** The real ones. They are read from and nothing else. */
  readonly ports: Ports;
  /** The configuration in force now. */
  readonly config: () => Config;
  readonly log: Log;
  readonly version: string;
}

/** Rehearses migrations, one at a time: each holds a copy of a connection's world in memory. */
export function createRehearser(options: RehearserOptions): Pick<MigrationOperator, 'rehearseMigration'> {
  let running = false;
  return {
    async rehearseMigration(ask, progress, signal) {
      if (running)
        throw new RefusedError('migration-refused', 'another rehearsal is running in this process', {
          remedy: 'wait until it is over.',
        });
      running = true;
      try {
        return await rehearse(options, ask, progress, signal);
      } finally {
        running = false;
      }
    },
  };
}

async function rehearse(
  { ports, config, log, version }: RehearserOptions,
  ask: RehearsalAsk,
  progress: Parameters<MigrationOperator['rehearseMigration']>[1],
  signal: AbortSignal,
): Promise<Rehearsal> {
  const connection = ports.connections.get(ask.connection);
  if (connection === undefined) throw new RefusedError('not-found', `no connection is named "${ask.connection}"`);
  const copied = await copyState(connection, ports, ask, progress, signal);
  progress('rehearsal: the copy is made', 0);
  const { assume } = ask;
  const stage = await openStage({ copied, connection: ask.connection, config: config(), assume, log, version });
  try {
    const before = accountsOf(stage.provider);
    const writes = watchWrites(stage.provider);
    const [first] = copied.obstacles;
    const end: RehearsalEnd =
      first === undefined
        ? await drive(stage, { ...ask, groups: copied.groups }, progress, signal)
        : { result: 'not-started', text: `${first.code}: ${first.text}` };
    const report =
      end.result === 'not-started'
        ? undefined
        : await createMigrationOperator(stage.context.ports).migrationReport(ask.connection);
    return outcome({ ask, copied, stage, before, writes, end, ...(report === undefined ? {} : { report }) });
  } finally {
    await stage.close();
  }
}

interface Played {
  readonly ask: RehearsalAsk;
  readonly copied: CopiedState;
  readonly stage: Stage;
  readonly before: ReturnType<typeof accountsOf>;
  readonly writes: WatchedWrites;
  readonly end: RehearsalEnd;
  readonly report?: MigrationReport;
}

function hindrancesOf({ obstacles, hindrances }: CopiedState): readonly Hindrance[] {
  return [...hindrances, ...obstacles.map(({ code, text }) => ({ code, text }))];
}

function outcome({ ask, copied, stage, before, writes, end, report }: Played): Rehearsal {
  const { survey, facts } = copied;
  const { directory, inventory, links } = facts;
  const owners = new Map(
    links
      .filter(({ resource, state }) => resource === 'account' && state !== 'deleted')
      .map(({ resourceId, anchor, label }) => [resourceId, { anchor, label }]),
  );
  const after = accountsOf(stage.provider);
  const findings = copied.obstacles.length > 0 ? copied.obstacles : [];
  const known = new Set(before.map(({ id }) => id));
  const made = after.filter(({ id }) => !known.has(id)).map(({ userName }) => userName);
  const people = peopleOf({ before, after, owners, causes: writes.causes, findings });
  const counts = countOutcomes(people);
  const hindrances = hindrancesOf(copied);
  const left = survey.groups.filter(
    ({ scimGroup }) => scimGroup !== undefined && stage.provider.groups.get(scimGroup.id) !== undefined,
  );
  const reportPassed = report === undefined ? {} : { reportPassed: report.passed };
  return {
    connection: ask.connection,
    kind: ask.kind,
    groups: survey.groups.map(({ anchor, name }) => ({ anchor, name })),
    copied: {
      users: directory.users.size,
      directoryGroups: directory.groups.size,
      assignments: directory.assignments.length,
      accounts: inventory.accounts.resources.length,
      scimGroups: inventory.groups.resources.length,
      links: links.length,
    },
    assumed: ask.assume,
    hindrances,
    findings: survey.findings,
    end,
    people,
    counts,
    groupsLeft: left.map(({ name }) => name),
    requests: report?.requests ?? [],
    ...reportPassed,
    unknown: unknownOf(copied, ask, made),
    safe:
      hindrances.length === 0 &&
      end.result === 'succeeded' &&
      report?.passed === true &&
      counts.loses + counts.changes === 0,
  };
}

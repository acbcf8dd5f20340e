import { RefusedError } from '../core/errors.ts';
import { openBeside, overtakenBy } from '../core/migration/beside.ts';
import { brokenBy } from '../core/migration/broken-journal.ts';
import { unseenWords } from '../core/migration/elsewhere-findings.ts';
import { thenResume } from '../core/migration/failed-words.ts';
import type { Refusal } from '../core/migration/permitted.ts';
import { stateOf, type MigrationState } from '../core/migration/state.ts';
import type { Connection, Ports } from '../ports/index.ts';
import { unseenBeside, type OthersPorts } from '../provisioning/other-configurations.ts';
import { readJournal } from '../provisioning/read-journal.ts';
import { onSameApplication } from './neighbours.ts';
import type { StepContext } from './step-context.ts';

/** How many migrations of another connection are looked through for those that went on meanwhile. */
const RECENT = 50;

type Asked = OthersPorts & { readonly stores: Pick<Ports['stores'], 'migrations' | 'connections'> };

/** Names of the connections of which none may be in a migration at the same time, whoever has them in its configuration. */
export async function connectionsBeside(connection: Connection, ports: OthersPorts): Promise<readonly string[]> {
  const unseen = await unseenBeside(connection, ports);
  return [
    ...onSameApplication(connection, ports.connections).map(({ rules }) => rules.name),
    ...unseen.flatMap((other) => (other.shares === 'application' ? [other.connection] : [])),
  ];
}

/**
 * Asked before a rollback withdraws anything: people may rest on it at a connection of another configuration. RefusedError when
 * there is one and nobody accepted it.
 */
export async function requireSeen(context: StepContext): Promise<void> {
  const { connection, ports } = context;
  if (context.state().options.accept.includes('other-configuration')) return;
  const { name } = connection.rules;
  const unseen = (await unseenBeside(connection, ports)).filter(({ shares }) => shares === 'application');
  if (unseen.length === 0) return;
  const others = unseen.map((other) => other.connection);
  const { detail, remedy } = unseenWords(name, others);
  throw new RefusedError('migration-refused', `other-configuration: ${detail}`, { remedy: thenResume(remedy, name) });
}

/** RefusedError while another connection on the same application has an open migration. */
export async function requireAlone(connection: Connection, ports: Asked): Promise<void> {
  for (const other of await connectionsBeside(connection, ports))
    if ((await ports.stores.migrations.openOf(other)) !== undefined) throw openBeside(connection.rules.name, other);
}

/** Why a migration that has ended must not be rolled back: another connection has taken the same groups out since. */
export async function overtaken(
  connection: Connection,
  ports: Asked,
  state: MigrationState,
): Promise<Refusal | undefined> {
  const { stores } = ports;
  const names = new Map(state.before?.groups.map(({ anchor, name }) => [anchor, name]));
  for (const other of await connectionsBeside(connection, ports)) {
    const recent = await stores.migrations.list({ connection: other, limit: RECENT });
    for (const { id, endedAt = 0 } of recent) {
      if (endedAt < state.startedAt) continue;
      const read = await readJournal(stores.migrations, id, stateOf).catch((error: unknown) => brokenBy(id, error));
      if ('remedy' in read) {
        const message = `whether ${other} has taken the same groups out meanwhile is not known: ${read.message}`;
        return { message, remedy: read.remedy };
      }
      const { ended, before } = read;
      const same = before?.groups.flatMap(({ anchor }) => names.get(anchor) ?? []) ?? [];
      if (ended?.result === 'succeeded' && same.length > 0)
        return overtakenBy({ connection: connection.rules.name, other }, same, state.before);
    }
  }
  return undefined;
}

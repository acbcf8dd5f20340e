import { openBeside, overtakenBy } from '../core/migration/beside.ts';
import { brokenBy } from '../core/migration/broken-journal.ts';
import type { Refusal } from '../core/migration/permitted.ts';
import { stateOf, type MigrationState } from '../core/migration/state.ts';
import type { Connection, Ports } from '../ports/index.ts';
import { readJournal } from '../provisioning/read-journal.ts';
import { onSameApplication } from './neighbours.ts';

/** How many migrations of another connection are looked through for those that went on meanwhile. */
const RECENT = 50;

type Asked = Pick<Ports, 'connections'> & { readonly stores: Pick<Ports['stores'], 'migrations'> };

/** Names of the connections of which none may be in a migration at the same time. */
export function connectionsBeside(connection: Connection, connections: Ports['connections']): readonly string[] {
  return onSameApplication(connection, connections).map(({ rules }) => rules.name);
}

/** RefusedError while another connection on the same application has an open migration. */
export async function requireAlone(connection: Connection, { connections, stores }: Asked): Promise<void> {
  for (const other of connectionsBeside(connection, connections))
    if ((await stores.migrations.openOf(other)) !== undefined) throw openBeside(connection.rules.name, other);
}

/** Why a migration that has ended must not be rolled back: another connection has taken the same groups out since. */
export async function overtaken(
  connection: Connection,
  { connections, stores }: Asked,
  state: MigrationState,
): Promise<Refusal | undefined> {
  const names = new Map(state.before?.groups.map(({ anchor, name }) => [anchor, name]));
  for (const other of connectionsBeside(connection, connections)) {
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

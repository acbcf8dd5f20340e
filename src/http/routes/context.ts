import type { MigrationOperator } from '../../ports/migration-operator.ts';
import type { Operator } from '../../ports/operator.ts';
import type { Log } from '../../ports/log.ts';
import { RefusedError } from '../../core/errors.ts';
import type { Disconnects } from '../disconnect.ts';
import { connectionParams, readInput } from '../input.ts';

/** What the routes of the API are built from. */
export interface ApiContext {
  readonly operator: Operator;
  readonly migrations: MigrationOperator;
  readonly disconnects: Disconnects;
  readonly log: Log;
}

/** The connection named in the path. RefusedError('not-found') when the configuration has none of that name. */
export function connectionOf(operator: Operator, params: unknown): string {
  const { name } = readInput('params', connectionParams, params);
  requireConnection(operator, name);
  return name;
}

/** RefusedError('not-found') when the configuration has no connection of that name. */
export function requireConnection(operator: Operator, name: string): void {
  const names = operator.connections();
  if (names.includes(name)) return;
  throw new RefusedError('not-found', `There is no connection named ${name}.`, {
    remedy: names.length === 0 ? 'Configure a connection.' : `Configured: ${names.join(', ')}.`,
  });
}

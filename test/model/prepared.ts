import type { PostgresCursor, PostgresPool, PostgresPoolClient, PostgresQueryResult } from 'kysely';
import type { Pool, PoolClient } from 'pg';

/**
 * The same pool, on which each client prepares a statement once. Random histories repeat the same hundred statements,
 * and parsing and planning them again took longer than everything else together.
 */
export function preparing(pool: Pool): PostgresPool {
  const names = new Map<string, string>();
  const known = new WeakMap<PoolClient, PostgresPoolClient>();
  let clients = 0;

  function nameOf(statement: string): string {
    const name = names.get(statement) ?? `s${names.size}`;
    names.set(statement, name);
    return name;
  }

  function prepare(client: PoolClient): PostgresPoolClient {
    // All clients of the embedded database share one session: each has names of its own.
    const prefix = `c${++clients}`;
    function query<R>(cursor: PostgresCursor<R>): PostgresCursor<R>;
    function query<R>(statement: string, values: readonly unknown[]): Promise<PostgresQueryResult<R>>;
    function query(statement: unknown, values: readonly unknown[] = []): unknown {
      if (typeof statement !== 'string') throw new Error('a cursor is not part of the model');
      if (values.length === 0) return client.query(statement);
      return client.query({ name: `${prefix}${nameOf(statement)}`, text: statement, values: [...values] });
    }
    const prepared: PostgresPoolClient = { query, release: () => client.release() };
    known.set(client, prepared);
    return prepared;
  }

  return {
    async connect() {
      const client = await pool.connect();
      return known.get(client) ?? prepare(client);
    },
    end: () => pool.end(),
  };
}

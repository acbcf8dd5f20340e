import { sql } from 'kysely';
import { escrowKey, type Escrow, type EscrowKey } from '../../core/escrow.ts';
import type { EscrowRequest, EscrowStore, RecoveryAct } from '../../ports/recovery.ts';
import { inChunks } from './chunks.ts';
import { commit, reading } from './commits.ts';
import type { Sql, Tx } from './tables.ts';

const CHUNK = 2_000;

/** Needs in escrow, and what people did about them. */
export function createEscrowStore(db: Sql): EscrowStore {
  return { ...createReads(db), ...createWrites(db) };
}

/** By anchor or name, without case as in the log. */
function isCalled(who: string) {
  return sql<boolean>`(anchor = lower(${who}) or lower(label) = lower(${who}))`;
}

function keysOf(keys: readonly EscrowKey[]): string {
  return JSON.stringify(keys.map(({ resource, anchor, kind }) => ({ resource, anchor, kind })));
}

function createReads(db: Sql): Pick<EscrowStore, 'load' | 'list' | 'totals' | 'find' | 'acts'> {
  return {
    async load(connection) {
      const rows = await reading(() =>
        db.selectFrom('headgate.escrow').select('body').where('connection', '=', connection).execute(),
      );
      return rows.map(({ body }) => body);
    },

    async list(connection, { who, limit }) {
      let query = db
        .selectFrom('headgate.escrow')
        .select('body')
        .where('connection', '=', connection)
        .orderBy('first_failed_at')
        .orderBy('anchor')
        .orderBy('kind')
        .limit(limit);
      if (who !== undefined) query = query.where(isCalled(who));
      return (await reading(() => query.execute())).map(({ body }) => body);
    },

    async totals(connection, now) {
      const { rows } = await reading(() =>
        sql<{ accounts: string; groups: string; waiting: string; oldest: string | null }>`
          select count(*) filter (where resource = 'account') as accounts,
                 count(*) filter (where resource = 'group') as groups,
                 count(*) filter (where due_at > ${now}) as waiting, min(first_failed_at) as oldest
          from headgate.escrow where connection = ${connection}`.execute(db),
      );
      const [row] = rows;
      const oldest = row?.oldest ?? null;
      return {
        accounts: Number(row?.accounts ?? 0),
        groups: Number(row?.groups ?? 0),
        waiting: Number(row?.waiting ?? 0),
        ...(oldest === null ? {} : { oldest: Number(oldest) }),
      };
    },

    async find(connection, keys) {
      if (keys.length === 0) return [];
      const { rows } = await reading(() =>
        sql<{ body: Escrow }>`
          select escrow.body from json_to_recordset(${keysOf(keys)}::json)
            as given (resource text, anchor text, kind text)
          join headgate.escrow as escrow on escrow.connection = ${connection}
            and escrow.resource = given.resource and escrow.anchor = given.anchor and escrow.kind = given.kind`.execute(
          db,
        ),
      );
      return rows.map(({ body }) => body);
    },

    async acts(connection, limit) {
      const rows = await reading(() =>
        db
          .selectFrom('headgate.recovery_act')
          .selectAll()
          .where('connection', '=', connection)
          .orderBy('number', 'desc')
          .limit(limit)
          .execute(),
      );
      return rows.map(({ act, subject, at, by_whom: by, reason }) => ({
        act,
        subject,
        at: Number(at),
        by,
        ...(reason === null ? {} : { reason }),
      }));
    },
  };
}

function createWrites(db: Sql): Pick<EscrowStore, 'put' | 'lift' | 'retry' | 'drop' | 'recordAct'> {
  return {
    async put(connection, escrows) {
      if (escrows.length === 0) return;
      await commit(db, 'escrows.put', async (tx) => {
        for (const chunk of inChunks(escrows, CHUNK)) await upsert(tx, connection, chunk);
      });
    },

    async lift(connection, keys) {
      if (keys.length === 0) return 0;
      // Nearly always there is none, and then a slice of a thousand operations costs one look at an index.
      const some = await reading(() =>
        db.selectFrom('headgate.escrow').select('anchor').where('connection', '=', connection).limit(1).execute(),
      );
      if (some.length === 0) return 0;
      return commit(db, 'escrows.lift', async (tx) => {
        const lifted = await sql`
          delete from headgate.escrow as escrow
          using json_to_recordset(${keysOf(keys)}::json) as given (resource text, anchor text, kind text)
          where escrow.connection = ${connection} and escrow.resource = given.resource
            and escrow.anchor = given.anchor and escrow.kind = given.kind`.execute(tx);
        return Number(lifted.numAffectedRows ?? 0n);
      });
    },

    retry: (request) =>
      commit(db, 'escrows.retry', async (tx) => {
        const chosen = (await choose(tx, request)).map((escrow) => ({ ...escrow, dueAt: request.at }));
        for (const chunk of inChunks(chosen, CHUNK)) await upsert(tx, request.connection, chunk);
        await keepActs(tx, 'escrow-retry', request, chosen);
        return chosen.length;
      }),

    drop: (request) =>
      commit(db, 'escrows.drop', async (tx) => {
        const chosen = await choose(tx, request);
        await sql`
          delete from headgate.escrow as escrow
          using json_to_recordset(${keysOf(chosen)}::json) as given (resource text, anchor text, kind text)
          where escrow.connection = ${request.connection} and escrow.resource = given.resource
            and escrow.anchor = given.anchor and escrow.kind = given.kind`.execute(tx);
        await keepActs(tx, 'escrow-drop', request, chosen);
        return chosen.length;
      }),

    async recordAct(connection, { act, subject, at, by, reason }) {
      await commit(db, 'escrows.recordAct', (tx) =>
        tx
          .insertInto('headgate.recovery_act')
          .values({ connection, act, subject, at, by_whom: by, reason: reason ?? null })
          .execute(),
      );
    },
  };
}

async function choose(tx: Tx, { connection, who }: EscrowRequest): Promise<readonly Escrow[]> {
  let query = tx.selectFrom('headgate.escrow').select('body').where('connection', '=', connection).forUpdate();
  if (who !== undefined) query = query.where(isCalled(who));
  return (await query.execute()).map(({ body }) => body);
}

async function upsert(tx: Tx, connection: string, escrows: readonly Escrow[]): Promise<void> {
  const rows = escrows.map((escrow) => ({
    resource: escrow.resource,
    anchor: escrow.anchor,
    kind: escrow.kind,
    label: escrow.label,
    first_failed_at: escrow.firstFailedAt,
    due_at: escrow.dueAt,
    body: JSON.stringify(escrow),
  }));
  await sql`
    insert into headgate.escrow (connection, resource, anchor, kind, label, first_failed_at, due_at, body)
    select ${connection}, resource, anchor, kind, label, first_failed_at, due_at, body::json
    from json_to_recordset(${JSON.stringify(rows)}::json) as given (
      resource text, anchor text, kind text, label text, first_failed_at bigint, due_at bigint, body text)
    on conflict (connection, resource, anchor, kind) do update
      set label = excluded.label, first_failed_at = excluded.first_failed_at, due_at = excluded.due_at,
          body = excluded.body`.execute(tx);
}

/** One line for each need; one for all of them where nobody was named. */
async function keepActs(
  tx: Tx,
  act: RecoveryAct['act'],
  { connection, who, by, reason, at }: EscrowRequest,
  chosen: readonly Escrow[],
): Promise<void> {
  if (chosen.length === 0) return;
  const subjects = who === undefined ? [`all (${chosen.length})`] : chosen.map(escrowKey);
  const values = subjects.map((subject) => ({ connection, act, subject, at, by_whom: by, reason: reason ?? null }));
  await tx.insertInto('headgate.recovery_act').values(values).execute();
}

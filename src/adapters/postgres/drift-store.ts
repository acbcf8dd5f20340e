import type { DriftStore } from '../../ports/drift-store.ts';
import { commit, reading } from './commits.ts';
import type { Sql } from './tables.ts';

/** One report per connection: an audit shows what is so now, and the provisioning log keeps what was done about it. */
export function createDriftStore(db: Sql): DriftStore {
  return {
    async save(report) {
      const columns = { body: JSON.stringify(report), counts: JSON.stringify(report.counts) };
      await commit(db, 'drift.save', (tx) =>
        tx
          .insertInto('headgate.drift')
          .values({ connection: report.connection, ...columns })
          .onConflict((conflict) => conflict.column('connection').doUpdateSet(columns))
          .execute(),
      );
    },
    async last(connection) {
      const row = await reading(() =>
        db.selectFrom('headgate.drift').select('body').where('connection', '=', connection).executeTakeFirst(),
      );
      return row?.body;
    },
    async counts(connection) {
      const row = await reading(() =>
        db.selectFrom('headgate.drift').select('counts').where('connection', '=', connection).executeTakeFirst(),
      );
      return row?.counts;
    },
  };
}

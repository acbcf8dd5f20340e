import { sql } from 'kysely';
import type { Clock } from '../../ports/clock.ts';
import type { CredentialChange, CredentialStore, StoredCredential } from '../../ports/credentials.ts';
import type { Credential } from '../../core/credential.ts';
import { factsOfCredentialEvent, kindOfCredentialEvent, type NewNotification } from '../../core/notification.ts';
import { commit, reading, type SyncToDisk } from './commits.ts';
import { insertNotifications } from './notification-store.ts';
import type { Sql, Tx } from './tables.ts';

/** Ends a transaction of which nothing is to be kept. */
class Overtaken extends Error {}

/** Credentials of all connections, their kept secrets and their history. */
export function createCredentialStore(db: Sql, clock: Clock, syncToDisk: SyncToDisk): CredentialStore {
  return {
    async list(connection) {
      const rows = await reading(() => {
        const all = db.selectFrom('headgate.credential').select(['body', 'version']).orderBy('number', 'desc');
        return (connection === undefined ? all : all.where('connection', '=', connection)).execute();
      });
      return rows.map(toStored);
    },

    async active(connection) {
      const row = await reading(() =>
        db
          .selectFrom('headgate.credential')
          .select(['body', 'version'])
          .where('connection', '=', connection)
          .where('state', '=', 'active')
          .executeTakeFirst(),
      );
      return row === undefined ? undefined : toStored(row);
    },

    async secret(id) {
      const row = await reading(() =>
        db.selectFrom('headgate.credential').select(['sealed', 'file']).where('id', '=', id).executeTakeFirst(),
      );
      if (row === undefined) return undefined;
      if (row.sealed !== null) return { kind: 'stored', sealed: row.sealed };
      return row.file === null ? undefined : { kind: 'file', path: row.file };
    },

    async change(changes) {
      if (changes.length === 0) return true;
      try {
        await commit(db, 'credentials.change', async (tx) => {
          for (const change of changes) await write(tx, change, clock.now());
          await insertNotifications(tx, changes.flatMap(toTell), clock.now());
        });
      } catch (error) {
        if (error instanceof Overtaken) return false;
        throw error;
      }
      await syncToDisk();
      return true;
    },

    async history(id) {
      const rows = await reading(() =>
        db
          .selectFrom('headgate.credential_event')
          .select(['credential', 'at', 'event', 'actor', 'detail'])
          .where('credential', '=', id)
          .orderBy('number')
          .execute(),
      );
      return rows.map(({ credential, at, event, actor, detail }) => ({
        credential,
        at: Number(at),
        event,
        by: actor,
        ...(detail === null ? {} : { detail }),
      }));
    },
  };
}

function toStored({ body, version }: { readonly body: Credential; readonly version: number }): StoredCredential {
  return { ...body, version };
}

/** The body is kept without the version, which is the row's. */
function bodyOf(credential: Credential & { readonly version?: number }): string {
  const { version: _version, ...body } = credential;
  return JSON.stringify(body);
}

async function write(tx: Tx, change: CredentialChange, now: number): Promise<void> {
  const { after, from, secret } = change;
  const sealed = secret?.kind === 'stored' ? secret.sealed : null;
  const file = secret?.kind === 'file' ? secret.path : null;
  const isOther = change.eraseSecret === true || secret !== undefined;
  const written =
    from === undefined
      ? await sql`
          insert into headgate.credential (id, connection, fingerprint, state, body, sealed, file)
          values (${after.id}, ${after.connection}, ${after.fingerprint}, ${after.state}, ${bodyOf(after)},
            ${sealed}, ${file})
          on conflict do nothing`.execute(tx)
      : await sql`
          update headgate.credential
          set state = ${after.state}, body = ${bodyOf(after)}, version = version + 1,
            sealed = case when ${isOther} then ${sealed} else sealed end,
            file = case when ${isOther} then ${file} else file end
          where id = ${after.id} and version = ${from}`.execute(tx);
  if (written.numAffectedRows !== 1n) throw new Overtaken();
  await tx
    .insertInto('headgate.credential_event')
    .values({ credential: after.id, at: now, event: change.event, actor: change.by, detail: change.detail ?? null })
    .execute();
}

/** What people are told of a change. */
function toTell({ after: { connection, fingerprint }, event, detail }: CredentialChange): readonly NewNotification[] {
  const kind = kindOfCredentialEvent(event);
  if (kind === undefined) return [];
  const facts = factsOfCredentialEvent(event, { fingerprint, ...(detail === undefined ? {} : { detail }) });
  return [{ kind, connection, facts }];
}

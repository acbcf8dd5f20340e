import { sql, type Kysely } from 'kysely';

/** A person may also decide that links are forgotten, because their accounts are gone. */
export async function up(database: Kysely<unknown>): Promise<void> {
  await sql`
    alter table headgate.recovery_act
      drop constraint recovery_act_act_check,
      add constraint recovery_act_act_check
        check (act in ('escrow-retry', 'escrow-drop', 'quarantine-release', 'links-forgotten'))`.execute(database);
}

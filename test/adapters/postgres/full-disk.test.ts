import { describe, expect, test } from 'vitest';
import { DatabaseError } from 'pg';
import { commit } from '../../../src/adapters/postgres/commits.ts';
import { isStillFull, requireRoom } from '../../../src/adapters/postgres/full-disk.ts';
import type { Sql, Tx } from '../../../src/adapters/postgres/tables.ts';
import { only } from '../../only.ts';

function failureOf(code: string): DatabaseError {
  return Object.assign(new DatabaseError('could not extend file', 1, 'error'), { code });
}

/** A database whose transactions end as `outcome` says at that moment. */
function aDatabase() {
  let outcome: () => void = () => undefined;
  const sql = only<Sql>({
    transaction: () =>
      only<ReturnType<Sql['transaction']>>({
        execute: async (work) => {
          outcome();
          return work(only<Tx>({}));
        },
      }),
  });
  const tryTo = (name: string, found?: DatabaseError) => {
    outcome = () => {
      if (found !== undefined) throw found;
    };
    return commit(sql, name, async () => undefined).catch(() => undefined);
  };
  return { sql, tryTo };
}

const MINUTE = 60_000;

describe('a database whose disk was found full', () => {
  test('is full until what failed succeeds, whatever smaller thing does meanwhile', async () => {
    const { sql, tryTo } = aDatabase();
    expect(isStillFull(sql)).toBe(false);
    await tryTo('cycles.savePlan', failureOf('53100'));
    await tryTo('connections.setPace');
    expect(isStillFull(sql)).toBe(true);
    await tryTo('cycles.savePlan');
    expect(isStillFull(sql)).toBe(false);
  });

  test('is not called full for ever because nobody tries again what failed', async () => {
    const { sql, tryTo } = aDatabase();
    await tryTo('credentials.change', failureOf('53100'));
    expect(isStillFull(sql, Date.now() + 4 * MINUTE)).toBe(true);
    expect(isStillFull(sql, Date.now() + 6 * MINUTE)).toBe(false);
  });

  test.each([
    { rule: 'is full where nobody can look at the disk', sees: undefined, is: 'the disk of the database is full' },
    { rule: 'is not where the disk shows room again, though nobody tried again', sees: true, is: 'fine' },
    { rule: 'is where the disk shows none', sees: false, is: 'the disk of the database is full' },
  ])('$rule', async ({ sees, is }) => {
    const { sql, tryTo } = aDatabase();
    await tryTo('cycles.savePlan', failureOf('53100'));
    const room = requireRoom({ sql, hasRoom: async () => sees });
    expect(
      await room.then(
        () => 'fine',
        (error: Error) => error.message,
      ),
    ).toBe(is);
  });

  test('is another one than one that fails otherwise', async () => {
    const { sql, tryTo } = aDatabase();
    await tryTo('cycles.savePlan', failureOf('40001'));
    expect(isStillFull(sql)).toBe(false);
  });
});

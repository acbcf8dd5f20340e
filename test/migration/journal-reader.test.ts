import { expect, test } from 'vitest';
import type { JournalEntry, JournalLine } from '../../src/core/migration/journal.ts';
import { createJournalReader } from '../../src/migration/journal-reader.ts';
import { journal } from '../core/migration/builders.ts';

/** A journal that grows, and from where on it was read each time. */
function aGrowingJournal() {
  let written: readonly JournalLine[] = [];
  const readFrom: number[] = [];
  return {
    readFrom,
    write(...entries: readonly JournalEntry[]) {
      written = journal(...written.map(({ entry }) => entry), ...entries);
    },
    async lines(_migration: string, after = 0) {
      readFrom.push(after);
      return written.filter(({ sequence }) => sequence > after);
    },
  };
}

const ENDED: JournalEntry = { kind: 'ended', result: 'succeeded', by: 'headgate', text: 'all is well', frozen: false };

test('a journal that is watched is read once, then only what was written since; one that has ended is not kept', async () => {
  const growing = aGrowingJournal();
  const read = createJournalReader(growing);
  const kinds = async () => (await read('m-1')).map(({ entry }) => entry.kind);
  growing.write({ kind: 'begun', step: 'assign-directly' }, { kind: 'resumed', by: 'ada' });
  expect(await kinds()).toEqual(['begun', 'resumed']);
  expect(await kinds()).toEqual(['begun', 'resumed']);
  growing.write(ENDED);
  expect(await kinds()).toEqual(['begun', 'resumed', 'ended']);
  expect(await kinds()).toEqual(['begun', 'resumed', 'ended']);
  expect(growing.readFrom).toEqual([0, 2, 2, 0]);
});

test('two who watch at the same time see each line once', async () => {
  const growing = aGrowingJournal();
  const read = createJournalReader(growing);
  growing.write({ kind: 'begun', step: 'assign-directly' });
  await Promise.all([read('m-1'), read('m-1')]);
  growing.write({ kind: 'resumed', by: 'ada' });
  const [one, other] = await Promise.all([read('m-1'), read('m-1')]);
  expect([one, other].map((lines) => lines.map(({ sequence }) => sequence))).toEqual([
    [1, 2],
    [1, 2],
  ]);
});

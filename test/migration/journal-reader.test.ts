import { expect, test } from 'vitest';
import type { JournalEntry, JournalLine } from '../../src/core/migration/journal.ts';
import { createJournalReader } from '../../src/migration/journal-reader.ts';

/** A journal that grows, and from where on it was read each time. */
function aJournal() {
  const written: JournalLine[] = [];
  const readFrom: number[] = [];
  return {
    readFrom,
    write(...entries: readonly JournalEntry[]) {
      for (const entry of entries) {
        written.push({ sequence: written.length + 1, at: 0, entry, previous: '', hash: '' });
      }
    },
    async lines(_migration: string, after = 0) {
      readFrom.push(after);
      return written.filter(({ sequence }) => sequence > after);
    },
  };
}

const ENDED: JournalEntry = { kind: 'ended', result: 'succeeded', by: 'headgate', text: 'all is well', frozen: false };

test('a journal that is watched is read once, then only what was written since; one that has ended is not kept', async () => {
  const journal = aJournal();
  const read = createJournalReader(journal);
  const kinds = async () => (await read('m-1')).map(({ entry }) => entry.kind);
  journal.write({ kind: 'begun', step: 'assign-directly' }, { kind: 'resumed', by: 'ada' });
  expect(await kinds()).toEqual(['begun', 'resumed']);
  expect(await kinds()).toEqual(['begun', 'resumed']);
  journal.write(ENDED);
  expect(await kinds()).toEqual(['begun', 'resumed', 'ended']);
  expect(await kinds()).toEqual(['begun', 'resumed', 'ended']);
  expect(journal.readFrom).toEqual([0, 2, 2, 0]);
});

test('two who watch at the same time see each line once', async () => {
  const journal = aJournal();
  const read = createJournalReader(journal);
  journal.write({ kind: 'begun', step: 'assign-directly' });
  await Promise.all([read('m-1'), read('m-1')]);
  journal.write({ kind: 'resumed', by: 'ada' });
  const [one, other] = await Promise.all([read('m-1'), read('m-1')]);
  expect([one, other].map((lines) => lines.map(({ sequence }) => sequence))).toEqual([
    [1, 2],
    [1, 2],
  ]);
});

import { expect, test } from 'vitest';
import type { JournalEntry, JournalLine } from '../../src/core/migration/journal.ts';
import { createJournalReader } from '../../src/provisioning/read-journal.ts';
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
    /** Puts another journal in its place, as whoever changes the database or restores it. */
    replace(lines: readonly JournalLine[]) {
      written = lines;
    },
    written: () => written,
    async journalEnd() {
      return undefined;
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
  const kinds = () => read('m1', (lines) => lines.map(({ entry }) => entry.kind));
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
  const sequences = () => read('m1', (lines) => lines.map(({ sequence }) => sequence));
  await Promise.all([sequences(), sequences()]);
  growing.write({ kind: 'resumed', by: 'ada' });
  expect(await Promise.all([sequences(), sequences()])).toEqual([
    [1, 2],
    [1, 2],
  ]);
});

test.each([
  ['changed in the database', (lines: readonly JournalLine[]) => lines.map((line) => ({ ...line, previous: 'x' }))],
  ['left out', (lines: readonly JournalLine[]) => lines.slice(1)],
])('a journal of which lines were %s is shown again once it is restored', async (_how, harm) => {
  const growing = aGrowingJournal();
  const read = createJournalReader(growing);
  const count = () => read('m1', (lines) => lines.length);
  growing.write({ kind: 'begun', step: 'assign-directly' }, { kind: 'resumed', by: 'ada' });
  const sound = growing.written();
  growing.replace(harm(sound));
  await expect(count()).rejects.toMatchObject({ code: 'journal-broken' });
  await expect(count()).rejects.toMatchObject({ code: 'journal-broken' });
  growing.replace(sound);
  expect(await count()).toBe(2);
});

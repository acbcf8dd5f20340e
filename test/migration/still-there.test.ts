import { expect, test } from 'vitest';
import { nextLine, type JournalEntry, type JournalLine } from '../../src/core/migration/journal.ts';
import { stateOf } from '../../src/core/migration/state.ts';
import { unlessLostLater } from '../../src/migration/steps/still-there.ts';
import { anAccount } from '../builders.ts';
import { aSurvey, NOW, started } from '../core/migration/builders.ts';

const SETTLE_MS = 30_000;

/** A canary step whose clock is moved by hand, at a provider that has these accounts. */
function canaryStep() {
  const present = new Set(['id-ann', 'id-ben']);
  const lines: JournalLine[] = [];
  let now = NOW;
  const say = (entry: JournalEntry) => void lines.push(nextLine('m1', lines.at(-1), entry, now));
  say(started());
  say({ kind: 'surveyed', purpose: 'start', survey: aSurvey() });
  const state = () => stateOf(lines);
  const context = {
    step: 'canary' as const,
    state,
    signal: new AbortController().signal,
    async sight(complete: boolean, text: string) {
      say({ kind: 'seen', step: 'canary', complete, text });
      return state().sightings.canary?.times ?? 0;
    },
    ports: { clock: { now: () => now }, migration: { settleMs: SETTLE_MS } },
    connection: {
      concurrency: 4,
      provider: { readAccount: async (id: string) => (present.has(id) ? anAccount(id, id) : undefined) },
    },
  };
  return {
    present,
    sightings: () => lines.filter(({ entry }) => entry.kind === 'seen').length,
    look(afterMs: number) {
      now += afterMs;
      return unlessLostLater(context, new Set(['id-ann', 'id-ben']), 'they are still there');
    },
  };
}

test('two looks that find everybody are enough, and only when they are as far apart as reads that must agree', async () => {
  const step = canaryStep();
  expect(await step.look(0)).toEqual({ is: 'again', afterMs: SETTLE_MS });
  expect(await step.look(10_000)).toEqual({ is: 'again', afterMs: 20_000 });
  expect(step.sightings()).toBe(1);
  expect(await step.look(20_000)).toBeUndefined();
});

test.each([0, 29_999, 30_000])('an account that is gone %i ms after the first look ends it', async (afterMs) => {
  const step = canaryStep();
  await step.look(0);
  step.present.delete('id-ann');
  expect(await step.look(afterMs)).toMatchObject({ is: 'abort', lost: [{ id: 'id-ann' }] });
});

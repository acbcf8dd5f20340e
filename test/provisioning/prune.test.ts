import { describe, expect, test } from 'vitest';
import type { Retention } from '../../src/ports/provisioning-log.ts';
import { createPruner } from '../../src/provisioning/prune.ts';
import { aHandClock } from '../contract/stores.contract.ts';
import { aLog } from '../http/builders.ts';

const DAY = 86_400_000;

/** A pruner over a log that gives these answers, and what it was asked. */
function aPruner(answers: number[]) {
  const clock = aHandClock();
  const asked: Retention[] = [];
  const log = aLog();
  const prune = async (retention: Retention) => {
    asked.push(retention);
    return answers.shift() ?? 0;
  };
  const stores = { log: { prune } };
  return { clock, asked, log, step: createPruner({ stores, clock }, { logDays: 90, unchangedCycleDays: 7 }, log) };
}

describe('forgetting what is old', () => {
  test('asks with the configured days', async () => {
    const { step, asked, clock } = aPruner([]);
    await step();
    expect(asked).toEqual([{ logBefore: clock.now() - 90 * DAY, unchangedBefore: clock.now() - 7 * DAY }]);
  });

  test('takes one large step at a time, many small ones together, and then rests for an hour', async () => {
    const { step, asked, clock, log } = aPruner([2000, 3, 1]);
    await step();
    expect(asked).toHaveLength(1);
    await step();
    expect(asked).toHaveLength(4);
    expect(log.lines).toEqual([
      { level: 'info', fields: { rows: 2004 }, message: 'old cycles and log entries were forgotten' },
    ]);
    await step();
    expect(asked).toHaveLength(4);
    clock.advance(3_600_000);
    await step();
    expect(asked).toHaveLength(5);
  });

  test('does not go on for ever with many small cycles', async () => {
    const { step, asked } = aPruner(Array.from({ length: 1000 }, () => 1));
    await step();
    expect(asked).toHaveLength(20);
    await step();
    expect(asked).toHaveLength(40);
  });
});

import { describe, expect, test } from 'vitest';
import type { Operation } from '../../src/core/operation.ts';
import type { OperationResult, SliceWork } from '../../src/ports/slices.ts';
import { tellLeavers } from '../../src/provisioning/tell-leavers.ts';
import { aCreate, anchorOf, aRemoval, escrowed, exported } from '../contract/plans.ts';

const NOW = 1_000_000;

async function told(
  operations: readonly Operation[],
  outcome: (item: SliceWork['operations'][number]) => OperationResult,
) {
  const work: SliceWork = {
    id: 's',
    cycle: 'c-1',
    connection: 'acme',
    wave: 0,
    plannedAt: 0,
    operations: operations.map((operation, sequence) => ({ sequence, operation, inDoubt: false, attempts: 0 })),
  };
  const asked: (readonly string[])[] = [];
  const seconds: number[] = [];
  await tellLeavers(
    work,
    work.operations.map((item) => outcome(item)),
    {
      clock: { now: () => NOW },
      metrics: { leaver: (_connection, value) => void seconds.push(value) },
      stores: {
        log: {
          lastSeenEntitled: async (_cycle, anchors) => {
            asked.push(anchors);
            return new Map(anchors.map((anchor, index) => [anchor, NOW - 60_000 * (index + 1)]));
          },
        },
      },
    },
  );
  return { asked, seconds };
}

describe('how long leavers kept their accounts', () => {
  test('is told for every account that was disabled or deleted', async () => {
    const { asked, seconds } = await told([aRemoval(1, 'disable'), aRemoval(2, 'delete')], (item) => exported(item));
    expect(asked).toEqual([[anchorOf(1), anchorOf(2)]]);
    expect(seconds).toEqual([60, 120]);
  });

  test('is not told for a removal that failed', async () => {
    const { seconds } = await told([aRemoval(1, 'disable')], (item) => escrowed(item));
    expect(seconds).toEqual([]);
  });

  test('costs nothing for slices without removals', async () => {
    expect(await told([aCreate(1)], (item) => exported(item))).toEqual({ asked: [], seconds: [] });
  });
});

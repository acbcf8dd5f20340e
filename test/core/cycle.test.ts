import { describe, expect, test } from 'vitest';
import { nextCycleAction, type CycleAction, type CycleFacts } from '../../src/core/cycle.ts';

const NOW = 1_000_000;
const exporting: CycleFacts = { phase: 'exporting', cancelRequested: false, counts: {}, openSlices: 0, window: 4 };

const rows: readonly { rule: string; facts: Partial<CycleFacts>; action: CycleAction }[] = [
  { rule: 'a cycle that was only opened is gathered', facts: { phase: 'gathering' }, action: { do: 'gather' } },
  {
    rule: 'a cycle cancelled while gathering closes',
    facts: { phase: 'gathering', cancelRequested: true },
    action: { do: 'close', result: 'cancelled' },
  },
  {
    rule: 'the lowest wave with waiting operations is exported',
    facts: { counts: { 0: { exported: 3 }, 1: { pending: 5 }, 4: { pending: 1 } } },
    action: { do: 'export', wave: 1, slices: 4 },
  },
  {
    rule: 'a later wave waits until the earlier one has no operation in flight',
    facts: { counts: { 0: { 'in-flight': 1 }, 1: { pending: 5 } }, openSlices: 1 },
    action: { do: 'wait' },
  },
  {
    rule: 'an operation in doubt keeps its wave open',
    facts: { counts: { 0: { 'in-doubt': 1 }, 1: { pending: 5 } } },
    action: { do: 'export', wave: 0, slices: 4 },
  },
  {
    rule: 'no more slices are out than the window allows',
    facts: { counts: { 1: { pending: 5 } }, openSlices: 4 },
    action: { do: 'wait' },
  },
  {
    rule: 'a wave whose operations must wait is waited for until then',
    facts: { counts: { 1: { pending: 5 } }, notBefore: NOW + 500 },
    action: { do: 'wait', until: NOW + 500 },
  },
  {
    rule: 'held and escrowed operations do not keep a cycle open',
    facts: { counts: { 0: { held: 2 }, 1: { escrowed: 1, exported: 4 } } },
    action: { do: 'verify' },
  },
  {
    rule: 'a cancelled cycle waits for what is in flight',
    facts: { cancelRequested: true, openSlices: 1 },
    action: { do: 'wait' },
  },
  {
    rule: 'a cancelled cycle closes when nothing is in flight',
    facts: { cancelRequested: true, counts: { 1: { pending: 5 } } },
    action: { do: 'close', result: 'cancelled' },
  },
  {
    rule: 'a cycle whose credential was refused fails once nothing is in flight',
    facts: { abandonReason: '401', counts: { 1: { pending: 5 } } },
    action: { do: 'close', result: 'failed' },
  },
  {
    rule: 'escrowed operations make the result entry-level errors',
    facts: { phase: 'verifying', counts: { 1: { exported: 1, escrowed: 1 } } },
    action: { do: 'close', result: 'entry-level-errors' },
  },
  {
    rule: 'what was put off is not left unsaid',
    facts: { phase: 'verifying', counts: { 1: { exported: 1, cancelled: 1 } } },
    action: { do: 'close', result: 'entry-level-errors' },
  },
  {
    rule: 'held operations are no error',
    facts: { phase: 'verifying', counts: { 0: { held: 1 }, 1: { exported: 1 } } },
    action: { do: 'close', result: 'succeeded' },
  },
  {
    rule: 'a cycle of which everything is held has not succeeded in anything',
    facts: { phase: 'verifying', counts: { 0: { held: 1 } } },
    action: { do: 'close', result: 'held' },
  },
  {
    rule: 'what failed is told before what is held',
    facts: { phase: 'verifying', counts: { 0: { held: 1 }, 1: { escrowed: 1 } } },
    action: { do: 'close', result: 'entry-level-errors' },
  },
  {
    rule: 'a closed cycle asks for nothing, however late the nudge',
    facts: { phase: 'closed' },
    action: { do: 'nothing' },
  },
];

describe('nextCycleAction', () => {
  test.each(rows)('$rule', ({ facts, action }) => {
    expect(nextCycleAction({ ...exporting, ...facts }, NOW)).toEqual(action);
  });
});

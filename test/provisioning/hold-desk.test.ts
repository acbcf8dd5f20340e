import { expect, test } from 'vitest';
import type { HoldRecord, HoldStore } from '../../src/ports/hold-store.ts';
import type { Ports } from '../../src/ports/index.ts';
import { createHoldDesk } from '../../src/provisioning/hold-desk.ts';
import { only } from '../only.ts';
import { silentLog } from '../silent-log.ts';

const NOW_HELD = 'ab'.repeat(32);
const ONCE_HELD = 'cd'.repeat(32);
const hold: HoldRecord = {
  id: '3',
  connection: 'acme',
  guard: 'too-many-removals',
  state: 'waiting',
  digest: NOW_HELD,
  operations: 4,
  findings: [],
  cycle: 'c1',
  openedAt: 0,
  changedAt: 1,
};
const history = [
  { at: 0, event: 'opened', digest: ONCE_HELD, operations: 3 },
  { at: 1, event: 'changed', digest: NOW_HELD, operations: 4 },
] as const;
const holds = only<HoldStore>({
  get: async () => ({ hold, history }),
  decide: async () => ({ outcome: 'changed', hold }),
});
const desk = createHoldDesk(only<Ports>({ stores: only<Ports['stores']>({ holds }) }), silentLog);

test.each([
  [
    'that it had once is told that it changed',
    ONCE_HELD.slice(0, 8),
    'hold 3 holds something else by now: 4 operations, digest abababababab',
    'look again: headgate holds show 3',
  ],
  [
    'that it never had is told that it is not its own',
    'deadbeef',
    'deadbeef is not the digest of hold 3, which holds 4 operations, digest abababababab',
    'see what it holds: headgate holds show 3; which digest is whose: headgate holds list',
  ],
])('whoever decides about a hold by a digest %s', async (_rule, digest, message, remedy) => {
  const decision = desk.reject('3', { digest, by: 'ada', reason: 'no' });
  await expect(decision).rejects.toMatchObject({ message, facts: { remedy } });
});

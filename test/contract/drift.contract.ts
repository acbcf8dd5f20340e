import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { countDrift, type DriftReport } from '../../src/core/drift.ts';
import type { StoresUnderTest } from './stores.contract.ts';

function aReport(connection: string, at: number, names: readonly string[]): DriftReport {
  const findings = names.map((name) => ({
    kind: 'account-deactivated' as const,
    name,
    certain: true,
    text: `somebody deactivated ${name}`,
    next: 'the next full cycle will reactivate it',
  }));
  return {
    connection,
    cycle: `cycle-${at}`,
    at,
    policy: 'enforce',
    counts: countDrift(findings),
    findings,
    pending: 3,
    doubts: ['totalResults was 9'],
  };
}

export function describeDrift(name: string, open: () => Promise<StoresUnderTest>): void {
  describe(`reports of drift on ${name}`, () => {
    let under: StoresUnderTest;
    beforeAll(async () => {
      under = await open();
    });
    afterAll(() => under.close());

    test('there is none before the first audit', async () => {
      const { drift } = under.stores;
      expect(await drift.last('acme')).toBeUndefined();
      expect(await drift.counts('acme')).toBeUndefined();
    });

    test('the newest takes the place of the one before, for its connection only', async () => {
      const { drift } = under.stores;
      await drift.save(aReport('acme', 1, ['ada', 'bob']));
      await drift.save(aReport('globex', 2, ['cyd']));
      const newest = aReport('acme', 3, ['ada\u0000', 'b"ob', 'dan']);
      await drift.save(newest);
      expect(await under.others.drift.last('acme')).toEqual(newest);
      expect(await drift.counts('acme')).toEqual(newest.counts);
      expect(await drift.counts('globex')).toMatchObject({ 'account-deactivated': 1, 'account-deleted': 0 });
    });
  });
}

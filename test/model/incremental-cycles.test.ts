import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openModelStores, playHistories, type ModelStores } from './property.ts';

describe('a random company, random faults and incremental cycles', () => {
  let under: ModelStores;
  beforeAll(async () => {
    under = await openModelStores();
  });
  afterAll(() => under.close());

  test('never take away what somebody should have, and end as they should', async () => {
    expect(await playHistories(under, 'incremental')).toBe('');
  }, 3_600_000);
});

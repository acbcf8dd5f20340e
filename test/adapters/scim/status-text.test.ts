import { afterEach, describe, expect, test } from 'vitest';
import { toAccount } from '../../../src/adapters/scim/resources.ts';
import type { JsonObject } from '../../../src/core/scim.ts';
import { failure, never, resolveNone, resources, toRemove } from './builders.ts';

const open = resources();
afterEach(() => open.close());

describe('O3: a provider’s own words for an account that may not sign in', () => {
  test.each<[string, JsonObject, boolean]>([
    ['the status of seed 004', { status: 'Disabled' }, false],
    ['in any case', { Status: 'INACTIVE' }, false],
    ['deactivated', { status: 'deactivated' }, false],
    ['suspended', { status: 'Suspended' }, false],
    ['as the value of active', { active: 'Disabled' }, false],
    ['the opposite', { status: 'Active' }, true],
    ['the opposite as the value of active', { active: 'Enabled' }, true],
    ['a flag says more than a word', { active: true, status: 'Disabled' }, true],
    ['a flag as text, too', { active: 'False', status: 'Active' }, false],
    ['nothing said counts as active', {}, true],
    ['a word nobody knows, as well', { status: 'Invited' }, true],
  ])('%s: %j', (_rule, shown, active) => {
    expect(toAccount({ id: 'a', userName: 'ada', ...shown })?.active).toBe(active);
  });

  test.each<[string, JsonObject, string]>([
    ['Disabled confirms a disable', { status: 'Disabled' }, 'nothing was thrown'],
    ['Active does not', { status: 'Active' }, 'InDoubtError'],
    ['nor does silence', {}, 'InDoubtError'],
  ])('%s', async (_rule, shown, outcome) => {
    const server = await open.scripted(({ method }) =>
      method === 'GET' ? { body: { id: 'a', ...shown } } : { status: 204 },
    );
    const result = await failure(open.client(server.url).apply(toRemove('disable', 'a'), resolveNone, never));
    expect(result.name).toBe(outcome);
  });
});

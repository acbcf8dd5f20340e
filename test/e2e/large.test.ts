import { afterEach, describe, expect, test } from 'vitest';
import { generateOrganisation } from '../../src/sandbox/organisation/generate.ts';
import type { Organisation } from '../../src/sandbox/organisation/organisation.ts';
import { company, cycle, memberCount, userNames, writes } from './company.ts';
import { platforms, startWorld, type World } from './world.ts';

/** The whole size where there is time for it. */
const USERS = process.env['CI'] === 'true' ? 20_000 : 2_000;

/** Long enough for the whole size on a busy machine; nothing is asserted about time. */
const PATIENCE_MS = 900_000;

let world: World | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

/**
 * userNames of those who should have access by the words of the assignments alone: enabled, and assigned or a direct
 * member of an assigned group. Guests' names go without what Entra adds to them.
 */
function entitledNames(organisation: Organisation): readonly string[] {
  const at = organisation.version();
  const [application] = [...organisation.servicePrincipals.values(at)];
  if (application === undefined) throw new Error('the organisation has no enterprise application');
  const principals = [...organisation.assignments(application.id).values(at)].map(({ principalId }) => principalId);
  const reached = new Set(
    principals.flatMap((id) => [id, ...[...organisation.members(id).values(at)].map((member) => member.id)]),
  );
  return [...organisation.users.values(at)]
    .filter(({ id, properties }) => reached.has(id) && properties['accountEnabled'] === true)
    .flatMap(({ properties: { userPrincipalName: name } }) =>
      typeof name === 'string' ? name.replace(/#EXT#@.*$/, '') : [],
    )
    .toSorted();
}

describe.each(platforms())('on %s', (platform) => {
  test(
    `a company of ${USERS} is provisioned whole by one cycle, and the next writes nothing`,
    { timeout: PATIENCE_MS },
    async () => {
      const organisation = generateOrganisation({ seed: 20, users: USERS, groups: USERS / 50 });
      world = await startWorld({ platform, organisation });
      const operator = await world.open();
      const first = await cycle(operator);
      expect(first).toMatchObject({ result: 'succeeded', verdict: { refused: false } });
      const names = userNames(world);
      const entitled = entitledNames(organisation);
      expect(first.planCounts?.entitledUsers).toBe(entitled.length);
      // Guests of different companies may come out with one name: nobody gets it until somebody has decided.
      expect(names).toEqual(entitled.filter((name, at) => name !== entitled[at - 1] && name !== entitled[at + 1]));
      expect(names.length).toBeGreaterThan(0.95 * entitled.length);
      expect(writes(world).filter((write) => write === 'POST /Users')).toHaveLength(names.length);
      world.provider.clearRequests();
      const second = await cycle(operator);
      expect(second.result).toBe(names.length < entitled.length ? 'held' : 'succeeded');
      expect(writes(world)).toEqual([]);
      const reads = world.provider.requests().length;
      expect(reads).toBeLessThan(2 * (names.length / 100 + world.provider.groups.size / 100) + 10);
    },
  );
});

test(
  'a group of ten thousand is filled in chunks, and the next cycle sends nothing for it',
  { timeout: PATIENCE_MS },
  async () => {
    const size = 10_000;
    world = await startWorld({ organisation: company({ users: size, groups: { Everybody: [1, size] } }) });
    const operator = await world.open();
    expect((await cycle(operator)).result).toBe('succeeded');
    expect(memberCount(world, 'Everybody')).toBe(size);
    expect(writes(world).filter((write) => write === 'PATCH /Groups')).toHaveLength(size / 100);
    world.provider.clearRequests();
    expect(await cycle(operator)).toMatchObject({ result: 'succeeded', total: 0 });
    expect(writes(world)).toEqual([]);
  },
);

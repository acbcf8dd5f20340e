import { afterEach, expect, test, vi } from 'vitest';
import { guideState } from '../../../src/sandbox/organisation/guide-company.ts';
import { createOrganisation } from '../../../src/sandbox/organisation/organisation.ts';
import { createReplica } from '../../../src/sandbox/organisation/replication.ts';
import { startProvider, type SandboxProvider } from '../../../src/sandbox/provider/provider.ts';
import { createProvisioningJobs } from '../../../src/sandbox/tenant/provisioning/provisioning-jobs.ts';

let provider: SandboxProvider;
afterEach(async () => {
  vi.useRealTimers();
  await provider.close();
});

test('a cycle that takes longer than its clock is followed by one, not by all that were missed', async () => {
  provider = await startProvider();
  let release = () => {};
  const held = new Promise<void>((done) => (release = done));
  provider.observe({ beforeWrite: () => held });
  let asked = 0;
  const organisation = createOrganisation(guideState());
  const jobs = createProvisioningJobs({
    organisation,
    replica: createReplica(organisation, Date.now, { kind: 'none' }),
    now: () => (asked += 1),
  });
  const target = { url: provider.url, token: provider.token ?? '' };
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  jobs.set(guideState().servicePrincipals[0]?.appId ?? '', 'Active', { target, everyMilliseconds: 10 });
  vi.advanceTimersByTime(1000);
  release();
  await jobs.close();
  // Each cycle asks for the time as it begins and as it ends.
  expect(asked).toBe(2);
});

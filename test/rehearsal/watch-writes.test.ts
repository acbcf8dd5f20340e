import { afterEach, expect, test } from 'vitest';
import { watchWrites } from '../../src/rehearsal/watch-writes.ts';
import { startProvider, type SandboxProvider } from '../../src/sandbox/provider/provider.ts';
import { createScimTarget } from '../../src/sandbox/tenant/provisioning/scim-target.ts';

let provider: SandboxProvider;
afterEach(() => provider.close());

test('of an account that is gone and of one that is switched off it is known by which write, of no other', async () => {
  provider = await startProvider();
  const target = createScimTarget({ url: provider.url, token: provider.token ?? '' });
  const make = (userName: string, active: boolean) =>
    target.create('Users', { schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'], userName, active });
  const [ada, bob, cleo, dan] = [
    await make('ada', true),
    await make('bob', true),
    await make('cleo', false),
    await make('dan', true),
  ];
  const { causes } = watchWrites(provider);
  const off = [{ op: 'replace', path: 'active', value: false }];
  await target.patch('Users', ada, off);
  await target.remove('Users', bob);
  // Was not active before, and stays active: neither lost anything.
  await target.patch('Users', cleo, off);
  await target.patch('Users', dan, [{ op: 'replace', path: 'displayName', value: 'Dan' }]);
  expect(causes).toEqual(
    new Map([
      [ada, `PATCH /Users/${ada}`],
      [bob, `DELETE /Users/${bob}`],
    ]),
  );
});

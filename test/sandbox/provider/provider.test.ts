import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { startProvider } from '../../../src/sandbox/provider/provider.ts';
import { parseSnapshot } from '../../../src/sandbox/provider/snapshot.ts';
import { accountBody, create, groupBody, patchBody, textAt, TOKEN, withProvider } from './scim-client.ts';

test('the request log tells who was created how often, without query strings and bodies', async () => {
  await withProvider({}, async ({ provider, send, control }) => {
    const body = accountBody('ada@x.example');
    const created = await send('POST', '/Users', body);
    await send('POST', '/Users', body);
    await send('GET', `/Users?filter=${encodeURIComponent('userName eq "ada@x.example"')}`);
    const seen = provider.requests();
    expect(seen).toMatchObject([
      {
        number: 1,
        method: 'POST',
        path: '/scim/v2/Users',
        status: 201,
        applied: true,
        resourceId: textAt(created.body, 'id'),
      },
      { number: 2, method: 'POST', status: 409, applied: false },
      { number: 3, method: 'GET', path: '/scim/v2/Users', status: 200, applied: false, bodyDigest: '' },
    ]);
    expect(seen[0]?.bodyDigest).toBe(seen[1]?.bodyDigest);
    expect(created.headers['x-request-id']).toBe('req-1');
    expect(JSON.stringify(seen)).not.toContain('ada@');
    expect((await control('GET', '/_sandbox/requests')).body['requests']).toHaveLength(3);
    await control('DELETE', '/_sandbox/requests');
    expect(provider.requests()).toEqual([]);
  });
});

test('an observer sees every write before and after it, and the answer waits for it', async () => {
  await withProvider({}, async ({ provider, send }) => {
    const seen: unknown[] = [];
    provider.observe({
      beforeWrite: ({ number, method, path }) => {
        seen.push(['before', number, method, path, provider.accounts.size]);
      },
      afterWrite: async ({ number, status, applied }) => {
        await Promise.resolve();
        seen.push(['after', number, status, applied, provider.accounts.size]);
      },
    });
    await send('GET', '/Users');
    await send('POST', '/Users', accountBody('ada'));
    await send('POST', '/Users', accountBody('ada'));
    expect(seen).toEqual([
      ['before', 1, 'POST', '/Users', 0],
      ['after', 1, 201, true, 1],
      ['before', 2, 'POST', '/Users', 1],
      ['after', 2, 409, false, 1],
    ]);
  });
});

test('a snapshot put back gives the same accounts and groups, and new ids after it are new', async () => {
  const first = await startProvider({ tokens: [TOKEN] });
  const ada = create(first, accountBody('ada', { externalId: 'a' }));
  create(first, groupBody('G', [ada]));
  const written = JSON.stringify(first.snapshot());
  await first.close();
  await withProvider({ seed: parseSnapshot(JSON.parse(written)) }, async ({ provider, send, control }) => {
    expect(JSON.stringify(provider.snapshot())).toBe(written);
    expect((await send('POST', '/Users', accountBody('ADA'))).status).toBe(409);
    expect(provider.accounts.find('ADA')).toMatchObject({ id: ada, groups: [{ display: 'G' }] });
    const bob = create(provider, accountBody('bob'));
    expect(bob).not.toBe(ada);
    const put = await control('PUT', '/_sandbox/snapshot', JSON.parse(written));
    expect(put.body).toMatchObject({ accounts: 1, groups: 1 });
    expect((await control('GET', '/_sandbox/snapshot')).text).toBe(written);
    expect((await control('PUT', '/_sandbox/snapshot', { format: 2 })).status).toBe(400);
    expect(provider.accounts.size).toBe(1);
  });
});

test('the control API changes behaviour and tokens, and says who can sign in', async () => {
  await withProvider({}, async ({ provider, send, control }) => {
    const id = create(provider, accountBody('ada'));
    expect((await control('POST', '/_sandbox/sign-in', { userName: 'ADA' })).status).toBe(200);
    await control('PUT', '/_sandbox/behaviour', { name: 'salesforce' });
    await send('DELETE', `/Users/${id}`);
    expect(provider.accounts.get(id)).toMatchObject({ active: false });
    expect((await control('POST', '/_sandbox/sign-in', { userName: 'ada' })).status).toBe(403);
    expect((await control('PUT', '/_sandbox/behaviour', { name: 'nobody' })).status).toBe(400);
    await control('DELETE', '/_sandbox/tokens', { secret: TOKEN });
    expect((await send('GET', '/Users')).status).toBe(401);
    await control('POST', '/_sandbox/tokens', { secret: TOKEN });
    expect((await send('GET', '/Users')).status).toBe(200);
    expect((await control('GET', '/_sandbox')).body).toMatchObject({ behaviour: 'salesforce', accounts: 1 });
    expect((await control('GET', '/_sandbox/nothing')).status).toBe(404);
  });
});

test('ten thousand members are patched one by one without the group being walked', async () => {
  await withProvider({}, async ({ provider, send }) => {
    const ids = Array.from({ length: 10_001 }, (_, index) => create(provider, accountBody(`u${index}`)));
    const [extra = '', ...members] = ids;
    const group = create(provider, groupBody('Everyone', members));
    const gone = members.slice(0, 500);
    const operations = gone.map((id) => ({ op: 'remove', path: `members[value eq "${id}"]` }));
    expect(
      (
        await send(
          'PATCH',
          `/Groups/${group}`,
          patchBody(...operations, { op: 'add', path: 'members', value: [{ value: extra }] }),
        )
      ).status,
    ).toBe(204);
    expect(provider.groups.get(group)?.['members']).toHaveLength(9_501);
    expect(provider.accounts.get(gone[0] ?? '')).not.toHaveProperty('groups');
    expect(provider.accounts.get(extra)).toHaveProperty('groups');
  });
});

const ready = z.object({ url: z.string(), token: z.string().optional() });

interface Started {
  readonly child: ChildProcess;
  readonly url: string;
  readonly token: string;
}

/** Starts the built program: `npm test` builds before it runs the tests. */
async function startProcess(...args: string[]): Promise<Started> {
  const main = fileURLToPath(new URL('../../../dist/src/sandbox/provider/main.js', import.meta.url));
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = z.tuple([z.string()]).parse(await once(createInterface(child.stdout), 'line'));
  const { url, token = TOKEN } = ready.parse(JSON.parse(line));
  return { child, url, token };
}

async function stop({ child }: Started): Promise<unknown> {
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  return (await ended)[0];
}

test('as a process it says where it listens, ends on SIGTERM, and goes on from its state file', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'headgate-provider-'));
  const state = join(directory, 'state.json');
  try {
    const first = await startProcess('--state', state);
    const headers = { authorization: `Bearer ${first.token}`, 'content-type': 'application/scim+json' };
    const created = await fetch(`${first.url}/Users`, {
      method: 'POST',
      headers,
      body: JSON.stringify(accountBody('ada')),
    });
    expect(created.status).toBe(201);
    expect(await stop(first)).toBe(0);
    expect(parseSnapshot(JSON.parse(await readFile(state, 'utf8'))).resources).toHaveLength(1);

    const second = await startProcess('--state', state, '--token', 'given', '--behaviour', 'salesforce');
    expect(second.url).toContain('/services/scim/v2');
    const listed = await fetch(`${second.url}/Users`, { headers: { authorization: 'Bearer given' } });
    expect(await listed.json()).toMatchObject({ totalResults: 1, Resources: [{ userName: 'ada' }] });
    expect(await stop(second)).toBe(0);
  } finally {
    await rm(directory, { recursive: true });
  }
});

test('as a process it refuses arguments it does not know, in words', async () => {
  const main = fileURLToPath(new URL('../../../dist/src/sandbox/provider/main.js', import.meta.url));
  const child = spawn(process.execPath, [main, '--behaviour', 'nobody'], { stdio: ['ignore', 'ignore', 'pipe'] });
  const told = text(child.stderr);
  expect((await once(child, 'exit'))[0]).toBe(1);
  expect(await told).toContain('use one of generic, salesforce, entra-legacy');
});

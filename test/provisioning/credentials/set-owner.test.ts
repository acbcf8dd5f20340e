import { describe, expect, test } from 'vitest';
import { ConfigError } from '../../../src/core/errors.ts';
import { gatherCredentials, keepCredentials } from '../../../src/provisioning/credentials/survey-credentials.ts';
import { anOwnerProcess, type OwnerProcess } from './owner-process.ts';

const signal = new AbortController().signal;
const ADA = { kind: 'user', name: 'ada@contoso.com' } as const;

/** The configured token of acme is known, and somebody says that it is another one's. */
async function said(owner: string, configured: OwnerProcess['configured']) {
  const process = anOwnerProcess({ ...(configured && { configured }) });
  const [known] = await keepCredentials(process.ports, signal);
  process.written.length = 0;
  const answer = process.desk.setOwner(known?.id ?? '', owner, 'ida', signal);
  const guarded = async () => (await gatherCredentials(process.ports, signal)).map((one) => one.owner);
  return { ...process, answer, guarded };
}

describe('a person says whose the configured token is', () => {
  test('which is written and asked of the directory where the configuration names nobody', async () => {
    const { answer, guarded } = await said('bob@contoso.com', {});
    const bob = { kind: 'user', name: 'bob@contoso.com', anchor: 'bob' };
    expect(await answer).toMatchObject({ owner: bob });
    expect(await guarded()).toEqual([bob]);
  });

  test('which is refused where the configuration names another one, and nothing is written', async () => {
    const { answer, guarded, written } = await said('bob@contoso.com', { owner: ADA });
    await expect(answer).rejects.toMatchObject({
      code: 'credential',
      message: 'the configuration names ada@contoso.com (provider.credential.owner of acme)',
      facts: { remedy: 'change it there.' },
    });
    expect(written).toEqual([]);
    expect(await guarded()).toEqual([{ ...ADA, anchor: 'ada' }]);
  });

  test('which is refused while nobody can read the configured token, too', async () => {
    const process = await said('ada@contoso.com', { owner: ADA });
    await process.answer;
    process.credential.read = async () => {
      throw new ConfigError('headgate.yaml', []);
    };
    const [known] = process.rows.values();
    await expect(process.desk.setOwner(known?.id ?? '', 'bob@contoso.com', 'ida', signal)).rejects.toThrow(
      'the configuration names ada@contoso.com',
    );
  });

  test('which is taken as it is where the configuration names the same', async () => {
    const { answer } = await said('ada@contoso.com', { owner: { ...ADA, name: 'ADA@contoso.com' } });
    expect(await answer).toMatchObject({ owner: { ...ADA, anchor: 'ada' } });
  });

  test('which is refused where the directory knows nobody of that name: whoever was held stays held', async () => {
    const { ports, desk, written, rows } = anOwnerProcess({});
    const [known] = await keepCredentials(ports, signal);
    await desk.setOwner(known?.id ?? '', 'ada@contoso.com', 'ida', signal);
    written.length = 0;
    await expect(desk.setOwner(known?.id ?? '', 'adaa@contoso.com', 'ida', signal)).rejects.toMatchObject({
      code: 'credential',
      message: 'the directory knows nobody called adaa@contoso.com',
    });
    expect(written).toEqual([]);
    expect([...rows.values()]).toMatchObject([{ owner: { ...ADA, anchor: 'ada' } }]);
  });

  test('which may be nobody: a program', async () => {
    const { answer } = await said('service-account', {});
    expect(await answer).toMatchObject({ owner: { kind: 'service-account' } });
  });
});

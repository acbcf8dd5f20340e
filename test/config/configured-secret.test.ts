import { describe, expect, test } from 'vitest';
import type { ProviderCredential } from '../../src/config/config.ts';
import { configuredSecret } from '../../src/config/configured-secret.ts';
import { Secret } from '../../src/config/secret.ts';

const url = 'https://scim.example.com/v2';
const secret = new Secret('token', async () => 'token');
const bearer: ProviderCredential = { kind: 'bearer', token: secret };

function oauth(tokenUrl: string): ProviderCredential {
  return { kind: 'oauth_client_credentials', tokenUrl, clientId: 'headgate', clientSecret: secret };
}

describe('where a secret may be sent', () => {
  const place = configuredSecret({ url, credential: bearer }).place;

  test('does not tell the address, which may be a secret itself', () => {
    expect(place).toMatch(/^[0-9a-f]{12}$/);
  });

  test.each([
    { rule: 'an address written another way is the same', url: 'https://SCIM.example.com:443/v2/', same: true },
    { rule: 'another host is another', url: 'https://other.example.com/v2', same: false },
    { rule: 'another path, which may be another customer, is another', url: `${url}/b`, same: false },
  ])('$rule', ({ url: other, same }) => {
    expect(configuredSecret({ url: other, credential: bearer }).place === place).toBe(same);
  });

  test('is the token endpoint for a client secret, wherever the provider is', () => {
    const at = (provider: string, token: string) => configuredSecret({ url: provider, credential: oauth(token) }).place;
    expect(at(url, 'https://login.example.com')).toBe(at('https://b.example.com', 'https://login.example.com'));
    expect(at(url, 'https://login.example.com')).not.toBe(at(url, 'https://b.example.com'));
  });

  test('is another for a token than for a client secret, which are sent in other ways', () => {
    expect(configuredSecret({ url, credential: oauth(url) }).place).not.toBe(place);
  });
});

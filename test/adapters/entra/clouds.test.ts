import { describe, expect, it } from 'vitest';
import { CLOUDS, resolveEndpoints } from '../../../src/adapters/entra/clouds.ts';
import type { EntraCloud } from '../../../src/adapters/entra/options.ts';
import { createTokenNetwork } from '../../../src/adapters/entra/token-network.ts';
import { createTokenSource } from '../../../src/adapters/entra/tokens.ts';
import { recorder } from '../scim/builders.ts';

/** Login and Graph: learn.microsoft.com/graph/deployments. */
const ADDRESSES: readonly (readonly [EntraCloud, string, string])[] = [
  ['global', 'https://login.microsoftonline.com', 'https://graph.microsoft.com'],
  ['usgov', 'https://login.microsoftonline.us', 'https://graph.microsoft.us'],
  ['usgovdod', 'https://login.microsoftonline.us', 'https://dod-graph.microsoft.us'],
  ['china', 'https://login.chinacloudapi.cn', 'https://microsoftgraph.chinacloudapi.cn'],
];

/** msal asks the one in China under its newer name. Both are of the same login service. */
const TOKEN_HOSTS = new Map([['https://login.chinacloudapi.cn', 'https://login.partner.microsoftonline.cn']]);

describe('the clouds of Entra', () => {
  it('each stand in the table below', () => {
    expect(ADDRESSES.map(([cloud]) => cloud).toSorted()).toEqual(Object.keys(CLOUDS).toSorted());
  });

  it.each(ADDRESSES)('%s logs in at %s, reads %s and asks for tokens of that', (cloud, login, graph) => {
    const endpoints = resolveEndpoints({ cloud });
    expect({ ...endpoints, login: endpoints.login.href, graph: endpoints.graph.href }).toEqual({
      login: `${login}/`,
      loginReplaced: false,
      graph: `${graph}/v1.0`,
      scope: `${graph}/.default`,
    });
  });

  it.each(ADDRESSES)('%s keeps its scope behind proxies, which pass its tokens on', (cloud, _login, graph) => {
    const proxies = { login: 'https://proxy.example/login', graph: 'https://proxy.example/graph' };
    const endpoints = resolveEndpoints({ cloud, endpoints: proxies });
    expect([endpoints.login.href, endpoints.graph.href]).toEqual(Object.values(proxies));
    expect(endpoints).toMatchObject({ loginReplaced: true, scope: `${graph}/.default` });
  });

  it.each(ADDRESSES)('%s is sent the secret at its own login service and nowhere else', async (cloud, login, graph) => {
    const endpoints = resolveEndpoints({ cloud });
    const sent: { readonly url: string; readonly body: URLSearchParams }[] = [];
    const transport = {
      send: async ({ url, body = '' }: { readonly url: string; readonly body?: string }) => {
        sent.push({ url, body: new URLSearchParams(body) });
        return { status: 200, headers: {}, body: { access_token: 'a-token', token_type: 'Bearer', expires_in: 3600 } };
      },
      close: async () => undefined,
    };
    const signal = new AbortController().signal;
    const network = createTokenNetwork(endpoints, transport, { persist: (attempt) => attempt() }, Date.now, signal);
    const tenant = '11111111-1111-4111-8111-111111111111';
    const credential = { kind: 'client_secret', secret: () => 'the-secret' } as const;
    const { metrics } = recorder();
    const tokens = createTokenSource({ tenant, client: 'headgate', credential, endpoints, network, metrics });
    expect(await tokens.token({ signal })).toBe('a-token');
    expect(sent.map(({ url }) => url.split('?')[0])).toEqual([
      `${TOKEN_HOSTS.get(login) ?? login}/${tenant}/oauth2/v2.0/token`,
    ]);
    expect(sent[0]?.body.get('client_secret')).toBe('the-secret');
    expect(sent[0]?.body.get('scope')).toContain(`${graph}/.default`);
  });
});

import { isIPv4 } from 'node:net';
import { StartupError } from '../../core/errors.ts';
import type { EntraCloud, EntraOptions } from './options.ts';

/**
 * Login and Graph hosts of the clouds; tokens of one are refused by the others.
 * Source: learn.microsoft.com/graph/deployments.
 */
export const CLOUDS: Readonly<Record<EntraCloud, { readonly login: string; readonly graph: string }>> = {
  global: { login: 'https://login.microsoftonline.com', graph: 'https://graph.microsoft.com' },
  usgov: { login: 'https://login.microsoftonline.us', graph: 'https://graph.microsoft.us' },
  usgovdod: { login: 'https://login.microsoftonline.us', graph: 'https://dod-graph.microsoft.us' },
  china: { login: 'https://login.chinacloudapi.cn', graph: 'https://microsoftgraph.chinacloudapi.cn' },
};

const GRAPH_VERSION = 'v1.0';

/** Where tokens come from and where Graph is. */
export interface Endpoints {
  /** Origin and path of the login service, without the tenant and without a trailing slash. */
  readonly login: URL;
  /** True when the login service is not the cloud's own. */
  readonly loginReplaced: boolean;
  /** Root of Graph including the version, without a trailing slash. */
  readonly graph: URL;
  /** What a token is asked for; always the cloud's own, because a proxy passes tokens on. */
  readonly scope: string;
}

/**
 * The endpoints of a cloud, or their replacements.
 * @throws StartupError for an address that is malformed, carries a password, or is plain http beyond this machine.
 */
export function resolveEndpoints(options: Pick<EntraOptions, 'cloud' | 'endpoints'>): Endpoints {
  const cloud = CLOUDS[options.cloud];
  const { login, graph } = options.endpoints ?? {};
  const graphUrl =
    graph === undefined
      ? new URL(`${cloud.graph}/${GRAPH_VERSION}`)
      : parseEndpoint('directory.endpoints.graph', graph);
  if (graphUrl.pathname === '/') graphUrl.pathname = `/${GRAPH_VERSION}`;
  return {
    login: login === undefined ? new URL(cloud.login) : parseEndpoint('directory.endpoints.login', login),
    loginReplaced: login !== undefined,
    graph: graphUrl,
    scope: `${cloud.graph}/.default`,
  };
}

function parseEndpoint(setting: string, text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol) || url.search !== '' || url.hash !== '') {
    throw new StartupError(`${setting} is not an http or https address.`, {
      remedy: `Write ${setting} as https://host[:port][/path], without a query.`,
    });
  }
  if (url.username !== '' || url.password !== '') {
    throw new StartupError(`${setting} carries a user name or password.`, {
      remedy: `Take the user name and password out of ${setting}; credentials belong in directory.credential.`,
    });
  }
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    throw new StartupError(`${setting} is plain http on host ${url.hostname}, where tokens could be read on the way.`, {
      remedy: `Use https for ${setting}; plain http is accepted for 127.0.0.0/8, [::1] and localhost only.`,
    });
  }
  url.pathname = url.pathname.replace(/\/+$/u, '');
  return url;
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || (isIPv4(hostname) && hostname.startsWith('127.'));
}

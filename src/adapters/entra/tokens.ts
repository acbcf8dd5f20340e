import { readFile } from 'node:fs/promises';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import {
  ConfidentialClientApplication,
  ManagedIdentityApplication,
  type AuthenticationResult,
  type INetworkModule,
  type NodeAuthOptions,
} from '@azure/msal-node';
import { isHeadgateError, StartupError, TransientError, UnauthorizedError } from '../../core/errors.ts';
import type { Metrics } from '../../ports/metrics.ts';
import type { Endpoints } from './clouds.ts';
import type { EntraCredential } from './options.ts';
import { tokenFailure } from './token-failure.ts';
import type { TokenNetwork } from './token-network.ts';

/** Access tokens for Graph. msal-node caches them and renews them before they expire. */
export interface TokenSource {
  /**
   * A valid token. `instead` names one that was just refused: unless a newer one is there already, a fresh one is
   * asked for past the cache.
   * @throws UnauthorizedError for a refused credential, TransientError when the login service cannot be reached
   */
  token(request: { readonly signal: AbortSignal; readonly instead?: string }): Promise<string>;
}

export interface TokenOptions {
  readonly tenant: string;
  readonly client: string;
  readonly credential: EntraCredential;
  readonly endpoints: Endpoints;
  readonly network: TokenNetwork;
  readonly metrics: Metrics;
}

/**
 * Token source for one identity. Requests made at the same time share one exchange.
 * @throws StartupError for a tenant that is not one tenant
 */
export function createTokenSource(options: TokenOptions): TokenSource {
  if (!/^[A-Za-z0-9.-]+$/u.test(options.tenant) || /^(common|organizations|consumers)$/iu.test(options.tenant)) {
    throw new StartupError('directory.tenant does not name one tenant.', {
      remedy: 'Write the tenant id (a GUID) or a verified domain of the tenant.',
    });
  }
  const acquire =
    options.credential.kind === 'managed_identity'
      ? fromManagedIdentity(options, options.credential.clientId)
      : fromApplication(options, options.credential);
  let last: string | undefined;
  const underway = new Map<'cached' | 'fresh', Promise<string>>();

  async function exchange(past: boolean): Promise<string> {
    let asked = true;
    try {
      const result = await acquire(past);
      if (result.accessToken === '') throw new TransientError('The login service answered without a token.');
      asked = !result.fromCache;
      if (asked) options.metrics.tokenRequest('graph', 'success');
      last = result.accessToken;
      return last;
    } catch (error) {
      if (asked) options.metrics.tokenRequest('graph', 'failure');
      throw isHeadgateError(error) ? error : tokenFailure(options.network.takeFailure() ?? error, options);
    }
  }

  return {
    async token({ signal, instead }): Promise<string> {
      signal.throwIfAborted();
      const kind = instead !== undefined && instead === last ? 'fresh' : 'cached';
      const shared = underway.get(kind) ?? exchange(kind === 'fresh').finally(() => underway.delete(kind));
      underway.set(kind, shared);
      return unlessAborted(shared, signal);
    },
  };
}

/** The caller may leave; the exchange goes on for the others. */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = (): void => reject(abortReason(signal));
    signal.addEventListener('abort', leave, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
  });
}

function abortReason(signal: AbortSignal): Error {
  const reason: unknown = signal.reason;
  return reason instanceof Error ? reason : new DOMException('Aborted', 'AbortError');
}

type Acquire = (past: boolean) => Promise<AuthenticationResult>;

function fromManagedIdentity(options: TokenOptions, clientId: string | undefined): Acquire {
  const application = new ManagedIdentityApplication({
    ...(clientId === undefined ? {} : { managedIdentityIdParams: { userAssignedClientId: clientId } }),
    system: { networkClient: options.network.plain },
  });
  return (past) => application.acquireToken({ resource: options.endpoints.scope, forceRefresh: past });
}

function fromApplication(
  options: TokenOptions,
  credential: Exclude<EntraCredential, { readonly kind: 'managed_identity' }>,
): Acquire {
  let built: { readonly key: string; readonly application: ConfidentialClientApplication } | undefined;

  /** The msal application, built anew when the secret or certificate behind it was replaced. */
  async function application(): Promise<ConfidentialClientApplication> {
    const auth = await credentialOf(credential);
    const key = JSON.stringify(auth);
    if (built?.key !== key) {
      const configuration = { ...authorityOf(options), clientId: options.client, ...auth };
      built = {
        key,
        application: new ConfidentialClientApplication({
          auth: configuration,
          system: { networkClient: options.network.mapped satisfies INetworkModule },
        }),
      };
    }
    return built.application;
  }

  return async (past) => {
    const result = await (
      await application()
    ).acquireTokenByClientCredential({
      scopes: [options.endpoints.scope],
      skipCache: past,
    });
    if (result === null) throw new UnauthorizedError('The login service gave no token and no reason.');
    return result;
  };
}

/**
 * Where msal asks for tokens. It knows the clouds' own hosts by heart; for a replaced one everything is spelled out,
 * so that nothing is discovered on the internet. msal insists on https; the network module puts http back.
 */
function authorityOf({ endpoints, tenant }: TokenOptions): Partial<NodeAuthOptions> {
  const base = `https://${endpoints.login.host}${endpoints.login.pathname.replace(/\/$/u, '')}/${tenant}`;
  if (!endpoints.loginReplaced) return { authority: base };
  return {
    authority: base,
    knownAuthorities: [endpoints.login.host],
    authorityMetadata: JSON.stringify({
      issuer: `${base}/v2.0`,
      authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
      token_endpoint: `${base}/oauth2/v2.0/token`,
      end_session_endpoint: `${base}/oauth2/v2.0/logout`,
      jwks_uri: `${base}/discovery/v2.0/keys`,
    }),
  };
}

async function credentialOf(
  credential: Exclude<EntraCredential, { readonly kind: 'managed_identity' }>,
): Promise<Partial<NodeAuthOptions>> {
  switch (credential.kind) {
    case 'client_secret':
      return { clientSecret: (await credential.secret()).trim() };
    case 'certificate': {
      const passphrase = await credential.passphrase?.();
      return {
        clientCertificate: readKeyPair(await credential.privateKey(), await credential.certificate(), passphrase),
      };
    }
    case 'workload_identity':
      return {
        clientAssertion: () =>
          'assertion' in credential ? credential.assertion() : readAssertion(credential.tokenFile),
      };
    default:
      return credential satisfies never;
  }
}

function readKeyPair(
  privateKey: string,
  certificate: string,
  passphrase: string | undefined,
): NonNullable<NodeAuthOptions['clientCertificate']> {
  try {
    const key = createPrivateKey({ key: privateKey, ...(passphrase === undefined ? {} : { passphrase }) });
    const x509 = new X509Certificate(certificate);
    if (!x509.checkPrivateKey(key)) throw new Error('The private key is not that of the certificate.');
    return {
      thumbprintSha256: x509.fingerprint256.replaceAll(':', ''),
      privateKey: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
    };
  } catch (cause) {
    throw new StartupError('The certificate in directory.credential cannot be used.', {
      cause,
      remedy: 'Give the private key and its certificate as PEM, and the passphrase when the key is encrypted.',
    });
  }
}

async function readAssertion(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (cause) {
    throw new UnauthorizedError(`The federated token file ${file} cannot be read.`, {
      cause,
      remedy:
        'Check that the platform projects the token into this process (AZURE_FEDERATED_TOKEN_FILE on Kubernetes).',
    });
  }
}

import { Agent, request } from 'undici';
import { HeadgateError, ThrottledError, TransientError, UnauthorizedError } from '../../core/errors.ts';
import type { Json, JsonObject } from '../../core/scim.ts';
import type { Metrics } from '../../ports/metrics.ts';
import { parseObject } from './answer.ts';
import { DEFAULT_RETRY_MS, retryAfterMs } from './retry-after.ts';
import { safeUrl } from './safe-url.ts';

/** How Headgate proves itself to a service provider. Secrets are asked for when needed and never kept in options. */
export type ScimCredential =
  | {
      readonly kind: 'bearer';
      readonly token: () => Promise<string>;
      /** Another token to use from now on, after this one was refused; undefined when there is none. */
      readonly spare?: (refused: string) => Promise<string | undefined>;
    }
  | {
      readonly kind: 'oauth_client_credentials';
      readonly tokenUrl: string;
      readonly clientId: string;
      readonly clientSecret: () => Promise<string>;
      readonly scope?: string;
    };

type Bearer = Extract<ScimCredential, { kind: 'bearer' }>;
type OAuth = Extract<ScimCredential, { kind: 'oauth_client_credentials' }>;

export interface TokenSource {
  /** A token believed valid. Throws UnauthorizedError, ThrottledError or TransientError when there is none. */
  current(): Promise<string>;
  /** Another token after `stale` was refused, or undefined when there is no other. */
  after(stale: string): Promise<string | undefined>;
  /** A token for a secret that is not the one in use, to be tried. UnauthorizedError when the secret is refused already. */
  tokenFor(secret: string): Promise<string>;
  close(): Promise<void>;
}

export interface TokenOptions {
  readonly connection: string;
  readonly credential: ScimCredential;
  readonly timeoutMs: number;
  readonly metrics: Metrics;
  readonly now: () => number;
}

/** Tokens for a credential: read anew every second (bearer), or fetched, cached and renewed in time (OAuth). */
export function createTokenSource(options: TokenOptions): TokenSource {
  const { credential } = options;
  return credential.kind === 'bearer'
    ? createBearerSource(options, credential)
    : createOAuthSource(options, credential);
}

/** How long a bearer token is used before its file is looked at again. Reading it for each request took a third of an export. */
const REREAD_MS = 1000;

function createBearerSource({ connection, now }: TokenOptions, credential: Bearer): TokenSource {
  let known: { readonly token: Promise<string>; readonly readAt: number } | undefined;

  function read(): Promise<string> {
    const token = credential.token().then((text) => usable(text, connection));
    const reading = { token, readAt: now() };
    known = reading;
    // A token that cannot be read is not remembered: what is wrong may be mended before the next request.
    token.catch(() => {
      if (known === reading) known = undefined;
    });
    return token;
  }

  let switching: Promise<string | undefined> | undefined;

  /** Several requests may be refused with the same token: only the first asks for another one. */
  function switched(stale: string): Promise<string | undefined> {
    switching ??= (async () => credential.spare?.(stale))().finally(() => {
      switching = undefined;
      known = undefined;
    });
    return switching;
  }

  return {
    current: () => (known !== undefined && Math.abs(now() - known.readAt) < REREAD_MS ? known.token : read()),
    async after(stale) {
      // The token may have been replaced since it was read.
      const token = await read();
      return token === stale ? switched(stale) : token;
    },
    tokenFor: async (secret) => usable(secret, connection),
    async close() {
      known = undefined;
    },
  };
}

/** A token that can stand in a header (RFC 6750 section 2.1). A stray line break is the commonest mistake in a token file. */
function usable(token: string, connection: string): string {
  const trimmed = token.trim();
  if (/^[\x21-\x7e]+$/.test(trimmed)) return trimmed;
  throw new UnauthorizedError(
    `${connection}: the token is ${trimmed === '' ? 'empty' : 'not one word of plain characters'}`,
    {
      remedy: 'Check the token of the connection in the file or variable the configuration names.',
    },
  );
}

interface Grant {
  readonly token: string;
  /** Ms since the epoch after which a new one is fetched. */
  readonly renewAt: number;
}

/** Token lifetime where the server states none (RFC 6749 section 5.1 only recommends it), in seconds. */
const DEFAULT_LIFETIME = 300;
const RENEW_BEFORE_MS = 60_000;

function createOAuthSource(options: TokenOptions, credential: OAuth): TokenSource {
  const agent = new Agent({
    connections: 1,
    maxResponseSize: 1_048_576,
    headersTimeout: options.timeoutMs,
    bodyTimeout: options.timeoutMs,
  });
  const url = safeUrl(credential.tokenUrl, `${options.connection}: tokenUrl`);
  let grant: Grant | undefined;
  let pending: Promise<Grant> | undefined;
  let secretInBody = false;

  async function fetchGrant(given?: string): Promise<Grant> {
    try {
      const secret = given ?? (await credential.clientSecret());
      let answer = await ask(secret);
      if (answer.status === 401 || (answer.status === 400 && answer.error === 'invalid_client')) {
        // RFC 6749 section 2.3.1: Basic must be supported, yet many servers only read the body.
        secretInBody = !secretInBody;
        answer = await ask(secret);
      }
      const fetched = readGrant(answer, options);
      options.metrics.tokenRequest('scim', 'success');
      return fetched;
    } catch (error) {
      options.metrics.tokenRequest('scim', 'failure');
      if (error instanceof HeadgateError) throw error;
      throw new TransientError(`${options.connection}: the token endpoint could not be reached`, {
        remedy: 'Check that the token endpoint can be reached from here; it is tried again.',
      });
    }
  }

  async function ask(secret: string): Promise<TokenAnswer> {
    const form = new URLSearchParams({ grant_type: 'client_credentials' });
    if (credential.scope !== undefined) form.set('scope', credential.scope);
    const headers: Record<string, string> = {
      'content-type': 'application/x-www-form-urlencoded',
      accept: 'application/json',
      'user-agent': 'headgate',
    };
    if (secretInBody) {
      form.set('client_id', credential.clientId);
      form.set('client_secret', secret);
    } else headers['authorization'] = basic(credential.clientId, secret);
    const response = await request(url, { method: 'POST', dispatcher: agent, headers, body: form.toString() });
    const body = parseObject(await response.body.text());
    const error = body?.['error'];
    return {
      status: response.statusCode,
      body,
      error: typeof error === 'string' ? error : undefined,
      waitMs: retryAfterMs(response.headers, [], options.now()),
    };
  }

  async function renewed(): Promise<string> {
    pending ??= fetchGrant().finally(() => {
      pending = undefined;
    });
    grant = await pending;
    return grant.token;
  }

  return {
    async current() {
      return grant !== undefined && options.now() < grant.renewAt ? grant.token : renewed();
    },
    async after(stale) {
      // Several requests may be refused with the same token: only the first fetches a new one.
      const token = grant !== undefined && grant.token !== stale ? grant.token : await renewed();
      return token === stale ? undefined : token;
    },
    tokenFor: async (secret) => (await fetchGrant(secret)).token,
    async close() {
      await agent.destroy();
    },
  };
}

/** RFC 6749 section 2.3.1: both parts are form-encoded before they are joined. */
function basic(clientId: string, secret: string): string {
  const encode = (part: string) => new URLSearchParams({ v: part }).toString().slice(2);
  return `Basic ${Buffer.from(`${encode(clientId)}:${encode(secret)}`).toString('base64')}`;
}

interface TokenAnswer {
  readonly status: number;
  readonly body: JsonObject | undefined;
  readonly error: string | undefined;
  readonly waitMs: number | undefined;
}

function readGrant({ status, body, waitMs }: TokenAnswer, options: TokenOptions): Grant {
  const told = `${options.connection}: the token endpoint answered ${status}`;
  if (status === 429) throw new ThrottledError(told, waitMs ?? DEFAULT_RETRY_MS, 'connection', { status });
  if (status >= 500) throw new TransientError(told, { status });
  const token = body?.['access_token'];
  if (status !== 200 || typeof token !== 'string') {
    throw new UnauthorizedError(status === 200 ? `${told} without an access_token` : told, {
      status,
      remedy: 'Check tokenUrl, client, secret and scope of the connection.',
    });
  }
  const lifetimeMs = lifetimeOf(body?.['expires_in']) * 1000;
  const early = Math.min(RENEW_BEFORE_MS, lifetimeMs / 5);
  return { token: usable(token, options.connection), renewAt: options.now() + lifetimeMs - early };
}

/** Some servers send expires_in as a string. */
function lifetimeOf(value: Json | undefined): number {
  const seconds = typeof value === 'string' ? Number(value) : value;
  return typeof seconds === 'number' && Number.isFinite(seconds) && seconds > 0 ? seconds : DEFAULT_LIFETIME;
}

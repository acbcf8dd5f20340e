import { Agent } from 'undici';
import { HeadgateError, ThrottledError, TransientError, UnauthorizedError } from '../../core/errors.ts';
import type { Json, JsonObject } from '../../core/scim.ts';
import type { Metrics } from '../../ports/metrics.ts';
import { parseObject } from './answer.ts';
import { DEFAULT_RETRY_MS, retryAfterMs } from './retry-after.ts';
import { safeUrl } from './safe-url.ts';
import { wholeAnswer } from './whole-answer.ts';

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
      /** Another client secret to use from now on, after the token endpoint refused this one; undefined when there is none. */
      readonly spare?: (refused: string) => Promise<string | undefined>;
    };

type Bearer = Extract<ScimCredential, { kind: 'bearer' }>;
type OAuth = Extract<ScimCredential, { kind: 'oauth_client_credentials' }>;

export interface TokenSource {
  /** A token believed valid. Throws UnauthorizedError, ThrottledError or TransientError when there is none. */
  current(): Promise<string>;
  /** Another token after `stale` was refused, or undefined when there is no other. */
  after(stale: string): Promise<string | undefined>;
  /**
   * A token for a secret that is not the one in use, to be tried; undefined when the secret is refused already. Throws
   * UnauthorizedError when no token can be had for another reason, which says nothing of the secret.
   */
  tokenFor(secret: string): Promise<string | undefined>;
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

/** How long a secret is used before its file is looked at again. Reading it for each request took a third of an export. */
const REREAD_MS = 1000;

/** A secret as last read, read anew after a second or when asked to. One that cannot be read is not remembered. */
function rereading(read: () => Promise<string>, now: () => number) {
  let known: { readonly secret: Promise<string>; readonly readAt: number } | undefined;

  function anew(): Promise<string> {
    const secret = read();
    const reading = { secret, readAt: now() };
    known = reading;
    // What is wrong may be mended before the next request.
    secret.catch(() => {
      if (known === reading) known = undefined;
    });
    return secret;
  }

  return {
    anew,
    current: () => (known !== undefined && Math.abs(now() - known.readAt) < REREAD_MS ? known.secret : anew()),
    forget: () => void (known = undefined),
  };
}

function createBearerSource({ connection, now }: TokenOptions, credential: Bearer): TokenSource {
  const tokens = rereading(async () => usable(await credential.token(), connection), now);
  let switching: Promise<string | undefined> | undefined;

  /** Several requests may be refused with the same token: only the first asks for another one. */
  function switched(stale: string): Promise<string | undefined> {
    switching ??= (async () => credential.spare?.(stale))().finally(() => {
      switching = undefined;
      tokens.forget();
    });
    return switching;
  }

  return {
    current: tokens.current,
    async after(stale) {
      // The token may have been replaced since it was read.
      const token = await tokens.anew();
      return token === stale ? switched(stale) : token;
    },
    tokenFor: async (secret) => usable(secret, connection),
    async close() {
      tokens.forget();
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
  /** The client secret it was got with. */
  readonly secret: string;
  /** Ms since the epoch after which a new one is fetched. */
  readonly renewAt: number;
}

/** What became of asking for a token; `refused` where it is the secret that is not taken. */
type Fetched = Grant | { readonly refused: UnauthorizedError };

/** Token lifetime where the server states none (RFC 6749 section 5.1 only recommends it), in seconds. */
const DEFAULT_LIFETIME = 300;
const RENEW_BEFORE_MS = 60_000;

function createOAuthSource(options: TokenOptions, credential: OAuth): TokenSource {
  const agent = new Agent({ connections: 1, maxResponseSize: 1_048_576, headersTimeout: options.timeoutMs });
  const url = safeUrl(credential.tokenUrl, `${options.connection}: tokenUrl`);
  const secrets = rereading(async () => (await credential.clientSecret()).trim(), options.now);
  let grant: Grant | undefined;
  let pending: Promise<Grant> | undefined;
  let secretInBody = false;

  /** The endpoint's answer to a secret. Throws TransientError where there is none. */
  async function answerTo(secret: string): Promise<TokenAnswer> {
    try {
      const inBody = secretInBody;
      const first = await ask(secret, inBody);
      if (!refusesSecret(first)) return first;
      // RFC 6749 section 2.3.1: Basic must be supported, yet many servers only read the body.
      const second = await ask(secret, !inBody);
      if (second.status === 200) secretInBody = !inBody;
      // A server that does not know the other way at all has only answered the first.
      return second.error === 'invalid_request' ? first : second;
    } catch (error) {
      if (error instanceof HeadgateError) throw error;
      throw new TransientError(`${options.connection}: the token endpoint could not be reached`, {
        noAnswer: true,
        remedy: 'Check that the token endpoint can be reached from here; it is tried again.',
      });
    }
  }

  async function fetchGrant(secret: string): Promise<Fetched> {
    let fetched: Fetched | undefined;
    try {
      const answer = await answerTo(secret);
      fetched = refusesSecret(answer)
        ? { refused: refusal(answer, options) }
        : { ...readGrant(answer, options), secret };
      return fetched;
    } finally {
      const got = fetched !== undefined && 'token' in fetched;
      options.metrics.tokenRequest('scim', got ? 'success' : 'failure');
    }
  }

  /** With the secret in use or, where that one is refused, with the one that is switched to. */
  async function nextGrant(): Promise<Grant> {
    const secret = await secrets.anew();
    const fetched = await fetchGrant(secret);
    if ('token' in fetched) return fetched;
    const other = await credential.spare?.(secret);
    if (other === undefined) throw fetched.refused;
    secrets.forget();
    const switched = await fetchGrant(other);
    if ('token' in switched) return switched;
    throw switched.refused;
  }

  async function ask(secret: string, inBody: boolean): Promise<TokenAnswer> {
    const form = new URLSearchParams({ grant_type: 'client_credentials' });
    if (credential.scope !== undefined) form.set('scope', credential.scope);
    const headers: Record<string, string> = {
      'content-type': 'application/x-www-form-urlencoded',
      accept: 'application/json',
      'user-agent': 'headgate',
    };
    if (inBody) {
      form.set('client_id', credential.clientId);
      form.set('client_secret', secret);
    } else headers['authorization'] = basic(credential.clientId, secret);
    const target = { origin: url.origin, path: `${url.pathname}${url.search}` };
    const posted = { ...target, method: 'POST', headers, body: form.toString() } as const;
    const answer = await wholeAnswer(agent, posted, options.timeoutMs, new AbortController().signal);
    const body = parseObject(answer.text);
    const error = body?.['error'];
    return {
      status: answer.status,
      body,
      error: typeof error === 'string' ? error : undefined,
      waitMs: retryAfterMs(answer.headers, [], options.now()),
    };
  }

  async function renewed(): Promise<string> {
    pending ??= nextGrant().finally(() => {
      pending = undefined;
    });
    grant = await pending;
    return grant.token;
  }

  return {
    async current() {
      const secret = await secrets.current();
      // A token got with a secret that was replaced would prove the old one, and live on after it.
      if (grant?.secret === secret && options.now() < grant.renewAt) return grant.token;
      return renewed();
    },
    async after(stale) {
      // Several requests may be refused with the same token: only the first fetches a new one.
      const token = grant !== undefined && grant.token !== stale ? grant.token : await renewed();
      return token === stale ? undefined : token;
    },
    async tokenFor(secret) {
      const fetched = await fetchGrant(secret.trim());
      return 'token' in fetched ? fetched.token : undefined;
    },
    close: () => agent.destroy(),
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

/** What an endpoint answers with 400 where client and secret do not fit (RFC 6749 section 5.2); other codes say nothing of the secret. */
const NOT_THE_CLIENT = new Set(['invalid_client', 'invalid_grant']);

/** Whether the answer is about the client and its secret (RFC 6749 section 5.2), and not about the rest of the request. */
function refusesSecret({ status, error }: TokenAnswer): boolean {
  return status === 401 || (status === 400 && error !== undefined && NOT_THE_CLIENT.has(error));
}

function refusal({ status }: TokenAnswer, { connection }: TokenOptions): UnauthorizedError {
  return new UnauthorizedError(`${connection}: the token endpoint refuses the client or its secret (${status})`, {
    status,
    credentialRefused: true,
    remedy: `Check client and secret of the connection; a new secret is taken in by: headgate token rotate -c ${connection}`,
  });
}

/** What was granted. Throws UnauthorizedError, ThrottledError or TransientError where nothing was. */
function readGrant({ status, body, waitMs }: TokenAnswer, options: TokenOptions): Omit<Grant, 'secret'> {
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

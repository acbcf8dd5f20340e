import type { INetworkModule, NetworkRequestOptions, NetworkResponse } from '@azure/msal-node';
import { ThrottledError, TransientError } from '../../core/errors.ts';
import type { Endpoints } from './clouds.ts';
import { setbackOf } from './graph-failure.ts';
import type { Persistence } from './patience.ts';
import type { Answer, Transport } from './transport.ts';

/** msal's way to the network. */
export interface TokenNetwork {
  /** For client credentials: the login service's address put back to plain http where it was configured so. */
  readonly mapped: INetworkModule;
  /** For managed identities, whose endpoints are local and plain http by themselves. */
  readonly plain: INetworkModule;
  /** The failure of the last exchange, once. msal wraps what its network throws and drops the cause. */
  takeFailure(): unknown;
}

/**
 * msal's network over our transport. Network failures, 429 and 5xx are retried here, below msal: it would remember one
 * such answer for a minute and refuse every token until then. `lifetime` ends what is under way.
 */
export function createTokenNetwork(
  endpoints: Endpoints,
  transport: Transport,
  persistence: Persistence,
  now: () => number,
  lifetime: AbortSignal,
): TokenNetwork {
  let failure: unknown;

  async function exchange<T>(
    method: string,
    url: string,
    options: NetworkRequestOptions | undefined,
    patient: boolean,
  ): Promise<NetworkResponse<T>> {
    const send = (): Promise<Answer> =>
      transport.send({
        url,
        method,
        headers: options?.headers ?? {},
        signal: lifetime,
        ...(method === 'POST' ? { body: options?.body ?? '' } : {}),
      });
    try {
      const answer = await (patient ? persistence.persist(send, (got) => setbackOf(got, now()), lifetime) : send());
      failure = undefined;
      if (patient) refuseSetback(answer, now());
      if (answer.body === null || typeof answer.body !== 'object') throw unreadable(answer);
      // msal names the type it expects and checks the fields itself.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      return { status: answer.status, headers: { ...answer.headers }, body: answer.body as T };
    } catch (error) {
      failure = error;
      throw error;
    }
  }

  function createModule(address: (url: string) => string, patient: boolean): INetworkModule {
    return {
      sendGetRequestAsync: <T>(url: string, options?: NetworkRequestOptions) =>
        exchange<T>('GET', address(url), options, patient),
      sendPostRequestAsync: <T>(url: string, options?: NetworkRequestOptions) =>
        exchange<T>('POST', address(url), options, patient),
    };
  }

  /** Only the configured host is put back to http; a certificate is asked of any other. */
  function configured(url: string): string {
    const target = new URL(url);
    if (endpoints.login.protocol === 'http:' && target.host === endpoints.login.host) target.protocol = 'http:';
    return target.href;
  }

  return {
    mapped: createModule(configured, true),
    plain: createModule((url) => url, false),
    takeFailure(): unknown {
      const taken = failure;
      failure = undefined;
      return taken;
    },
  };
}

/** msal would take an empty body of a 5xx for a token, and remember a 429 for a minute. */
function refuseSetback(answer: Answer, now: number): void {
  const setback = setbackOf(answer, now);
  if (setback === undefined) return;
  const facts = { status: answer.status };
  const message = `The login service answered ${answer.status} and gave no token.`;
  throw setback.retryAfterMs === undefined
    ? new TransientError(message, facts)
    : new ThrottledError(message, setback.retryAfterMs, 'connection', facts);
}

function unreadable(answer: Answer): TransientError {
  return new TransientError(`The login service answered ${answer.status} without JSON.`, {
    status: answer.status,
    remedy: 'Look for a proxy that answers in place of the login service.',
  });
}

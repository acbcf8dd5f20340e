import { Counter, Histogram, type Registry } from 'prom-client';
import type { Metrics } from '../../ports/metrics.ts';
import { APIS, connectionsOf, EXPECTED_CODES, RETRY_REASONS } from './labels.ts';

type RequestMetrics = Pick<Metrics, 'request' | 'retry' | 'throttled' | 'tokenRequest'>;

const BY_API = ['api', 'connection'] as const;

/** Registers the families of Headgate's own HTTP clients (Graph and SCIM), every expected series at 0. */
export function createRequestFamilies(registry: Registry, connections: readonly string[]): RequestMetrics {
  const families = registerFamilies([registry]);
  for (const api of APIS) {
    for (const outcome of ['success', 'failure'] as const) families.tokens.inc({ api, outcome }, 0);
    for (const connection of connectionsOf(api, connections)) initialise(families, api, connection);
  }
  return {
    request: (api, connection, method, code, seconds) => {
      families.requests.inc({ api, connection, method, code: String(code) });
      families.duration.observe({ api, connection, method }, seconds);
    },
    retry: (api, connection, reason) => families.retries.inc({ api, connection, reason }),
    throttled: (api, connection, waitSeconds) => {
      families.throttled.inc({ api, connection });
      families.throttleWait.inc({ api, connection }, waitSeconds);
    },
    tokenRequest: (api, outcome) => families.tokens.inc({ api, outcome }),
  };
}

function initialise(
  families: ReturnType<typeof registerFamilies>,
  api: (typeof APIS)[number],
  connection: string,
): void {
  families.throttled.inc({ api, connection }, 0);
  families.throttleWait.inc({ api, connection }, 0);
  for (const reason of RETRY_REASONS) families.retries.inc({ api, connection, reason }, 0);
  for (const [method, codes] of Object.entries(EXPECTED_CODES[api])) {
    families.duration.zero({ api, connection, method });
    for (const code of codes) families.requests.inc({ api, connection, method, code }, 0);
  }
}

function registerFamilies(registers: Registry[]) {
  return {
    requests: new Counter({
      name: 'headgate_http_client_requests_total',
      help: 'HTTP exchanges with Microsoft Graph and with service providers; code "error" means no answer came.',
      labelNames: [...BY_API, 'method', 'code'],
      registers,
    }),
    duration: new Histogram({
      name: 'headgate_http_client_request_duration_seconds',
      help: 'Time of one HTTP exchange, from sending to the last byte of the answer.',
      labelNames: [...BY_API, 'method'],
      buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
      registers,
    }),
    retries: new Counter({
      name: 'headgate_http_client_retries_total',
      help: 'Requests sent again, by why.',
      labelNames: [...BY_API, 'reason'],
      registers,
    }),
    throttled: new Counter({
      name: 'headgate_http_client_throttled_total',
      help: 'Answers that asked for fewer requests.',
      labelNames: BY_API,
      registers,
    }),
    throttleWait: new Counter({
      name: 'headgate_http_client_throttle_wait_seconds_total',
      help: 'Time the other side asked to wait, added up.',
      labelNames: BY_API,
      registers,
    }),
    tokens: new Counter({
      name: 'headgate_token_requests_total',
      help: 'Access tokens asked for.',
      labelNames: ['api', 'outcome'],
      registers,
    }),
  };
}

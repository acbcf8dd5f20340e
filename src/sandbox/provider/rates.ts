import type { RateLimit } from './behaviour.ts';
import { isComplex, type Complex, type Value } from './json.ts';
import { ScimRefusal } from './refusal.ts';
import type { ResourceTypeName } from './schema/resource-type.ts';

/** What of a request matters for rates. */
export interface CountedRequest {
  readonly method: string;
  /** Path below the SCIM base URL. */
  readonly path: string;
  readonly body: Value | undefined;
}

export interface Rates {
  /** Counts a request. Throws ScimRefusal when a limit is reached; such a request costs nothing. */
  admit(limits: readonly RateLimit[], request: CountedRequest): void;
}

interface Bucket {
  readonly left: number;
  readonly at: number;
}

const ENDPOINTS = { User: 'Users', Group: 'Groups' } as const satisfies Record<ResourceTypeName, string>;

/** Counters of what was taken, all full at first. `now` in ms since the epoch. */
export function createRates(now: () => number): Rates {
  const buckets = new Map<RateLimit, Map<string, Bucket>>();

  function bucketOf(limit: RateLimit, key: string, at: number): Bucket {
    const known = buckets.get(limit)?.get(key);
    if (known === undefined) return { left: limit.burst, at };
    const refilled = ((at - known.at) / 1000 / limit.seconds) * limit.requests;
    return { left: Math.min(limit.burst, known.left + refilled), at };
  }

  return {
    admit(limits, { method, path, body }) {
      const at = now();
      const [endpoint = '', id = ''] = path.split('/').filter((segment) => segment !== '');
      const drawn = limits
        .filter(({ methods, type }) => methods.includes(method) && concerns(type, endpoint))
        .map((limit) => {
          const key = limit.of === 'members' ? id : '';
          const cost = limit.of === 'members' ? membersAdded(body) : 1;
          return { limit, key, cost, bucket: bucketOf(limit, key, at) };
        });
      const waits = drawn.map(({ limit, cost, bucket }) => {
        // What is more than fits at once is taken when there is as much room as there ever is.
        const missing = Math.min(cost, limit.burst) - bucket.left;
        return Math.round((missing / limit.requests) * limit.seconds * 1000);
      });
      const seconds = Math.ceil(Math.max(0, ...waits) / 1000);
      if (seconds > 0) throw tooMany(seconds);
      for (const { limit, key, cost, bucket } of drawn) {
        const kept = buckets.get(limit) ?? new Map<string, Bucket>();
        buckets.set(limit, kept.set(key, { left: Math.max(0, bucket.left - cost), at }));
      }
    },
  };
}

function concerns(type: ResourceTypeName | undefined, endpoint: string): boolean {
  return type === undefined || ENDPOINTS[type].toLowerCase() === endpoint.toLowerCase();
}

function tooMany(seconds: number): ScimRefusal {
  return new ScimRefusal(429, 'rate limit exceeded', undefined, { 'retry-after': String(seconds) });
}

function sizeOf(members: Value | undefined): number {
  if (Array.isArray(members)) return members.length;
  return isComplex(members) ? 1 : 0;
}

function addedBy(operation: Complex): number {
  const { op, path, value } = operation;
  if (typeof op !== 'string' || op.toLowerCase() === 'remove') return 0;
  if (path === undefined) return isComplex(value) ? sizeOf(value['members']) : 0;
  return typeof path === 'string' && path.toLowerCase() === 'members' ? sizeOf(value) : 0;
}

/** Members a body puts into a group, those who are in already included. */
function membersAdded(body: Value | undefined): number {
  if (!isComplex(body)) return 0;
  const operations = body['Operations'];
  if (!Array.isArray(operations)) return sizeOf(body['members']);
  return operations.filter(isComplex).reduce((sum, operation) => sum + addedBy(operation), 0);
}

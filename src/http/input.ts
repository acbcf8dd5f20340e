import { z } from 'zod';
import { SCHEDULED_KINDS } from '../core/cycle.ts';
import { PROBE_DOMAIN } from '../core/experiment.ts';
import { LOG_OUTCOMES, OPERATION_KINDS } from '../core/log-entry.ts';
import { OPERATION_STATES } from '../core/operation.ts';
import { problem, ProblemError, type ProblemDetail } from './problem.ts';

/** Reads one part of a request. Throws a 400 problem that names every fault at once. */
export function readInput<T>(part: 'body' | 'params' | 'query', schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  const problems: readonly ProblemDetail[] = parsed.success
    ? unusableTexts(value, [part])
    : parsed.error.issues.map(({ path, message }) => ({ path: [part, ...path.map(String)].join('.'), message }));
  if (parsed.success && problems.length === 0) return parsed.data;
  throw new ProblemError(
    problem(400, 'invalid-request', `The request has ${problems.length} fault${problems.length === 1 ? '' : 's'}.`, {
      problems,
    }),
  );
}

/** JSON can write what neither UTF-8 (RFC 3629 section 3), nor a URL, nor the database can hold. */
const NO_CHARACTER = /[\0\p{Cs}]/u;

/** The texts in a request of the right shape that nothing behind this door could pass on. */
function unusableTexts(value: unknown, path: readonly string[]): readonly ProblemDetail[] {
  if (typeof value === 'string') {
    const message = 'holds what is no character: U+0000, or half of a surrogate pair';
    return NO_CHARACTER.test(value) ? [{ path: path.join('.'), message }] : [];
  }
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, inner]) => unusableTexts(inner, [...path, key]));
}

export const PRINTABLE = /^[^\p{Cc}]*$/u;

/** Connection names as the configuration allows them. */
export const connectionParams = z.strictObject({
  name: z.string().regex(/^[a-z0-9-]{1,40}$/, 'not a connection name'),
});

export const cycleParams = z.strictObject({ id: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'not a cycle id') });

/** For requests that say everything in their path. */
export const nothing = z.strictObject({}).optional();

export const startCycleBody = z.strictObject({
  kind: z.enum(SCHEDULED_KINDS),
  expectedDigest: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'not a plan digest (64 hexadecimal digits)')
    .optional(),
  requestedBy: z.string().trim().min(1).max(200).regex(PRINTABLE, 'control characters are not allowed').optional(),
});

function limit(most: number, usual: number) {
  return z.coerce.number().int().min(1).max(most).default(usual);
}

export const listCyclesQuery = z.strictObject({
  connection: connectionParams.shape.name.optional(),
  limit: limit(1000, 20),
});

/** One or more of these words, comma-separated or repeated. */
function someOf<const Words extends readonly [string, ...string[]]>(words: Words) {
  return z
    .union([z.string(), z.array(z.string())])
    .transform((given) => [given].flat().flatMap((text) => text.split(',')))
    .pipe(z.array(z.enum(words)).min(1));
}

export const operationsQuery = z.strictObject({
  state: someOf(OPERATION_STATES).optional(),
  after: z.coerce.number().int().min(0).optional(),
  limit: limit(10_000, 100),
});

/** What people call somebody or something: a name or an id. */
const called = z.string().trim().min(1).max(320).regex(PRINTABLE, 'control characters are not allowed');

export const escrowsQuery = z.strictObject({ who: called.optional(), limit: limit(10_000, 100) });

/** One resource or all of them; dropping needs a reason. */
export function escrowActBody(verb: 'retry' | 'drop') {
  return z
    .strictObject({
      who: called.optional(),
      all: z.boolean().optional(),
      requestedBy: startCycleBody.shape.requestedBy,
      reason: called.optional(),
    })
    .refine(({ who, all }) => (who === undefined) === (all === true), 'give either "who" or "all": true')
    .refine(({ reason }) => verb === 'retry' || reason !== undefined, 'give a "reason": it is kept');
}

const linkPlace = z
  .string()
  .regex(/^(account|group):[^\p{Cc}]{1,200}$/u, 'not a place in the list: take it from an answer');
export const linksQuery = z.strictObject({ after: linkPlace.optional(), limit: limit(10_000, 100) });

export const releaseBody = z
  .strictObject({ requestedBy: startCycleBody.shape.requestedBy, reason: called.optional() })
  .optional();

export const pauseBody = z.strictObject({ reason: called, requestedBy: startCycleBody.shape.requestedBy });
export const holdParams = z.strictObject({
  id: z.string().regex(/^\d{1,18}$/, 'not the number of a hold: headgate holds list shows them'),
});

export const listHoldsQuery = z.strictObject({
  connection: connectionParams.shape.name.optional(),
  ended: z
    .enum(['true', 'false'])
    .default('false')
    .transform((text) => text === 'true'),
  limit: limit(1000, 100),
});

export const showHoldQuery = z.strictObject({ limit: limit(10_000, 100) });

const words = (most: number) =>
  z.string().trim().min(1).max(most).regex(PRINTABLE, 'control characters are not allowed');

export const decideHoldBody = z.strictObject({
  digest: z.string().regex(/^[0-9a-f]{8,64}$/, 'not a digest, or its first eight or more hexadecimal digits'),
  by: words(200),
  reason: words(1000),
});

/** A user by object id or userPrincipalName. */
export const explainQuery = z.strictObject({ user: called });

/** A user or group by object id or name. */
export const subjectQuery = z.strictObject({ subject: called });
export const provisionBody = z.strictObject({ subject: called, requestedBy: startCycleBody.shape.requestedBy });

const domain = z
  .string()
  .regex(/^(?=.{1,100}$)([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$/i, 'not a domain')
  .default(PROBE_DOMAIN);
export const probeQuery = z.strictObject({ domain });
export const probeBody = z.strictObject({ domain, requestedBy: startCycleBody.shape.requestedBy }).prefault({});

const time = z
  .union([
    z
      .string()
      .regex(/^\d{1,15}$/)
      .transform(Number),
    z.iso.datetime({ offset: true }).transform((text) => Date.parse(text)),
  ])
  .refine((ms) => ms <= 8_640_000_000_000_000, 'not a time');

const cursor = z.string().regex(/^\d{1,15}(\.\d{1,15}\.\d{1,9})?$/, 'not a place in the log: take it from an answer');

/** Times are ms since the epoch, or RFC 3339. */
export const logQuery = z
  .strictObject({
    connection: connectionParams.shape.name.optional(),
    cycle: cycleParams.shape.id.optional(),
    user: called.optional(),
    group: called.optional(),
    kind: someOf(OPERATION_KINDS).optional(),
    outcome: someOf(LOG_OUTCOMES).optional(),
    since: time.optional(),
    until: time.optional(),
    limit: limit(1000, 100),
    before: cursor.optional(),
    after: cursor.optional(),
  })
  .refine(({ before, after }) => before === undefined || after === undefined, 'give either before or after');

export const notificationsQuery = z.strictObject({ limit: limit(1000, 50) });

import { z } from 'zod';
import { OPERATION_STATES } from '../core/operation.ts';
import { problem, ProblemError, type ProblemDetail } from './problem.ts';

/** Reads one part of a request. Throws a 400 problem that names every fault at once. */
export function readInput<T>(part: 'body' | 'params' | 'query', schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems: readonly ProblemDetail[] = parsed.error.issues.map((issue) => ({
    path: [part, ...issue.path.map(String)].join('.'),
    message: issue.message,
  }));
  throw new ProblemError(
    problem(400, 'invalid-request', `The request has ${problems.length} fault${problems.length === 1 ? '' : 's'}.`, {
      problems,
    }),
  );
}

const PRINTABLE = /^[^\p{Cc}]*$/u;

/** Connection names as the configuration allows them. */
export const connectionParams = z.strictObject({
  name: z.string().regex(/^[a-z0-9-]{1,40}$/, 'not a connection name'),
});

export const cycleParams = z.strictObject({ id: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'not a cycle id') });

/** For requests that say everything in their path. */
export const nothing = z.strictObject({}).optional();

export const startCycleBody = z.strictObject({
  kind: z.enum(['initial', 'incremental']),
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

const states = z
  .union([z.string(), z.array(z.string())])
  .transform((given) => [given].flat().flatMap((text) => text.split(',')))
  .pipe(z.array(z.enum(OPERATION_STATES)).min(1));

export const operationsQuery = z.strictObject({
  state: states.optional(),
  after: z.coerce.number().int().min(0).optional(),
  limit: limit(10_000, 100),
});

/** A user by object id or userPrincipalName. */
export const explainQuery = z.strictObject({
  user: z.string().trim().min(1).max(320).regex(PRINTABLE, 'control characters are not allowed'),
});

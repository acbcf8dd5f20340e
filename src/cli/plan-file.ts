import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { RefusedError } from '../core/errors.ts';
import { sealPlan } from '../core/plan.ts';
import type { Plan } from '../core/plan.ts';
import { UsageError } from './io.ts';
import type { MadePlan } from '../ports/operator.ts';

/** A saved plan: the line of the stream it was made in. */
export function planDocument(made: MadePlan): object {
  return { type: 'plan', schema: '1.0', ...made };
}

const savedPlan = z.object({
  type: z.literal('plan'),
  schema: z.string().regex(/^1\./),
  plan: z.looseObject({
    version: z.literal(1),
    connection: z.string(),
    kind: z.enum(['initial', 'incremental']),
    digest: z.string(),
    operations: z.array(z.looseObject({ key: z.string() })),
  }),
});

/** What `apply` needs of a saved plan. */
export type SavedPlan = Pick<Plan, 'connection' | 'kind' | 'digest'> & { readonly operations: number };

/**
 * Reads a saved plan and computes its digest anew. Throws UsageError when it is no plan, RefusedError('plan-stale') when
 * its content is not the one its digest was made of: somebody edited it.
 */
export async function readPlanFile(file: string): Promise<SavedPlan> {
  const parsed = savedPlan.safeParse(await readJson(file));
  if (!parsed.success) {
    throw new UsageError(`${file} is not a plan saved by this version; make one with: headgate plan --out ${file}`);
  }
  const { version: _version, digest, ...content } = parsed.data.plan;
  // The digest covers the content as it is, whatever else this version would expect to find in it.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  const sealed = sealPlan(content as unknown as Parameters<typeof sealPlan>[0]);
  if (sealed.digest !== digest) {
    throw new RefusedError('plan-stale', `${file} was changed after it was made: its digest does not fit its content`, {
      remedy: 'plan again; a plan is carried out as it was reviewed or not at all',
    });
  }
  const { connection, kind, operations } = parsed.data.plan;
  return { connection, kind, digest, operations: operations.length };
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    throw new UsageError(`${file} cannot be read (${code}); make one with: headgate plan --out ${file}`);
  }
}

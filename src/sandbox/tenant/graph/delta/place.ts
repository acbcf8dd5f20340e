import { z } from 'zod';

/** What is tracked: the options of the first request, which its tokens carry on. */
const QUERY = z.strictObject({ select: z.array(z.string()).optional(), ids: z.array(z.string()).optional() });

/**
 * Where a round of change tracking stands. An initial round shows what is present and what may be restored, then goes
 * through the log of changes from `from`, its beginning, like any other; `inside` is a group shown in part.
 */
const PLACE = z.discriminatedUnion('phase', [
  z.strictObject({
    phase: z.literal('present'),
    from: z.int(),
    after: z.int(),
    inside: z.strictObject({ group: z.int(), member: z.int() }).optional(),
  }),
  z.strictObject({ phase: z.literal('deleted'), from: z.int(), after: z.int() }),
  z.strictObject({ phase: z.literal('log'), from: z.int() }),
]);

const STATE = z.strictObject({
  query: QUERY,
  place: PLACE,
  token: z.strictObject({ issuedAt: z.number(), generation: z.int() }),
});

export type DeltaQuery = z.infer<typeof QUERY>;
export type DeltaPlace = z.infer<typeof PLACE>;
/** Everything a state token says. */
export type DeltaState = z.infer<typeof STATE>;

/** Reads the text inside a token of ours. Throws for a text that is none: page tokens of other reads have no state. */
export function parseState(text: string): DeltaState {
  return STATE.parse(JSON.parse(text));
}

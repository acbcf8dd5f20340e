import type { Anchor } from '../directory.ts';
import { escrowKey, mayPass, needDigest, type Escrow } from '../escrow.ts';
import type { Planned } from '../planning/plan-cycle.ts';
import { counted } from '../reasons.ts';

/** Why somebody in scope has no account. */
export interface NoAccount {
  /** In words, for operators. */
  readonly why: string;
  /** Whether a full cycle now would give them none either. */
  readonly lasting: boolean;
}

/**
 * Why the next full cycle gives somebody no account: they cannot be mapped, their match is held, or the provider has refused
 * the same account before. Whoever is not in it gets one.
 */
export function noAccounts(
  { plan, collisions, unmapped }: Pick<Planned, 'plan' | 'collisions' | 'unmapped'>,
  escrows: readonly Escrow[],
): ReadonlyMap<Anchor, NoAccount> {
  const wanted = plan.operations.filter(
    ({ resource, kind }) => resource === 'account' && (kind === 'create' || kind === 'link'),
  );
  const refused = new Map(escrows.map((escrow) => [escrowKey(escrow), escrow]));
  const inEscrow = wanted.flatMap((operation): (readonly [Anchor, NoAccount])[] => {
    const escrow = refused.get(escrowKey(operation));
    if (escrow === undefined || escrow.digest !== needDigest(operation)) return [];
    const { attempts, failure } = escrow;
    const why = `in escrow after ${counted(attempts, 'try', 'tries')}: ${failure.message}`;
    return [[operation.anchor, { why, lasting: !mayPass(failure) }]];
  });
  const held = new Map(
    collisions.flatMap(({ text, operations }) => operations.map((key) => [key, `held, matching-collision: ${text}`])),
  );
  const collided = wanted.flatMap(({ key, anchor }): (readonly [Anchor, NoAccount])[] => {
    const why = held.get(key);
    return why === undefined ? [] : [[anchor, { why, lasting: true }]];
  });
  const failed = unmapped.map(({ anchor, why }) => [anchor, { why, lasting: true }] as const);
  return new Map([...inEscrow, ...collided, ...failed]);
}

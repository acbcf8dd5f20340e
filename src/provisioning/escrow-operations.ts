import { escrowAfter, escrowKey, needless, type Escrow, type EscrowKey } from '../core/escrow.ts';
import type { Operation } from '../core/operation.ts';
import type { OperationFailure } from '../core/operation-failure.ts';
import type { Focus } from '../core/planning/plan-input.ts';
import type { Ports } from '../ports/index.ts';
import type { OperationResult, SliceWork } from '../ports/slices.ts';

type EscrowPorts = Pick<Ports, 'clock'> & { readonly stores: Pick<Ports['stores'], 'escrows'> };

interface Failed {
  readonly operation: Operation;
  readonly failure: OperationFailure;
}

async function remember(connection: string, cycle: string, failed: readonly Failed[], ports: EscrowPorts) {
  if (failed.length === 0) return;
  const { escrows } = ports.stores;
  const before = new Map(
    (
      await escrows.find(
        connection,
        failed.map(({ operation }) => operation),
      )
    ).map((escrow) => [escrowKey(escrow), escrow]),
  );
  const now = ports.clock.now();
  const after = failed.map(({ operation, failure }) =>
    escrowAfter(operation, failure, before.get(escrowKey(operation)), cycle, now),
  );
  await escrows.put(connection, after);
}

/** Remembers over cycles what of a slice was put aside, and forgets what is done. */
export async function keepEscrows(
  { connection, cycle, operations }: SliceWork,
  results: readonly OperationResult[],
  ports: EscrowPorts,
): Promise<void> {
  const bySequence = new Map(operations.map(({ sequence, operation }) => [sequence, operation]));
  const failed: Failed[] = [];
  const done: EscrowKey[] = [];
  for (const result of results) {
    const operation = bySequence.get(result.sequence);
    if (operation === undefined) continue;
    if (result.state === 'exported') done.push(operation);
    else if (result.state === 'escrowed') failed.push({ operation, failure: result.failure });
  }
  await remember(connection, cycle, failed, ports);
  await ports.stores.escrows.lift(connection, done);
}

/** Forgets the escrows of a connection whose need has gone with this plan. */
export async function liftNeedless(
  connection: string,
  escrows: readonly Escrow[],
  plan: { readonly operations: readonly Operation[] },
  focus: Focus | undefined,
  ports: EscrowPorts,
): Promise<void> {
  const looksAt = ({ resource, anchor, kind }: EscrowKey) => {
    if (focus === undefined) return true;
    if (resource === 'account') return focus.users.has(anchor);
    if (focus.only === true) return focus.groups.has(anchor);
    // What a cycle leaves unsettled is looked at by the next: members in escrow that are not planned again are not needed.
    return kind === 'members' || focus.groups.has(anchor);
  };
  await ports.stores.escrows.lift(connection, needless(plan, escrows, looksAt));
}

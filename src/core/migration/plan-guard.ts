import type { GuardFacts } from '../guards/facts.ts';
import { isAccountRemoval, type Operation } from '../operation.ts';
import type { Plan } from '../plan.ts';
import { counted, listed } from '../reasons.ts';
import type { Finding } from '../verdict.ts';
import type { CycleMigration } from './migration.ts';

/** Whether an operation is on a SCIM group that a migration takes away, or brings back. */
export function isOwnGroup({ resource, anchor }: Pick<Operation, 'resource' | 'anchor'>, of?: CycleMigration): boolean {
  return resource === 'group' && of?.groups.includes(anchor) === true;
}

/** Whether an operation is what the migration is for: the delete of one of its groups, emptied before. */
export function isDueToMigration(operation: Operation, migration: CycleMigration | undefined): boolean {
  if (migration?.mode !== 'forward' || operation.resource !== 'group' || !isOwnGroup(operation, migration))
    return false;
  return operation.kind === 'delete' || (operation.kind === 'members' && operation.add.length === 0);
}

/** Facts without what the migration is for, for the guards that ask whether somebody meant it. */
export function withoutDue<Facts extends Pick<GuardFacts, 'plan' | 'migration'>>(facts: Facts): Facts {
  const { plan, migration } = facts;
  if (migration === undefined) return facts;
  return {
    ...facts,
    plan: { ...plan, operations: plan.operations.filter((one) => !isDueToMigration(one, migration)) },
  };
}

function maySend(operation: Operation, migration: CycleMigration): boolean {
  if (migration.mode === 'forward') return isDueToMigration(operation, migration);
  return operation.kind !== 'delete' && !isAccountRemoval(operation) && !takesOutElsewhere(operation, migration);
}

/** In the migration's own groups the same request brings members back: to hold it would bar their way. */
function takesOutElsewhere(operation: Operation, { groups }: CycleMigration): boolean {
  return operation.kind === 'members' && operation.remove.length > 0 && !groups.includes(operation.anchor);
}

/**
 * A cycle of a migration deletes groups and nothing else, and one planned removal of a user refuses its whole plan. The cycle
 * of a rollback brings back: a leaver must not bar the way back of all others, so removals of accounts are held, as is who is
 * to be taken out of a group it is not about. Of its own groups it leaves in whom the directory has in them, and nobody else.
 * What else is due waits for a cycle of its own.
 */
export function judgeMigration(plan: Plan, migration: CycleMigration | undefined): readonly Finding[] {
  if (migration === undefined) return [];
  const removals = plan.operations.filter(isAccountRemoval);
  if (removals.length > 0 && migration.mode === 'forward') {
    return [
      {
        guard: 'migration',
        effect: 'refuse',
        message: `the plan would take access from ${removals.length}: ${listed(removals.map(({ label, reason }) => `${label} (${reason.text})`))}. A migration must not remove anybody`,
        remedy:
          'nothing was sent. The migration is aborted and the connection paused: see who it is and why, then decide.',
        operations: [],
        numbers: { removals: removals.length },
      },
    ];
  }
  const others = plan.operations.filter((operation) => !maySend(operation, migration));
  if (others.length === 0) return [];
  return [
    {
      guard: 'migration',
      effect: 'hold',
      message: `${counted(others.length, 'other change is due and waits', 'other changes are due and wait')} until the migration is over`,
      remedy: 'nothing to do: the next cycle after the migration plans them again.',
      operations: others.map(({ key }) => key),
      numbers: { operations: others.length },
    },
  ];
}

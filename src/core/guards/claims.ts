import { foldedNames, foldName, listed } from '../reasons.ts';
import type { Guard } from './facts.ts';

/** Whatever two users or two groups claim at once is held: whoever came second would get what the first one has. */
export const matchingCollision: Guard = ({ collisions }) =>
  collisions.map(({ text, operations }) => ({
    guard: 'matching-collision' as const,
    effect: 'hold' as const,
    message: text,
    remedy:
      'make the matching attribute unique in the directory, or correct the account at the provider; the hold lifts by itself.',
    operations,
    numbers: { operations: operations.length },
  }));

/** Named users never lose their accounts, under whichever of their names: a link may remember an old one. */
export const protectedAccounts: Guard = ({ plan, rules, directory }) => {
  const names = new Set(rules.guards.protectedAccounts.map(foldName));
  const held = plan.operations.filter(
    (operation) =>
      operation.resource === 'account' &&
      (operation.kind === 'disable' || operation.kind === 'delete') &&
      foldedNames(operation.anchor, operation.label, directory.users.get(operation.anchor)).some((name) =>
        names.has(name),
      ),
  );
  if (held.length === 0) return [];
  return [
    {
      guard: 'protected-accounts',
      effect: 'hold',
      message: `${listed(held.map(({ kind, label }) => `${kind} ${label}`))}: protected by guards.protectedAccounts`,
      remedy: 'assign the user to the application again, or take the name out of guards.protectedAccounts.',
      operations: held.map(({ key }) => key),
      numbers: { held: held.length },
    },
  ];
};

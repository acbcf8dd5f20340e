import { foldedNames, foldName, listed } from '../reasons.ts';
import { isAccountRemoval } from '../operation.ts';
import type { Guard } from './facts.ts';

/** Whatever two users or two groups claim at once is held: whoever came second would get what the first one has. */
export const matchingCollision: Guard = ({ collisions }) =>
  collisions.map(({ text, remedy, operations }) => ({
    guard: 'matching-collision',
    effect: 'hold',
    message: text,
    remedy:
      remedy ??
      'make the matching attribute unique in the directory, or correct the account at the provider; the hold lifts by itself.',
    operations,
    numbers: { operations: operations.length },
  }));

/** Named users never lose their accounts, under whichever of their names: a link may remember an old one. */
export const protectedAccounts: Guard = ({ plan, rules, directory }) => {
  const names = new Set(rules.guards.protectedAccounts.map(foldName));
  const held = plan.operations.filter(
    (operation) =>
      isAccountRemoval(operation) &&
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

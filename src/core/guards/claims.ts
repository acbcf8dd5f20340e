import { foldedNames, foldName, listed } from '../reasons.ts';
import type { Anchor } from '../directory.ts';
import { isAccountRemoval } from '../operation.ts';
import type { Finding } from '../verdict.ts';
import type { Guard, GuardFacts } from './facts.ts';

/** Whatever two users or two groups claim at once is held: whoever came second would get what the first one has. */
export const matchingCollision: Guard = (facts) => [
  ...facts.collisions.map(({ text, operations }) => ({
    guard: 'matching-collision' as const,
    effect: 'hold' as const,
    message: text,
    remedy:
      'make the matching attribute unique in the directory, or correct the account at the provider; the hold lifts by itself.',
    operations,
    numbers: { operations: operations.length },
  })),
  ...keepGivenAway(facts),
];

/** A provider may give the id of an account to somebody else: a removal of whom it was linked for would be theirs. */
function keepGivenAway({ plan, rules, givenAway = new Map<Anchor, string>() }: GuardFacts): readonly Finding[] {
  return plan.operations.flatMap((operation): readonly Finding[] => {
    if (!isAccountRemoval(operation)) return [];
    const { kind, key, anchor, label, resourceId } = operation;
    const whose = givenAway.get(anchor);
    if (whose === undefined) return [];
    return [
      {
        guard: 'matching-collision',
        effect: 'hold',
        message: `${kind} ${label}: account ${resourceId} is not theirs any more; ${whose}`,
        remedy: `if it is theirs, give it back their userName or externalId at the provider, and the hold lifts by itself; if not, nothing of theirs is left there, and the link may be forgotten: headgate connection forget-vanished -c ${rules.name}`,
        operations: [key],
        numbers: { operations: 1 },
      },
    ];
  });
}

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

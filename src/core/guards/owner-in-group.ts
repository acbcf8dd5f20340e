import { isLive } from '../credential.ts';
import type { Anchor } from '../directory.ts';
import type { Link } from '../link.ts';
import { withoutDue } from '../migration/plan-guard.ts';
import type { Operation } from '../operation.ts';
import { listed } from '../reasons.ts';
import type { Finding } from '../verdict.ts';
import type { GuardFacts } from './facts.ts';
import { described, owns } from './token-owner.ts';

type Facts = Pick<GuardFacts, 'plan' | 'rules' | 'credentials' | 'links' | 'migration'>;

/**
 * Owners of tokens in use who would be taken out of a SCIM group. Nobody here knows which groups make somebody an administrator
 * at the provider, so it is a warning where tokens hang on people; in strict mode, where not knowing counts against it, it is held.
 */
export function ownersTakenOut(facts: Facts): readonly Finding[] {
  const { rules, credentials, links } = facts;
  const strict = rules.guards.tokenOwner === 'strict';
  const live = credentials.filter((one) => isLive(one) && (strict || one.ownerCoupled));
  if (live.length === 0) return [];
  const remembered = new Map(links.map((link) => [`${link.resource} ${link.anchor}`, link]));
  // What a migration takes away was surveyed and approved at its own gate.
  const found = withoutDue(facts).plan.operations.flatMap((operation) => {
    const out = takenOut(operation, remembered).map((anchor) => ({ anchor, label: nameOf(anchor, remembered) }));
    const owners = out.filter((member) => live.some((credential) => owns(credential, member)));
    return owners.length === 0 ? [] : [{ operation, owners }];
  });
  if (found.length === 0) return [];
  const owners = found.flatMap((one) => one.owners);
  const owned = live.filter((credential) => owners.some((member) => owns(credential, member)));
  const each = found.map(
    ({ operation, owners: out }) => `${listed(out.map(({ label }) => label))} out of group ${operation.label}`,
  );
  const rotate = new Set(owned.map(({ connection }) => `headgate token rotate -c ${connection}`));
  return [
    {
      guard: 'token-owner',
      effect: strict ? 'hold' : 'warn',
      message: `${listed(each)}: they own ${listed(owned.map(described))}, which would stop working where such a group makes them an administrator`,
      remedy: `where it does, replace the token under another owner and have the old one retired: ${[...rotate].join('; ')}. ${strict ? 'Then this hold lifts by itself.' : 'With guards.tokenOwner: strict such a change is held until then.'}`,
      operations: strict ? found.map(({ operation }) => operation.key) : [],
      numbers: { owners: new Set(owners.map(({ anchor }) => anchor)).size },
    },
  ];
}

function takenOut(operation: Operation, remembered: ReadonlyMap<string, Link>): readonly Anchor[] {
  if (operation.resource !== 'group') return [];
  if (operation.kind === 'members') return operation.remove.map(({ anchor }) => anchor);
  return operation.kind === 'delete' ? (remembered.get(`group ${operation.anchor}`)?.members ?? []) : [];
}

function nameOf(anchor: Anchor, remembered: ReadonlyMap<string, Link>): string {
  return remembered.get(`account ${anchor}`)?.label ?? anchor;
}

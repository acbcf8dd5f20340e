import type { ConnectionRules, RemovalLimit } from '../connection.ts';
import { GUARDS, type GuardName } from '../verdict.ts';

/** How a guard stands by configuration, so that none looks on while it is off. */
export interface GuardSetting {
  readonly guard: GuardName;
  readonly on: boolean;
  /** Its limits, or why it holds nothing. */
  readonly detail: string;
}

function words({ count, percent }: RemovalLimit): string {
  return `at most ${count} or ${percent} %`;
}

function detailOf(guard: GuardName, { guards }: Pick<ConnectionRules, 'guards'>): string {
  switch (guard) {
    case 'too-many-removals':
      return `${words(guards.tooManyRemovals)} of a kind within ${guards.tooManyRemovals.windowHours} hours`;
    case 'group-cliff':
      return `${words(guards.groupCliff)} of those one group alone lets in`;
    case 'protected-accounts':
      return guards.protectedAccounts.length === 0 ? 'nobody is named' : `${guards.protectedAccounts.length} named`;
    case 'token-owner':
      return guards.tokenOwner === 'strict' ? 'strict' : 'warns of unknown owners';
    case 'incomplete-read':
    case 'empty-directory':
    case 'native-job-active':
    case 'migration':
    case 'matching-collision':
    case 'non-empty-group-delete':
    case 'shared-account':
      return 'any';
    default:
      return guard satisfies never;
  }
}

/** Every guard of a connection with how it is set, in their order. */
export function guardSettings(rules: Pick<ConnectionRules, 'guards'>): readonly GuardSetting[] {
  return GUARDS.map((guard) => {
    const on = !rules.guards.off.some((name) => name === guard);
    return { guard, on, detail: on ? detailOf(guard, rules) : 'switched off by guards.off' };
  });
}

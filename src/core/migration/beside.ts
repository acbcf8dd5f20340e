import { RefusedError } from '../errors.ts';
import { listed } from '../reasons.ts';
import type { Refusal } from './permitted.ts';
import type { Survey } from './survey.ts';

/** The refusal of a migration beside an open one of another connection on the same application. */
export function openBeside(connection: string, other: string): RefusedError {
  return new RefusedError(
    'migration-open',
    `connection ${other} provisions from the same application as ${connection} and has an open migration: what one assigns or takes away, the other rests on`,
    {
      remedy: `let that one end first, or roll it back: headgate migration status ${other} (where it is configured; if it was renamed, put it back under that name first)`,
    },
  );
}

/** Why one that was aborted is not taken up again once another connection of its application has taken its groups out. */
export function overtakenBy(
  { connection, other }: { readonly connection: string; readonly other: string },
  groups: readonly string[],
  before: Pick<Survey, 'application'> | undefined,
): Refusal {
  const names = listed(groups);
  const application = before?.application.displayName ?? 'the application';
  return {
    message: `connection ${other} provisions from the same application and a migration of it has taken out ${names} since: a rollback would assign that again for ${other} as well, and withdraw direct assignments on which people rest there`,
    remedy: `Nothing was changed; everybody is assigned directly: leave that so. To have ${names} back all the same, assign it by hand (in Entra: Enterprise applications, ${application}, Users and groups), then: headgate connection resume -c ${connection}, where that is paused, and headgate cycle start -c ${connection} --full`,
  };
}

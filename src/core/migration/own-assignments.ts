import type { Anchor, Assignment, DirectorySnapshot } from '../directory.ts';
import { wayOf } from './seen-ways.ts';
import type { MigrationState } from './state.ts';
import type { Survey } from './survey.ts';

/** What somebody is let in by: the same user with another role is another thing. */
export function userAndRole(user: Anchor, roleId: string): string {
  return `${user} ${roleId}`;
}

/** Direct assignments of users that are there and that the migration has made, or may have made. */
export function ownAssignments(
  { made, before }: Pick<MigrationState, 'made' | 'before'>,
  assignments: readonly Assignment[],
): readonly Assignment[] {
  const groups = new Set(before?.groups.map(({ anchor }) => anchor));
  const ours = new Set(
    made.flatMap(({ change }) =>
      change?.kind === 'assign' && !groups.has(change.principal) ? [userAndRole(change.principal, change.roleId)] : [],
    ),
  );
  return assignments.filter(
    ({ principalKind, principal, roleId }) => principalKind === 'user' && ours.has(userAndRole(principal, roleId)),
  );
}

/** Key of the call that withdraws an assignment. */
export function withdrawKey({ id }: Pick<Assignment, 'id'>): string {
  return `withdraw ${id}`;
}

/** Those among them that were withdrawn and not given back, by which they may have their ids again: a replica shows them still. */
export function withdrawnAmong(
  state: Pick<MigrationState, 'carriedOut' | 'made' | 'inDoubt'>,
  assignments: readonly Assignment[],
): readonly Assignment[] {
  const withdrawn = state.carriedOut['withdraw-assignments'];
  const back = givenBack(state);
  return assignments.filter(
    ({ id, principal: user, roleId }) =>
      withdrawn?.has(withdrawKey({ id })) === true && !back.has(giveBackKey({ user, roleId })),
  );
}

/** A role of somebody. */
export interface UserRole {
  readonly user: Anchor;
  readonly roleId: string;
}

/** Key of the call that gives somebody a role directly again. */
export function giveBackKey({ user, roleId }: UserRole): string {
  return `give back ${userAndRole(user, roleId)}`;
}

/** Keys of those calls, as far as they were made or may have been: whoever got it back keeps it until a person has looked. */
export function givenBack({ made, inDoubt }: Pick<MigrationState, 'made' | 'inDoubt'>): ReadonlySet<string> {
  return new Set([...made, ...inDoubt].flatMap(({ key, change }) => (change?.kind === 'assign' ? [key] : [])));
}

/** Roles that were, or may have been, withdrawn from somebody who now has them neither directly nor by `given`. */
export function withdrawnInVain(
  { made, inDoubt }: Pick<MigrationState, 'made' | 'inDoubt'>,
  assignments: readonly Assignment[],
  given: GivenRoles,
): readonly UserRole[] {
  const has = new Set([...given.keys(), ...assignments.map(({ principal, roleId }) => userAndRole(principal, roleId))]);
  const withdrawn = [...made, ...inDoubt].flatMap(({ change, principal, roleId }): readonly UserRole[] =>
    change?.kind === 'unassign' && principal !== undefined && roleId !== undefined ? [{ user: principal, roleId }] : [],
  );
  const each = new Map(withdrawn.map((one) => [userAndRole(one.user, one.roleId), one]));
  return [...each].flatMap(([key, one]) => (has.has(key) ? [] : [one]));
}

/** Who gets which role from groups, as `userAndRole`, and by which ways, as `wayOf`. */
export type GivenRoles = ReadonlyMap<string, readonly string[]>;

/** Who gets which role from the groups that are assigned now. */
export function givenByGroups(
  assignments: readonly Assignment[],
  members: ReadonlyMap<Anchor, readonly Anchor[]>,
): GivenRoles {
  const given = new Map<string, string[]>();
  for (const { id, principal, roleId, created } of assignments) {
    for (const user of members.get(principal) ?? []) {
      const role = userAndRole(user, roleId);
      const ways = given.get(role) ?? [];
      given.set(role, ways);
      ways.push(wayOf(user, id, created));
    }
  }
  return given;
}

/** Names of the users of these assignments, each once: as the directory has them, else as the surveys had them. */
export function namesOf(
  assignments: readonly Assignment[],
  surveys: readonly (Pick<Survey, 'users'> | undefined)[],
  users?: DirectorySnapshot['users'],
): readonly string[] {
  const labels = new Map(surveys.flatMap((survey) => survey?.users.map(({ anchor, label }) => [anchor, label]) ?? []));
  const nameOf = (anchor: Anchor) => {
    const name = users?.get(anchor)?.attributes['userPrincipalName'];
    return typeof name === 'string' && name !== '' ? name : (labels.get(anchor) ?? anchor);
  };
  return [...new Set(assignments.map(({ principal }) => nameOf(principal)))].sort();
}

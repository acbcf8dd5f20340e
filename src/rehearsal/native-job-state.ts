import type { Anchor } from '../core/directory.ts';
import type { Link } from '../core/link.ts';
import type { NativeExecution } from '../core/migration/native-job.ts';
import type { ResourceId } from '../core/scim.ts';
import type { Organisation } from '../sandbox/organisation/organisation.ts';
import type { KnownGroup, KnownUser } from '../sandbox/tenant/provisioning/job-memory.ts';
import { jobScope, type JobScope } from '../sandbox/tenant/provisioning/job-scope.ts';
import type { JobSettings, TakenOverJob } from '../sandbox/tenant/provisioning/provisioning-jobs.ts';
import type { Execution } from '../sandbox/tenant/provisioning/shown-job.ts';
import type { CopiedState } from './copy-state.ts';

/** Entra's takes forty minutes, a rehearsal waits for six or eight of them. */
const EVERY_MS = 500;

/** What a job is believed to remember, by anchor. */
type Remembered = TakenOverJob['links'];

function executionOf({ id, state, began, ended, escrowed }: NativeExecution): Execution {
  return {
    activityIdentifier: id,
    state,
    timeBegan: new Date(began).toISOString(),
    timeEnded: new Date(ended).toISOString(),
    // Not read, and nothing depends on them.
    countExported: 0,
    countEntitled: 0,
    countEscrowed: escrowed,
  };
}

/**
 * Entra's links cannot be read, so the played job knows whom the survey matched, and believes of them what it would have
 * exported. Whom Headgate's rules reach and Entra's do not (members of groups that are no security groups), it never made.
 */
function rememberedUsers({ facts: { inventory, directory, links } }: CopiedState, scope: JobScope) {
  const activity = new Map(inventory.accounts.resources.map(({ id, active }) => [id, active]));
  const users = new Map<Anchor, KnownUser>();
  for (const { anchor, resourceId } of linksTo('account', links)) {
    const active = activity.get(resourceId);
    const isReached = scope.users.has(anchor);
    const isOursAlone = directory.users.get(anchor)?.enabled === true && !isReached;
    if (active !== undefined && !isOursAlone) users.set(anchor, { id: resourceId, active: active || isReached });
  }
  return users;
}

function rememberedGroups(
  { facts: { inventory, directory, links } }: CopiedState,
  scope: JobScope,
  users: ReadonlyMap<Anchor, KnownUser>,
) {
  const there = new Set<ResourceId>(inventory.groups.resources.map(({ id }) => id));
  const assigned = new Set(directory.assignments.map(({ principal }) => principal));
  const groups = new Map<Anchor, KnownGroup>();
  for (const { anchor, resourceId } of linksTo('group', links)) {
    const reached = scope.groups.get(anchor);
    const isOursAlone = reached === undefined && assigned.has(anchor);
    if (!there.has(resourceId) || isOursAlone) continue;
    const members = reached?.members.filter((member) => users.has(member)) ?? [];
    groups.set(anchor, { id: resourceId, members: new Set(members) });
  }
  return groups;
}

function linksTo(kind: Link['resource'], links: readonly Link[]): readonly Link[] {
  return links.filter(({ resource, state }) => resource === kind && state !== 'deleted');
}

/** The job of the copy: the real one as it was read, going on by a faster clock. Undefined where it was not read, or not one. */
export function nativeJobOf(
  copied: CopiedState,
  organisation: Organisation,
  target: NonNullable<JobSettings['target']>,
): JobSettings | undefined {
  const { job, application } = copied.survey;
  if (job === undefined) return undefined;
  const { id, last, lastSuccessful, deleteThreshold } = job;
  const scope = jobScope(organisation, application.id, organisation.version());
  const users = rememberedUsers(copied, scope);
  const links: Remembered = { users, groups: rememberedGroups(copied, scope, users) };
  return {
    target,
    everyMilliseconds: EVERY_MS,
    ...(deleteThreshold === undefined ? {} : { deleteThreshold }),
    takenOver: {
      id,
      links,
      ...(last === undefined ? {} : { lastExecution: executionOf(last) }),
      ...(lastSuccessful === undefined ? {} : { lastSuccessful: executionOf(lastSuccessful) }),
    },
  };
}

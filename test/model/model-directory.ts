import type { Anchor, Assignment, GroupMembership, ReadGap, Watermark } from '../../src/core/directory.ts';
import { IncompleteReadError, NotFoundError, ThrottledError, TransientError } from '../../src/core/errors.ts';
import type { DirectorySource } from '../../src/ports/directory-source.ts';
import { aGroup, assignGroup, assignUser } from '../builders.ts';
import type { FaultBoard } from './faults.ts';
import { mergeChanges, type Organisation } from './organisation.ts';

/** Lines of the log an answer may hold back, or tell again. */
const FEW = 3;

/** The directory over an organisation in memory, with what goes wrong in reading one. */
export function modelDirectory(
  organisation: Organisation,
  faults: FaultBoard,
  /** Between the reads of two groups. */
  moment: () => void,
): DirectorySource {
  const trouble = () => {
    const kind = faults.strike('directory');
    if (kind === 'throttled') throw new ThrottledError('the directory asks for a pause', 1000);
    if (kind === 'unavailable') throw new TransientError('the directory answers 503');
    if (kind === 'incomplete') throw new IncompleteReadError('a page of the directory failed');
  };
  const watermark = (line: number): Watermark => ({ users: `${line}`, groups: `${line}`, selection: 's', takenAt: 0 });
  const pick = <T>(ids: readonly Anchor[], find: (id: Anchor) => T | undefined): ReadonlyMap<Anchor, T> => {
    const found = ids.flatMap((id): (readonly [Anchor, T])[] => {
      const value = find(id);
      return value === undefined ? [] : [[id, value]];
    });
    return new Map(found);
  };

  return {
    async readApplication(appId) {
      trouble();
      return { id: 'sp', appId, displayName: 'Acme', roles: [] };
    },
    async readAssignments() {
      trouble();
      const all = organisation.assignments().map((id): Assignment => {
        return organisation.teams.has(id) ? assignGroup(id) : assignUser(id);
      });
      if (faults.strike('assignments') === undefined) return { value: all, gaps: [] };
      return { value: all.slice(1), gaps: [{ what: 'assignments', expected: all.length, found: all.length - 1 }] };
    },
    async readMemberships(ids) {
      trouble();
      const kind = faults.strike('memberships');
      const value = new Map<Anchor, GroupMembership>();
      const gaps: ReadGap[] = [];
      for (const [index, group] of ids.entries()) {
        if (index === 0 && kind === 'left-out') continue;
        if (index > 0) moment();
        const users = organisation.membersOf(group);
        const short = index === 0 && kind === 'gap';
        if (short) gaps.push({ what: `members of group ${group}`, expected: users.length + 1, found: 0 });
        value.set(group, { group, users: short ? [] : users, nestedGroups: [], others: 0 });
      }
      if (kind === 'left-out' && ids.length > 0) gaps.push({ what: `members of group ${ids[0] ?? ''}` });
      return { value, gaps };
    },
    async readGroups(ids) {
      trouble();
      return pick(ids, (id) => {
        const team = organisation.teams.get(id);
        return team === undefined || team.gone ? undefined : aGroup(id, team.name);
      });
    },
    async readUsers(ids) {
      trouble();
      return pick(ids, (id) => organisation.present(id));
    },
    async locateUsers(ids) {
      trouble();
      return pick(ids, (id) => {
        const person = organisation.people.get(id);
        if (person === undefined || person.life === 'absent') return 'absent' as const;
        if (person.life === 'soft-deleted') return person.life;
        return person.user.enabled ? ('present' as const) : ('disabled' as const);
      });
    },
    findUser: async (id) => organisation.present(id),
    findGroups: async () => [],
    async readGroupsOfUser(user) {
      trouble();
      if (organisation.present(user) === undefined) throw new NotFoundError('no such user', { status: 404 });
      return organisation.groupsOf(user);
    },
    async startWatermark() {
      trouble();
      return watermark(organisation.log.length);
    },
    async readChanges(since) {
      trouble();
      const kind = faults.strike('changes');
      if (kind === 'expired') return 'expired';
      const from = Number(since.users);
      const to = kind === 'behind' ? Math.max(from, organisation.log.length - FEW) : organisation.log.length;
      const told = organisation.log.slice(kind === 'replayed' ? Math.max(0, from - FEW) : from, to);
      return { watermark: watermark(to), ...mergeChanges(told) };
    },
    readNativeJobs: async () => ({ known: true, active: [] }),
    readProvisioningJobs: async () => [],
    show: (change) => ({ to: 'directory', method: 'POST', path: `/${change.kind}` }),
    check: async () => [],
    close: async () => undefined,
  };
}

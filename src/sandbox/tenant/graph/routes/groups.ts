import type { MemberKind, TenantGroup } from '../../../organisation/model.ts';
import type { Organisation } from '../../../organisation/organisation.ts';
import type { Member } from '../../../organisation/store.ts';
import type { Slice } from '../../../organisation/versioned.ts';
import { allowed, READ_GROUPS, type GraphAnswer, type GraphCall, type Route } from '../call.ts';
import { checkFilter, passes } from '../filter.ts';
import { contextShape, pageAnswer, sliceOf } from '../paging.ts';
import { checkSelect, project, projectObject, shownGroup, shownMember, type Shown } from '../projection.ts';
import { notFound, requestDenied, requireGuid, unsupportedQuery } from '../refusal.ts';
import { countAnswer, countOf } from './counting.ts';

function requireGroup(call: GraphCall): TenantGroup {
  const key = call.keys['group'] ?? '';
  const group = call.organisation.groups.get(requireGuid(key), call.at);
  if (group === undefined) throw notFound(key);
  return group;
}

function listGroups(call: GraphCall): GraphAnswer {
  const { filter, select } = call.options;
  checkSelect(select, ['group']);
  if (filter !== undefined) checkFilter(filter, 'group');
  const { groups } = call.organisation;
  const keep = (group: TenantGroup): boolean => filter === undefined || passes(filter, shownGroup(group).properties);
  return pageAnswer(call, {
    context: `groups${contextShape(call)}`,
    read: (after, limit) => groups.after(after, limit, call.at, keep),
    show: (group) => project(shownGroup(group), select),
    count: () => countOf(call, groups, keep),
  });
}

function getGroup(call: GraphCall): GraphAnswer {
  checkSelect(call.options.select, ['group']);
  const group = requireGroup(call);
  const context = `${call.request.base}/$metadata#groups${contextShape(call)}/$entity`;
  return { status: 200, body: { '@odata.context': context, ...project(shownGroup(group), call.options.select) } };
}

/** The group of a membership read; a hidden membership needs a permission of its own. */
function requireMembershipOf(call: GraphCall): string {
  const group = requireGroup(call);
  const hidden = group.properties['visibility'] === 'HiddenMembership';
  if (hidden && !allowed(call.request.caller, ['Member.Read.Hidden'])) throw requestDenied();
  return group.id;
}

/** Everybody below a group, each once, however the nesting loops; the group itself is not its own member. */
function membersBelow(organisation: Organisation, group: string, at: number): Member[] {
  const seen = new Map<string, Member>();
  const open = [group];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const member of organisation.members(next).values(at)) {
      if (seen.has(member.id) || member.id === group) continue;
      seen.set(member.id, member);
      if (member.kind === 'group') open.push(member.id);
    }
  }
  return [...seen.values()];
}

/** The last transitive membership computed: a paged read asks for the same one again and again. */
const lastBelow = new WeakMap<Organisation, { readonly key: string; readonly members: readonly Member[] }>();

function transitiveMembers(
  organisation: Organisation,
  group: string,
  at: number,
  keep: (member: Member) => boolean,
  kind: MemberKind | undefined,
): readonly Member[] {
  const key = `${group}@${at}/${kind ?? ''}`;
  const last = lastBelow.get(organisation);
  if (last?.key === key) return last.members;
  const members = membersBelow(organisation, group, at).filter(keep);
  lastBelow.set(organisation, { key, members });
  return members;
}

interface Memberships {
  readonly read: (at: number, after: number, limit: number) => Slice<Member>;
  /** As the index sees it. */
  readonly count: () => number;
}

function memberships(call: GraphCall, transitive: boolean, kind: MemberKind | undefined): Memberships {
  const group = requireMembershipOf(call);
  const { organisation } = call;
  const keep = (member: Member): boolean => kind === undefined || member.kind === kind;
  if (transitive) {
    const all = (at: number): readonly Member[] => transitiveMembers(organisation, group, at, keep, kind);
    return { read: (at, after, limit) => sliceOf(all(at), after, limit), count: () => all(call.indexAt).length };
  }
  const members = organisation.members(group);
  return {
    read: (at, after, limit) => members.after(after, limit, at, keep),
    count: () => countOf(call, members, kind === undefined ? undefined : keep),
  };
}

function requireShown(call: GraphCall, member: Member, at: number): Shown {
  const shown = shownMember(call, member, at);
  if (shown === undefined) throw notFound(member.id);
  return shown;
}

function listMembers(call: GraphCall, transitive: boolean): GraphAnswer {
  const { select } = call.options;
  checkSelect(select, ['user', 'group', 'servicePrincipal'], 'directoryObject');
  const members = memberships(call, transitive, undefined);
  return pageAnswer(call, {
    context: 'directoryObjects',
    read: (after, limit) => members.read(call.at, after, limit),
    show: (member) => projectObject(call, requireShown(call, member, call.at), select),
    count: () => members.count(),
  });
}

/**
 * `…/microsoft.graph.user`: a cast is an advanced query, so it needs `ConsistencyLevel: eventual` and `$count=true`
 * and is served from the index.
 */
function listCast(call: GraphCall, transitive: boolean, kind: 'user' | 'group'): GraphAnswer {
  if (!call.eventual || !call.options.count) throw unsupportedQuery();
  const { select } = call.options;
  checkSelect(select, [kind]);
  const members = memberships(call, transitive, kind);
  return pageAnswer(call, {
    context: `${kind}s${contextShape(call)}`,
    read: (after, limit) => members.read(call.indexAt, after, limit),
    show: (member) => project(requireShown(call, member, call.indexAt), select),
    count: () => members.count(),
  });
}

const COLLECTION = ['select', 'top', 'count', 'skiptoken'];

function membershipRoutes(segment: string, transitive: boolean, cost: number): Route[] {
  const path = `groups/{group}/${segment}`;
  const shared = { method: 'GET', permissions: READ_GROUPS, cost } as const;
  const casts = (['user', 'group'] as const).flatMap((kind): Route[] => [
    {
      ...shared,
      path: `${path}/microsoft.graph.${kind}`,
      options: COLLECTION,
      answer: (call) => listCast(call, transitive, kind),
    },
    {
      ...shared,
      path: `${path}/microsoft.graph.${kind}/$count`,
      options: [],
      answer: (call) => countAnswer(call, () => memberships(call, transitive, kind).count()),
    },
  ]);
  return [
    { ...shared, path, options: COLLECTION, answer: (call) => listMembers(call, transitive) },
    {
      ...shared,
      path: `${path}/$count`,
      options: [],
      answer: (call) => countAnswer(call, () => memberships(call, transitive, undefined).count()),
    },
    ...casts,
  ];
}

export const GROUP_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: 'groups',
    permissions: READ_GROUPS,
    options: [...COLLECTION, 'filter'],
    cost: 2,
    answer: listGroups,
  },
  {
    method: 'GET',
    path: 'groups/$count',
    permissions: READ_GROUPS,
    options: [],
    cost: 1,
    answer: (call) => countAnswer(call, () => call.organisation.groups.size(call.indexAt)),
  },
  { method: 'GET', path: 'groups/{group}', permissions: READ_GROUPS, options: ['select'], cost: 1, answer: getGroup },
  ...membershipRoutes('members', false, 3),
  ...membershipRoutes('transitiveMembers', true, 5),
];

import type { JsonObject } from '../../../../core/scim.ts';
import type { TenantUser } from '../../../organisation/model.ts';
import type { Slice } from '../../../organisation/versioned.ts';
import { READ_GROUPS, READ_USERS, type GraphAnswer, type GraphCall, type Route } from '../call.ts';
import { checkFilter, equalsOnly, passes, type Filter } from '../filter.ts';
import { contextShape, pageAnswer, sliceOf } from '../paging.ts';
import { checkSelect, project, projectObject, shownGroup, shownUser } from '../projection.ts';
import { badRequest, isGuid, notFound, requireGuid, unsupportedQuery } from '../refusal.ts';
import { countAnswer, countOf } from './counting.ts';

function requireExpand(call: GraphCall): void {
  for (const { property, select } of call.options.expand) {
    if (property !== 'manager') {
      throw badRequest(
        `Parsing OData Select and Expand failed: Could not find a property named '${property}' on type 'microsoft.graph.user'.`,
      );
    }
    checkSelect(select, ['user', 'group'], 'directoryObject');
  }
}

function userAnswer(call: GraphCall, user: TenantUser): JsonObject {
  const answer = project(shownUser(user), call.options.select);
  for (const { select } of call.options.expand) {
    // A user without a manager, or whose manager is deleted, has no such member at all.
    const manager = user.managerId === null ? undefined : call.organisation.users.get(user.managerId, call.at);
    if (manager !== undefined) answer['manager'] = projectObject(call, shownUser(manager), select);
  }
  return answer;
}

/** A user by object id or userPrincipalName, as the path gives it. */
export function requireUser(call: GraphCall): TenantUser {
  const key = call.keys['user'] ?? '';
  const { organisation, at } = call;
  const user = isGuid(key) ? organisation.users.get(key.toLowerCase(), at) : organisation.userByName(key, at);
  if (user === undefined) throw notFound(key);
  return user;
}

function filtered(call: GraphCall, filter: Filter, after: number, limit: number): Slice<TenantUser> {
  const { organisation, at } = call;
  const ids = equalsOnly(filter, 'id');
  const found = (ids ?? equalsOnly(filter, 'userPrincipalName'))?.flatMap((key) => {
    const user = ids === undefined ? organisation.userByName(key, at) : organisation.users.get(requireGuid(key), at);
    return user === undefined ? [] : [user];
  });
  if (found !== undefined) return sliceOf([...new Set(found)], after, limit);
  return organisation.users.after(after, limit, at, (user) => passes(filter, shownUser(user).properties));
}

function listUsers(call: GraphCall): GraphAnswer {
  const { filter, select } = call.options;
  checkSelect(select, ['user']);
  requireExpand(call);
  if (filter !== undefined) checkFilter(filter, 'user');
  const { users } = call.organisation;
  return pageAnswer(call, {
    context: `users${contextShape(call)}`,
    read: (after, limit) =>
      filter === undefined ? users.after(after, limit, call.at) : filtered(call, filter, after, limit),
    show: (user) => userAnswer(call, user),
    count: () => countOf(call, users, (user) => filter === undefined || passes(filter, shownUser(user).properties)),
  });
}

function getUser(call: GraphCall): GraphAnswer {
  checkSelect(call.options.select, ['user']);
  requireExpand(call);
  const user = requireUser(call);
  const context = `${call.request.base}/$metadata#users${contextShape(call)}/$entity`;
  return { status: 200, body: { '@odata.context': context, ...userAnswer(call, user) } };
}

function getManager(call: GraphCall): GraphAnswer {
  checkSelect(call.options.select, ['user', 'group'], 'directoryObject');
  const { managerId } = requireUser(call);
  const manager = managerId === null ? undefined : call.organisation.users.get(managerId, call.at);
  if (manager === undefined) throw notFound('manager');
  const context = `${call.request.base}/$metadata#directoryObjects/$entity`;
  const shown = projectObject(call, shownUser(manager), call.options.select);
  return { status: 200, body: { '@odata.context': context, ...shown } };
}

/** Groups a user is a direct member of; with the cast only groups, as the ones an object can be a member of here. */
function listMemberOf(call: GraphCall, cast: boolean): GraphAnswer {
  if (cast && !(call.eventual && (call.options.count || call.keys['count'] !== undefined))) throw unsupportedQuery();
  checkSelect(call.options.select, ['group'], cast ? 'group' : 'directoryObject');
  const { organisation, at } = call;
  const { id } = requireUser(call);
  const ids = organisation.groupsOf(id, at);
  return pageAnswer(call, {
    context: cast ? `groups${contextShape(call)}` : 'directoryObjects',
    read: (after, limit) => sliceOf(ids, after, limit),
    show(group) {
      const found = organisation.groups.get(group, at);
      if (found === undefined) throw notFound(group);
      const shown = shownGroup(found);
      return cast ? project(shown, call.options.select) : projectObject(call, shown, call.options.select);
    },
    count: () => organisation.groupsOf(id, call.indexAt).length,
  });
}

const COLLECTION = ['select', 'top', 'count', 'skiptoken'];

export const USER_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: 'users',
    permissions: READ_USERS,
    options: [...COLLECTION, 'filter', 'expand'],
    cost: 2,
    answer: listUsers,
  },
  {
    method: 'GET',
    path: 'users/$count',
    permissions: READ_USERS,
    options: [],
    cost: 1,
    answer: (call) => countAnswer(call, () => call.organisation.users.size(call.indexAt)),
  },
  {
    method: 'GET',
    path: 'users/{user}',
    permissions: READ_USERS,
    options: ['select', 'expand'],
    cost: 1,
    answer: getUser,
  },
  {
    method: 'GET',
    path: 'users/{user}/manager',
    permissions: READ_USERS,
    options: ['select'],
    cost: 1,
    answer: getManager,
  },
  {
    method: 'GET',
    path: 'users/{user}/memberOf',
    permissions: [...READ_USERS, ...READ_GROUPS],
    options: COLLECTION,
    cost: 2,
    answer: (call) => listMemberOf(call, false),
  },
  {
    method: 'GET',
    path: 'users/{user}/memberOf/microsoft.graph.group',
    permissions: [...READ_USERS, ...READ_GROUPS],
    options: COLLECTION,
    cost: 2,
    answer: (call) => listMemberOf(call, true),
  },
];

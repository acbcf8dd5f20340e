import { READ_USERS, type GraphAnswer, type GraphCall, type Route } from '../call.ts';
import { contextShape, pageAnswer } from '../paging.ts';
import { checkSelect, project, projectObject, shownUser } from '../projection.ts';
import { notFound, requireGuid } from '../refusal.ts';
import { countOf } from './counting.ts';

function listDeletedUsers(call: GraphCall): GraphAnswer {
  const { select } = call.options;
  checkSelect(select, ['user']);
  const { deletedUsers } = call.organisation;
  return pageAnswer(call, {
    context: `users${contextShape(call)}`,
    read: (after, limit) => deletedUsers.after(after, limit, call.at),
    show: (deleted) => project(shownUser(deleted.user, deleted.deletedDateTime), select),
    count: () => countOf(call, deletedUsers),
  });
}

function getDeletedUser(call: GraphCall, cast: boolean): GraphAnswer {
  const { select } = call.options;
  checkSelect(select, ['user'], cast ? 'user' : 'directoryObject');
  const key = call.keys['object'] ?? '';
  const deleted = call.organisation.deletedUsers.get(requireGuid(key), call.at);
  if (deleted === undefined) throw notFound(key);
  const shown = shownUser(deleted.user, deleted.deletedDateTime);
  const context = `${call.request.base}/$metadata#${cast ? `users${contextShape(call)}` : 'directoryObjects'}/$entity`;
  const answer = cast ? project(shown, select) : projectObject(call, shown, select);
  return { status: 200, body: { '@odata.context': context, ...answer } };
}

export const DELETED_USER_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: 'directory/deletedItems/microsoft.graph.user',
    permissions: READ_USERS,
    options: ['select', 'top', 'count', 'skiptoken'],
    cost: 1,
    answer: listDeletedUsers,
  },
  {
    method: 'GET',
    path: 'directory/deletedItems/microsoft.graph.user/{object}',
    permissions: READ_USERS,
    options: ['select'],
    cost: 1,
    answer: (call) => getDeletedUser(call, true),
  },
  {
    method: 'GET',
    path: 'directory/deletedItems/{object}',
    permissions: READ_USERS,
    options: ['select'],
    cost: 1,
    answer: (call) => getDeletedUser(call, false),
  },
];

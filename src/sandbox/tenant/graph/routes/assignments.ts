import { ConflictError, NotFoundError, RejectedError } from '../../../../core/errors.ts';
import type { Json, JsonObject } from '../../../../core/scim.ts';
import { DEFAULT_ROLE, type AppRoleAssignment, type ServicePrincipal } from '../../../organisation/model.ts';
import { allowed, READ_APPLICATIONS, type GraphAnswer, type GraphCall, type Route } from '../call.ts';
import { contextShape, pageAnswer, sliceOf } from '../paging.ts';
import { checkSelect, project, shownAssignment } from '../projection.ts';
import { badRequest, directoryRefusal, isGuid, notFound, requestDenied, requireGuid } from '../refusal.ts';
import { requireServicePrincipal } from './service-principals.ts';

const WRITE_ASSIGNMENTS = ['AppRoleAssignment.ReadWrite.All'];
const READ_ASSIGNMENTS = [...WRITE_ASSIGNMENTS, 'Directory.Read.All', 'Directory.ReadWrite.All'];

/** "A user, group, or service principal can have a maximum of 1,500 app role assignments" (Entra service limits). */
const MOST_ASSIGNMENTS = 1500;

function isObject(body: Json | undefined): body is JsonObject {
  return typeof body === 'object' && body !== null && !Array.isArray(body);
}

const SETTABLE = ['principalId', 'resourceId', 'appRoleId'] as const;

/** The three ids of a new assignment. Anything else in the body is refused by the OData parser. */
function readBody(body: Json | undefined): Readonly<Record<(typeof SETTABLE)[number], string>> {
  if (!isObject(body)) throw badRequest('Empty Payload. JSON content expected.');
  const strange = Object.keys(body).find(
    (name) => !name.startsWith('@odata.') && !SETTABLE.some((known) => known === name),
  );
  if (strange !== undefined) throw directoryRefusal(`Property '${strange}' is read-only and cannot be set.`);
  const text = (name: string): string => {
    const value = body[name];
    if (typeof value !== 'string' || !isGuid(value)) {
      throw badRequest(`Cannot convert the literal of '${name}' to the expected type 'Edm.Guid'.`);
    }
    return value.toLowerCase();
  };
  return { principalId: text('principalId'), resourceId: text('resourceId'), appRoleId: text('appRoleId') };
}

function requirePrincipal({ organisation }: GraphCall, id: string): void {
  const at = organisation.version();
  const found = organisation.users.get(id, at) ?? organisation.groups.get(id, at);
  if (found !== undefined) {
    if (organisation.groups.get(id, at)?.properties['securityEnabled'] === false)
      throw directoryRefusal('Only security-enabled groups can be assigned to an application role.');
    return;
  }
  if (organisation.servicePrincipals.get(id, at) === undefined) throw notFound(id);
}

function requireRole(resource: ServicePrincipal, role: string): void {
  const known =
    resource.appRoles.length === 0 ? role === DEFAULT_ROLE : resource.appRoles.some(({ id }) => id === role);
  if (!known) throw directoryRefusal(`Permission being assigned was not found on application '${resource.appId}'.`);
}

function heldBy(call: GraphCall, principal: string, at: number): readonly AppRoleAssignment[] {
  const { organisation } = call;
  return [...organisation.servicePrincipals.values(at)].flatMap(({ id }) =>
    [...organisation.assignments(id).values(at)].filter(({ principalId }) => principalId === principal),
  );
}

/** Assigns a principal. Writes see the truth, whatever replica reads are served from. */
function grant(call: GraphCall, given: ReturnType<typeof readBody>): GraphAnswer {
  const { organisation, request } = call;
  // POST needs both: the one to write, the other to see the application (Learn: serviceprincipal-post-approleassignedto).
  if (!allowed(request.caller, READ_APPLICATIONS)) throw requestDenied();
  const now = organisation.version();
  const resource = organisation.servicePrincipals.get(given.resourceId, now);
  if (resource === undefined) throw notFound(given.resourceId);
  requirePrincipal(call, given.principalId);
  requireRole(resource, given.appRoleId);
  if (heldBy(call, given.principalId, now).length >= MOST_ASSIGNMENTS)
    throw directoryRefusal('The maximum number of app role assignments for this principal has been reached.');
  try {
    const made = organisation.assign({
      principal: given.principalId,
      application: resource.id,
      role: given.appRoleId,
    });
    const shown = shownAssignment({ ...call, at: organisation.version() }, made);
    const location = `${request.base}/servicePrincipals/${resource.id}/appRoleAssignedTo/${made.id}`;
    const context = `${request.base}/$metadata#appRoleAssignments/$entity`;
    return { status: 201, headers: { location }, body: { '@odata.context': context, ...project(shown, undefined) } };
  } catch (error) {
    if (error instanceof ConflictError)
      throw directoryRefusal('Permission being assigned already exists on the object');
    if (error instanceof NotFoundError || error instanceof RejectedError) throw notFound(given.principalId);
    throw error;
  }
}

function grantOnApplication(call: GraphCall): GraphAnswer {
  const { id } = requireServicePrincipal(call, call.organisation.version());
  const given = readBody(call.request.body);
  if (given.resourceId !== id)
    throw directoryRefusal('The resourceId does not match the service principal of the URL.');
  return grant(call, given);
}

function grantToPrincipal(kind: 'user' | 'group') {
  return (call: GraphCall): GraphAnswer => {
    const principal = requirePrincipalOfPath(call, kind, call.organisation.version());
    const given = readBody(call.request.body);
    if (given.principalId !== principal)
      throw directoryRefusal('The principalId does not match the object of the URL.');
    return grant(call, given);
  };
}

function requirePrincipalOfPath(call: GraphCall, kind: 'user' | 'group', at: number): string {
  const key = call.keys[kind] ?? '';
  const { users, groups } = call.organisation;
  const found =
    kind === 'user'
      ? (users.get(key.toLowerCase(), at) ?? call.organisation.userByName(key, at))
      : groups.get(requireGuid(key), at);
  if (found === undefined) throw notFound(key);
  return found.id;
}

/** 204 for what is there, 404 for what is not: a second removal of the same assignment is refused. */
function revoke(call: GraphCall, resource: string | undefined, principal: string | undefined): GraphAnswer {
  const { organisation } = call;
  const key = call.keys['assignment'] ?? '';
  const at = organisation.version();
  const resources =
    resource === undefined ? [...organisation.servicePrincipals.values(at)].map(({ id }) => id) : [resource];
  for (const id of resources) {
    const found = organisation.assignments(id).get(key, at);
    if (found === undefined || (principal !== undefined && found.principalId !== principal)) continue;
    organisation.revokeAssignment(id, key);
    return { status: 204 };
  }
  throw notFound(key);
}

function listHeld(kind: 'user' | 'group') {
  return (call: GraphCall): GraphAnswer => {
    checkSelect(call.options.select, ['appRoleAssignment']);
    const held = heldBy(call, requirePrincipalOfPath(call, kind, call.at), call.at);
    return pageAnswer(call, {
      context: `appRoleAssignments${contextShape(call)}`,
      read: (after, limit) => sliceOf(held, after, limit),
      show: (assignment) => project(shownAssignment(call, assignment), call.options.select),
      count: () => held.length,
    });
  };
}

function principalRoutes(kind: 'user' | 'group'): readonly Route[] {
  const path = `${kind}s/{${kind}}/appRoleAssignments`;
  return [
    {
      method: 'POST',
      path,
      permissions: WRITE_ASSIGNMENTS,
      options: [],
      cost: 1,
      answer: grantToPrincipal(kind),
    },
    {
      method: 'DELETE',
      path: `${path}/{assignment}`,
      permissions: WRITE_ASSIGNMENTS,
      options: [],
      cost: 1,
      answer: (call) => revoke(call, undefined, requirePrincipalOfPath(call, kind, call.organisation.version())),
    },
  ];
}

function listRoute(kind: 'user' | 'group'): Route {
  return {
    method: 'GET',
    path: `${kind}s/{${kind}}/appRoleAssignments`,
    permissions: READ_ASSIGNMENTS,
    options: ['select', 'top', 'count', 'skiptoken'],
    cost: 1,
    answer: listHeld(kind),
  };
}

/** Reading assignments from the principal's side. */
export const HELD_ASSIGNMENT_ROUTES: readonly Route[] = [listRoute('user'), listRoute('group')];

/** Granting and revoking app roles, from the application's side and from the principal's. */
export const ASSIGNMENT_WRITE_ROUTES: readonly Route[] = [
  {
    method: 'POST',
    path: 'servicePrincipals/{servicePrincipal}/appRoleAssignedTo',
    permissions: WRITE_ASSIGNMENTS,
    options: [],
    cost: 1,
    answer: grantOnApplication,
  },
  {
    method: 'DELETE',
    path: 'servicePrincipals/{servicePrincipal}/appRoleAssignedTo/{assignment}',
    permissions: WRITE_ASSIGNMENTS,
    options: [],
    cost: 1,
    answer: (call) => revoke(call, requireServicePrincipal(call, call.organisation.version()).id, undefined),
  },
  ...principalRoutes('user'),
  ...principalRoutes('group'),
];

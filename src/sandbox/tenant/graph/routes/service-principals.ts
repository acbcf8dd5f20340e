import type { ServicePrincipal } from '../../../organisation/model.ts';
import { READ_APPLICATIONS, type GraphAnswer, type GraphCall, type Route } from '../call.ts';
import { checkFilter, passes } from '../filter.ts';
import { contextShape, pageAnswer } from '../paging.ts';
import { checkSelect, project, shownAssignment, shownServicePrincipal } from '../projection.ts';
import { notFound, requireGuid } from '../refusal.ts';
import { countOf } from './counting.ts';

/** By object id, or by the alternate key `(appId='…')`. */
export function requireServicePrincipal(call: GraphCall, at = call.at): ServicePrincipal {
  const { servicePrincipals } = call.organisation;
  const key = call.keys['servicePrincipal'] ?? '';
  const appId = call.keys['servicePrincipal.appId'];
  const found =
    appId === undefined
      ? servicePrincipals.get(requireGuid(key), at)
      : servicePrincipals.after(0, 1, at, (principal) => principal.appId === requireGuid(appId)).values[0];
  if (found === undefined) throw notFound(appId ?? key);
  return found;
}

function listServicePrincipals(call: GraphCall): GraphAnswer {
  const { filter, select } = call.options;
  checkSelect(select, ['servicePrincipal']);
  if (filter !== undefined) checkFilter(filter, 'servicePrincipal');
  const { servicePrincipals, tenantId } = call.organisation;
  const keep = (principal: ServicePrincipal): boolean =>
    filter === undefined || passes(filter, shownServicePrincipal(principal, tenantId).properties);
  return pageAnswer(call, {
    context: `servicePrincipals${contextShape(call)}`,
    read: (after, limit) => servicePrincipals.after(after, limit, call.at, keep),
    show: (principal) => project(shownServicePrincipal(principal, tenantId), select),
    count: () => countOf(call, servicePrincipals, keep),
  });
}

function getServicePrincipal(call: GraphCall): GraphAnswer {
  checkSelect(call.options.select, ['servicePrincipal']);
  const shown = shownServicePrincipal(requireServicePrincipal(call), call.organisation.tenantId);
  const context = `${call.request.base}/$metadata#servicePrincipals${contextShape(call)}/$entity`;
  return { status: 200, body: { '@odata.context': context, ...project(shown, call.options.select) } };
}

/** Who is assigned to the application. There is no delta for it, and it lags behind grants and removals. */
function listAssignments(call: GraphCall): GraphAnswer {
  const { filter, select } = call.options;
  checkSelect(select, ['appRoleAssignment']);
  if (filter !== undefined) checkFilter(filter, 'appRoleAssignment');
  const assignments = call.organisation.assignments(requireServicePrincipal(call).id);
  return pageAnswer(call, {
    context: `appRoleAssignments${contextShape(call)}`,
    read: (after, limit) =>
      assignments.after(after, limit, call.at, (assignment) =>
        filter === undefined ? true : passes(filter, shownAssignment(call, assignment).properties),
      ),
    show: (assignment) => project(shownAssignment(call, assignment), select),
    count: () => countOf(call, assignments),
  });
}

const COLLECTION = ['select', 'top', 'count', 'skiptoken', 'filter'];

export const SERVICE_PRINCIPAL_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: 'servicePrincipals',
    permissions: READ_APPLICATIONS,
    options: COLLECTION,
    cost: 1,
    answer: listServicePrincipals,
  },
  {
    method: 'GET',
    path: 'servicePrincipals/{servicePrincipal}',
    permissions: READ_APPLICATIONS,
    options: ['select'],
    cost: 1,
    answer: getServicePrincipal,
  },
  {
    method: 'GET',
    path: 'servicePrincipals/{servicePrincipal}/appRoleAssignedTo',
    permissions: READ_APPLICATIONS,
    options: COLLECTION,
    cost: 1,
    answer: listAssignments,
  },
];

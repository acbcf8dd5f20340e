import { READ_SYNCHRONIZATION, type GraphAnswer, type GraphCall, type Route } from '../call.ts';
import { notFound, requireGuid, unknownSegment } from '../refusal.ts';

/** Entra's own provisioning jobs of an application. There is no alternate key here: only the object id leads to them. */
function listJobs(call: GraphCall): GraphAnswer {
  const key = call.keys['servicePrincipal'];
  if (key === undefined) throw unknownSegment('synchronization');
  const principal = call.organisation.servicePrincipals.get(requireGuid(key), call.at);
  if (principal === undefined) throw notFound(key);
  const context = `${call.request.base}/$metadata#servicePrincipals('${principal.id}')/synchronization/jobs`;
  return { status: 200, body: { '@odata.context': context, value: [...call.provisioningJobs.of(principal.id)] } };
}

export const PROVISIONING_JOB_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: 'servicePrincipals/{servicePrincipal}/synchronization/jobs',
    permissions: READ_SYNCHRONIZATION,
    options: [],
    cost: 1,
    answer: listJobs,
  },
];

import { STATUS_CODES } from 'node:http';
import type { Json, JsonObject } from '../../../../core/scim.ts';
import type { ServicePrincipal } from '../../../organisation/model.ts';
import { RESET_SCOPES, type ResetScope } from '../../provisioning/job-memory.ts';
import type { TargetTest } from '../../provisioning/scim-target.ts';
import { READ_SYNCHRONIZATION, WRITE_SYNCHRONIZATION, type GraphAnswer, type GraphCall, type Route } from '../call.ts';
import { badRequest, GraphRefusal, notFound, requireGuid, unknownSegment } from '../refusal.ts';

/** There is no alternate key here: only the object id leads to the jobs. */
function requirePrincipal(call: GraphCall): ServicePrincipal {
  const key = call.keys['servicePrincipal'];
  if (key === undefined) throw unknownSegment('synchronization');
  const principal = call.organisation.servicePrincipals.get(requireGuid(key), call.at);
  if (principal === undefined) throw notFound(key);
  return principal;
}

/** Entra's own provisioning jobs of an application. */
function listJobs(call: GraphCall): GraphAnswer {
  const { id } = requirePrincipal(call);
  const context = `${call.request.base}/$metadata#servicePrincipals('${id}')/synchronization/jobs`;
  return { status: 200, body: { '@odata.context': context, value: [...call.provisioningJobs.of(id)] } };
}

const JOBS = 'servicePrincipals/{servicePrincipal}/synchronization/jobs';

export const PROVISIONING_JOB_ROUTES: readonly Route[] = [
  { method: 'GET', path: JOBS, permissions: READ_SYNCHRONIZATION, options: [], cost: 1, answer: listJobs },
];

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What a restart without criteria does: the same as the portal's (synchronizationjob-restart). */
const PORTAL: readonly ResetScope[] = ['QuarantineState', 'Watermark', 'Escrows'];

function resetScopes(body: Json | undefined): readonly ResetScope[] {
  const criteria = isObject(body) ? body['criteria'] : undefined;
  const given = isObject(criteria) ? criteria['resetScope'] : undefined;
  if (given === undefined || given === null || given === '') return PORTAL;
  if (typeof given !== 'string') throw badRequest("Cannot convert the literal of 'resetScope'.");
  return given.split(',').map((name) => {
    const known = RESET_SCOPES.find((scope) => scope === name.trim());
    if (known === undefined) throw badRequest(`Requested value '${name.trim()}' was not found.`);
    return known;
  });
}

function action(name: string, act: (call: GraphCall, principal: string, job: string) => boolean): Route {
  return {
    method: 'POST',
    path: `${JOBS}/{job}/${name}`,
    permissions: WRITE_SYNCHRONIZATION,
    options: [],
    cost: 1,
    answer(call) {
      const job = call.keys['job'] ?? '';
      if (!act(call, requirePrincipal(call).id, job)) throw notFound(job);
      return { status: 204 };
    },
  };
}

const VALIDATION = 'SystemForCrossDomainIdentityManagementCredentialValidation';

function validated(test: TargetTest): GraphAnswer {
  switch (test.is) {
    case 'accepted':
      return { status: 204 };
    case 'missing':
      throw badRequest('There are no saved credentials.');
    case 'unavailable':
      throw new GraphRefusal(400, `${VALIDATION}Unavailable`, 'The application could not be reached.');
    case 'failed': {
      const name = (STATUS_CODES[test.status] ?? String(test.status)).replaceAll(' ', '');
      const message = `The application answered unexpectedly. Operation: GET Response Status Code: ${name}`;
      throw new GraphRefusal(400, `${VALIDATION}Failure`, message);
    }
    default:
      return test satisfies never;
  }
}

/** Tries out what is saved in the job, and nothing else (synchronization-synchronizationjob-validatecredentials). */
const VALIDATE_ROUTE: Route = {
  method: 'POST',
  path: `${JOBS}/{job}/validateCredentials`,
  permissions: WRITE_SYNCHRONIZATION,
  options: [],
  cost: 1,
  answer(call) {
    const { body } = call.request;
    if (!isObject(body) || body['useSavedCredentials'] !== true)
      throw badRequest('The sandbox validates saved credentials only.');
    const job = call.keys['job'] ?? '';
    const test = call.provisioningJobs.testSaved(requirePrincipal(call).id, job);
    if (test === undefined) throw notFound(job);
    return { status: 424, eventually: async () => validated(await test) };
  },
};

/** Pause, start, restart and the test of what is saved. Each may be asked for again. */
export const JOB_WRITE_ROUTES: readonly Route[] = [
  action('pause', ({ provisioningJobs }, principal, job) => provisioningJobs.pause(principal, job)),
  action('start', ({ provisioningJobs }, principal, job) => provisioningJobs.start(principal, job)),
  action('restart', (call, principal, job) =>
    call.provisioningJobs.restart(principal, job, resetScopes(call.request.body)),
  ),
  VALIDATE_ROUTE,
];

import { z } from 'zod';
import { ConflictError, isHeadgateError, NotFoundError } from '../../core/errors.ts';
import type { Json } from '../../core/scim.ts';
import type { TenantControl } from './control.ts';
import type { HttpAnswer, HttpRequest } from './http.ts';
import { JOB_CODES } from './provisioning/shown-job.ts';

type Verb = (control: TenantControl, body: unknown) => unknown;

/** A verb of the control API: its arguments as JSON, checked, and what it does. */
function verb<T extends z.ZodType>(arguments_: T, run: (control: TenantControl, given: z.infer<T>) => unknown): Verb {
  return (control, body) => run(control, arguments_.parse(body));
}

const TEXT = z.string().min(1);
const PROPERTIES = z.record(z.string(), z.json());
const NOTHING = z.strictObject({});
const USER = z.strictObject({ user: TEXT });
const MEMBERSHIP = z.strictObject({ group: TEXT, member: TEXT });
const ASSIGNMENT = z.strictObject({ principal: TEXT, application: TEXT.optional(), role: TEXT.optional() });
const WHOLE = z.number().int().min(0);

const LAG = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('none') }),
  z.strictObject({ kind: z.literal('held') }),
  z.strictObject({ kind: z.literal('milliseconds'), milliseconds: WHOLE }),
  z.strictObject({ kind: z.literal('reads'), reads: WHOLE }),
]);

const EFFECT = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('status'),
    status: z.number().int().min(400).max(599),
    retryAfter: TEXT.optional(),
  }),
  z.strictObject({ kind: z.literal('html'), status: z.number().int().min(200).max(599) }),
  z.strictObject({ kind: z.enum(['reset', 'truncated', 'cut', 'repeat-page', 'loop', 'end-early', 'no-value']) }),
  z.strictObject({ kind: z.literal('slow'), milliseconds: WHOLE }),
  z.strictObject({ kind: z.literal('count-off'), by: z.number().int() }),
]);

const FAULT = z.strictObject({
  path: TEXT,
  method: TEXT.optional(),
  page: WHOLE.optional(),
  times: WHOLE.optional(),
  effect: EFFECT,
});

const ROLE = z.strictObject({
  id: z.guid(),
  value: z.string().nullable(),
  displayName: TEXT,
  description: z.string(),
  isEnabled: z.boolean(),
  allowedMemberTypes: z.array(z.enum(['User', 'Application'])),
});

const APPLICATION = z.strictObject({ appId: z.guid(), displayName: TEXT, appRoles: z.array(ROLE) });

const JOB_SETTINGS = z.strictObject({
  target: z.strictObject({ url: TEXT, token: TEXT }).exactOptional(),
  everyMilliseconds: WHOLE.min(1).exactOptional(),
  deleteThreshold: WHOLE.exactOptional(),
});

/** What `POST /_sandbox/<verb>` can do. */
const VERBS: Readonly<Record<string, Verb>> = {
  createUser: verb(z.strictObject({ properties: PROPERTIES, manager: TEXT.optional() }), (control, given) =>
    control.createUser(given.properties, given.manager),
  ),
  updateUser: verb(z.strictObject({ user: TEXT, properties: PROPERTIES }), (control, given) =>
    control.updateUser(given.user, given.properties),
  ),
  disableUser: verb(USER, (control, { user }) => control.disableUser(user)),
  enableUser: verb(USER, (control, { user }) => control.enableUser(user)),
  softDeleteUser: verb(USER, (control, { user }) => control.softDeleteUser(user)),
  restoreUser: verb(USER, (control, { user }) => control.restoreUser(user)),
  hardDeleteUser: verb(USER, (control, { user }) => control.hardDeleteUser(user)),
  setManager: verb(z.strictObject({ user: TEXT, manager: TEXT.nullable() }), (control, given) =>
    control.setManager(given.user, given.manager),
  ),
  createGroup: verb(z.strictObject({ properties: PROPERTIES, members: z.array(TEXT).optional() }), (control, given) =>
    control.createGroup(given.properties, given.members),
  ),
  updateGroup: verb(z.strictObject({ group: TEXT, properties: PROPERTIES }), (control, given) =>
    control.updateGroup(given.group, given.properties),
  ),
  deleteGroup: verb(z.strictObject({ group: TEXT }), (control, { group }) => control.deleteGroup(group)),
  addMember: verb(MEMBERSHIP, (control, { group, member }) => control.addMember(group, member)),
  removeMember: verb(MEMBERSHIP, (control, { group, member }) => control.removeMember(group, member)),
  createApplication: verb(APPLICATION, (control, application) => control.createApplication(application)),
  assign: verb(ASSIGNMENT, (control, given) => control.assign(given)),
  unassign: verb(ASSIGNMENT, (control, given) => ({ removed: control.unassign(given) })),
  setLag: verb(LAG, (control, lag) => control.setLag(lag)),
  setCountLag: verb(LAG, (control, lag) => control.setCountLag(lag)),
  setDeltaLag: verb(LAG, (control, lag) => control.setDeltaLag(lag)),
  clearDeltaLag: verb(NOTHING, (control) => control.setDeltaLag(undefined)),
  setDeltaReplay: verb(z.strictObject({ versions: WHOLE }), (control, { versions }) =>
    control.setDeltaReplay(versions),
  ),
  expireDeltaTokens: verb(NOTHING, (control) => control.expireDeltaTokens()),
  advance: verb(NOTHING, (control) => control.advance()),
  setProvisioningJob: verb(
    z.strictObject({ application: TEXT, code: z.enum(JOB_CODES).optional(), settings: JOB_SETTINGS.optional() }),
    (control, { application, code, settings }) => control.setProvisioningJob(application, code, settings),
  ),
  changeProvisioningJob: verb(
    z.strictObject({
      application: TEXT.optional(),
      code: z.enum(['Active', 'Paused']).exactOptional(),
      deleteThreshold: WHOLE.nullable().exactOptional(),
    }),
    (control, { application, ...how }) => control.changeProvisioningJob(application, how),
  ),
  runProvisioningJob: verb(z.strictObject({ application: TEXT.optional() }), async (control, { application }) => ({
    execution: (await control.runProvisioningJob(application)) ?? null,
  })),
  provisionOnDemand: verb(z.strictObject({ application: TEXT, user: TEXT }), (control, { application, user }) =>
    control.provisionOnDemand(application, user),
  ),
  setThrottle: verb(
    z.strictObject({ units: z.number().positive(), perMilliseconds: z.number().positive() }),
    (control, limit) => control.setThrottle(limit),
  ),
  clearThrottle: verb(NOTHING, (control) => control.setThrottle(undefined)),
  addFault: verb(FAULT, (control, fault) => ({ id: control.addFault(fault) })),
  removeFault: verb(z.strictObject({ id: TEXT }), (control, { id }) => ({ removed: control.removeFault(id) })),
  clearFaults: verb(NOTHING, (control) => control.clearFaults()),
  revokeTokens: verb(z.strictObject({ clientId: TEXT.optional() }), (control, { clientId }) =>
    control.revokeTokens(clientId),
  ),
  setTokenLifetime: verb(z.strictObject({ seconds: WHOLE }), (control, { seconds }) =>
    control.setTokenLifetime(seconds),
  ),
  clearRequests: verb(NOTHING, (control) => control.clearRequests()),
};

const VIEWS: Readonly<Record<string, (control: TenantControl) => unknown>> = {
  faults: (control) => control.faults(),
  requests: (control) => control.requests(),
  counters: (control) => control.counters(),
};

/** The verbs and views there are, for the index page of the control API and its documentation. */
export const CONTROL_VERBS: readonly string[] = Object.keys(VERBS);
export const CONTROL_VIEWS: readonly string[] = Object.keys(VIEWS);

function json(status: number, body: Json | object): HttpAnswer {
  return { status, headers: { 'content-type': 'application/json; charset=utf-8' }, body: JSON.stringify(body) };
}

function parseJson(body: string): unknown {
  return body === '' ? {} : JSON.parse(body);
}

function failure(error: unknown): HttpAnswer {
  if (error instanceof SyntaxError) return json(400, { error: 'the body is not JSON' });
  if (error instanceof z.ZodError) return json(400, { error: z.prettifyError(error) });
  if (!isHeadgateError(error)) throw error;
  const status = error instanceof NotFoundError ? 404 : error instanceof ConflictError ? 409 : 400;
  return json(status, { error: error.message });
}

/** Answers `GET /_sandbox/<view>` and `POST /_sandbox/<verb>`. A result that is nothing is `{}`. */
export async function answerControl(control: TenantControl, name: string, request: HttpRequest): Promise<HttpAnswer> {
  if (request.method === 'GET') {
    if (name === '') return json(200, { verbs: CONTROL_VERBS, views: CONTROL_VIEWS });
    const view = Object.hasOwn(VIEWS, name) ? VIEWS[name] : undefined;
    return view === undefined ? json(404, { error: `no such view: ${name}` }) : json(200, { value: view(control) });
  }
  const run = request.method === 'POST' && Object.hasOwn(VERBS, name) ? VERBS[name] : undefined;
  if (run === undefined) return json(404, { error: `no such verb: ${name}` });
  try {
    return json(200, (await run(control, parseJson(request.body))) ?? {});
  } catch (error) {
    return failure(error);
  }
}

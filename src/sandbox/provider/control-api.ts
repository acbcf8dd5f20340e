import { z } from 'zod';
import type { AdminPages } from './admin-pages.ts';
import { ADMIN_VERBS } from './admin-verbs.ts';
import { OWNER_GUARDS, type Behaviour } from './behaviour.ts';
import { BEHAVIOURS, isBehaviourName } from './behaviours/registry.ts';
import { addToken } from './credentials.ts';
import type { ProviderState } from './exchange.ts';
import { FAULTS, isFaultName, type FaultName } from './faults.ts';
import { badRequest, ScimRefusal } from './refusal.ts';
import { isActive } from './resource.ts';
import type { RequestLog } from './request-log.ts';
import { parseSnapshot, restoreSnapshot, takeSnapshot } from './snapshot.ts';

const faultSetting = z.strictObject({
  fault: z.custom<FaultName>(isFaultName, 'is not the name of a fault; GET /_sandbox/ lists them'),
  value: z.union([z.number(), z.string()]).exactOptional(),
  times: z.int().positive().exactOptional(),
  method: z.string().exactOptional(),
  path: z.string().exactOptional(),
});

const tokenSetting = z.strictObject({
  secret: z.string().min(1),
  expiresAt: z.number().exactOptional(),
  owner: z.string().exactOptional(),
});

/** An answer of the control API. */
export interface ControlReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: object;
}

/** What the control API controls. */
export interface Controlled {
  readonly state: ProviderState;
  readonly log: RequestLog;
  readonly admin: AdminPages;
}

type Answer = (at: Controlled, body: () => unknown) => object;

/** What of a behaviour may be set by itself: how bad it is when something goes wrong. */
const behaviourSetting = z.strictObject({
  name: z.string().exactOptional(),
  groupDelete: z.enum(['memberships', 'users', 'refuse-non-empty']).exactOptional(),
  deleteUser: z.enum(['remove', 'irreversible', 'deactivate']).exactOptional(),
  activeFalse: z.enum(['suspend', 'remove']).exactOptional(),
  tokenOwner: z.enum(['free', 'coupled']).exactOptional(),
  ownerGuard: z.enum(OWNER_GUARDS).exactOptional(),
});

function switchesOf({ groupDelete, deleteUser, activeFalse, tokenOwner, adminPages }: Behaviour) {
  return { groupDelete, deleteUser, activeFalse, tokenOwner, ownerGuard: adminPages.ownerGuard };
}

function overview(state: ProviderState): object {
  const { store, behaviour, base } = state;
  return {
    url: base,
    behaviour: behaviour.name,
    switches: switchesOf(behaviour),
    accounts: store.count('User'),
    groups: store.count('Group'),
    faults: { ...FAULTS },
    requests: Object.keys(ROUTES),
  };
}

function setFault(state: ProviderState, body: () => unknown): object {
  state.faults.set(faultSetting.parse(body()));
  return listFaults(state);
}

function listFaults(state: ProviderState): object {
  return { faults: state.faults.list() };
}

function clearFaults(state: ProviderState): object {
  state.faults.clear();
  return listFaults(state);
}

function setBehaviour(state: ProviderState, body: () => unknown): object {
  const { name, ...given } = behaviourSetting.parse(body());
  if (name !== undefined && !isBehaviourName(name)) throw badRequest('invalidValue', `there is no behaviour "${name}"`);
  const { basePath } = state.behaviour;
  const base = name === undefined ? state.behaviour : BEHAVIOURS[name];
  const { ownerGuard, ...switches } = { ...switchesOf(base), ...given };
  // The base URL stays: a client that is connected must go on reaching the provider.
  state.behaviour = { ...base, ...switches, basePath, adminPages: { ...base.adminPages, ownerGuard } };
  return overview(state);
}

function signIn(state: ProviderState, body: () => unknown): object {
  const { userName } = z.strictObject({ userName: z.string() }).parse(body());
  if (!canSignIn(state, userName)) throw new ScimRefusal(403, 'the account is not active or does not exist');
  return { signedIn: true };
}

/** Whether an account with this userName exists and is active: what deprovisioning is about in the end. */
export function canSignIn(state: ProviderState, userName: string): boolean {
  for (const id of state.store.byName('User', userName)) {
    const account = state.store.get('User', id);
    if (account !== undefined && isActive(account)) return true;
  }
  return false;
}

const ROUTES: Readonly<Record<string, Answer>> = {
  'GET /_sandbox/': ({ state }) => overview(state),
  'GET /_sandbox/faults': ({ state }) => listFaults(state),
  'POST /_sandbox/faults': ({ state }, body) => setFault(state, body),
  'DELETE /_sandbox/faults': ({ state }) => clearFaults(state),
  'GET /_sandbox/requests': ({ log }) => ({ requests: log.all() }),
  'DELETE /_sandbox/requests': ({ log }) => {
    log.clear();
    return { requests: [] };
  },
  'GET /_sandbox/snapshot': ({ state }) => takeSnapshot(state),
  'PUT /_sandbox/snapshot': ({ state }, body) => {
    restoreSnapshot(state, parseSnapshot(body()));
    return overview(state);
  },
  'PUT /_sandbox/behaviour': ({ state }, body) => setBehaviour(state, body),
  'POST /_sandbox/tokens': ({ state }, body) => {
    addToken(state, tokenSetting.parse(body()));
    return { tokens: state.credentials.tokens().length };
  },
  'DELETE /_sandbox/tokens': ({ state }, body) => {
    const { secret } = z.strictObject({ secret: z.string() }).parse(body());
    return { revoked: state.credentials.revoke(secret) };
  },
  'POST /_sandbox/sign-in': ({ state }, body) => signIn(state, body),
  ...Object.fromEntries(
    Object.entries(ADMIN_VERBS).map(([name, act]): [string, Answer] => [name, ({ admin }, body) => act(admin, body)]),
  ),
};

function refusalOf(error: unknown): { status: number; detail: string } {
  if (error instanceof ScimRefusal) return { status: error.status, detail: error.message };
  if (error instanceof z.ZodError) return { status: 400, detail: z.prettifyError(error) };
  if (error instanceof SyntaxError) return { status: 400, detail: 'the body is not JSON' };
  throw error;
}

/** Answers the control API of the sandbox, which is no part of SCIM and asks for no token. */
export function control(at: Controlled, method: string, path: string, raw: Buffer): ControlReply {
  const headers = { 'content-type': 'application/json' };
  const route = ROUTES[`${method} ${path === '/_sandbox' ? '/_sandbox/' : path}`];
  if (route === undefined) {
    return { status: 404, headers, body: { detail: `use one of: ${Object.keys(ROUTES).join(', ')}` } };
  }
  try {
    return { status: 200, headers, body: route(at, () => JSON.parse(raw.toString('utf8')) as unknown) };
  } catch (error) {
    const { status, detail } = refusalOf(error);
    return { status, headers, body: { detail } };
  }
}

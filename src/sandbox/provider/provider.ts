import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createAdminPages, type AdminPages } from './admin-pages.ts';
import type { Behaviour } from './behaviour.ts';
import { BEHAVIOURS, type BehaviourName } from './behaviours/registry.ts';
import { canSignIn, control } from './control-api.ts';
import { addToken, createCredentials, type BearerToken, type NamedToken, type OauthClient } from './credentials.ts';
import { viewOf, type ProviderState } from './exchange.ts';
import { createFaultBoard, type FaultBoard, type FaultSetting } from './faults.ts';
import { createProviderServer, type Serving, type WriteObserver } from './http-server.ts';
import type { Complex } from './json.ts';
import { createRates } from './rates.ts';
import { render, WHOLE } from './render.ts';
import { createRequestLog, type SeenRequest } from './request-log.ts';
import type { Resource } from './resource.ts';
import { route } from './router.ts';
import type { ResourceTypeName } from './schema/resource-type.ts';
import { restoreSnapshot, takeSnapshot, type ProviderSnapshot } from './snapshot.ts';
import { createStore } from './store.ts';

/** How to start an emulated service provider. Everything may be left out. */
export interface ProviderOptions {
  /** Default 0: any free port. */
  readonly port?: number;
  /** Default 127.0.0.1. The control API asks for no token: do not open it to a network. */
  readonly host?: string;
  readonly behaviour?: BehaviourName;
  /** Facts that differ from the named behaviour. */
  readonly overrides?: Partial<Behaviour>;
  /** Tokens that are accepted. Without tokens and OAuth clients one is made up: see `token`. */
  readonly tokens?: readonly (string | BearerToken)[];
  readonly oauthClients?: readonly OauthClient[];
  readonly faults?: readonly FaultSetting[];
  /** What it holds at the start. */
  readonly seed?: ProviderSnapshot;
  readonly observer?: WriteObserver;
  /** How many requests are remembered. Default 200,000. */
  readonly requestLogLimit?: number;
  /** Milliseconds since the epoch. Default: the system's clock. */
  readonly now?: () => number;
}

/** A live view of the resources of one type, past authentication and faults. */
export interface ResourceView {
  readonly size: number;
  get(id: string): Complex | undefined;
  /** By userName (accounts) or displayName (groups), without case; the first one of several groups. */
  find(name: string): Complex | undefined;
  all(): readonly Complex[];
}

/** A running emulated service provider. */
export interface SandboxProvider {
  /** SCIM base URL, for example http://127.0.0.1:1234/scim/v2. */
  readonly url: string;
  /** Where OAuth clients get tokens. */
  readonly tokenUrl: string;
  /** A token that works: the first one given, or the one made up. Undefined with OAuth clients only. */
  readonly token: string | undefined;
  readonly accounts: ResourceView;
  readonly groups: ResourceView;
  readonly faults: Pick<FaultBoard, 'set' | 'clear' | 'list'>;
  /** Those it takes, with their secrets, oldest first. */
  tokens(): readonly NamedToken[];
  addToken(token: string | BearerToken): void;
  /** False when there was no such token. */
  revokeToken(secret: string): boolean;
  /** Changes facts of the behaviour while running. The base path stays. */
  setBehaviour(overrides: Partial<Omit<Behaviour, 'basePath'>>): void;
  observe(observer: WriteObserver): void;
  /** Does what a person could do in the provider's own pages: a SCIM request without HTTP, token, faults or log. Throws ScimRefusal. */
  change(method: 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: Complex): Complex | undefined;
  /** Whether the account exists and is active. */
  canSignIn(userName: string): boolean;
  /** What administrators do in the provider's own pages. */
  readonly admin: AdminPages;
  requests(): readonly SeenRequest[];
  clearRequests(): void;
  snapshot(): ProviderSnapshot;
  restore(snapshot: ProviderSnapshot): void;
  close(): Promise<void>;
}

function tokenOf(token: string | BearerToken): BearerToken {
  return typeof token === 'string' ? { secret: token } : token;
}

function resourceView(state: ProviderState, type: ResourceTypeName): ResourceView {
  const { store } = state;
  function shown(resource: Resource): Complex {
    // What a test looks at is the truth, also where the provider hides it from clients.
    return render({ ...viewOf(state), behaviour: { ...state.behaviour, groupMembers: 'shown' } }, resource, WHOLE);
  }
  function get(id: string): Complex | undefined {
    const found = store.get(type, id);
    return found && shown(found);
  }
  return {
    get size() {
      return store.count(type);
    },
    get,
    find(name) {
      const [id] = store.byName(type, name);
      return id === undefined ? undefined : get(id);
    },
    all: () =>
      store
        .ids(type)
        .flatMap((id) => store.get(type, id) ?? [])
        .map(shown),
  };
}

function changeDirectly(
  state: ProviderState,
  method: string,
  path: string,
  body: Complex | undefined,
): Complex | undefined {
  const reply = route(state, {
    method,
    path,
    query: new URLSearchParams(),
    headers: { 'if-match': '*' },
    body,
    bodyProblem: undefined,
    faults: () => undefined,
    by: 'person',
  });
  return typeof reply.body === 'object' ? reply.body : undefined;
}

function newState(options: ProviderOptions, tokens: readonly BearerToken[]): ProviderState {
  const state: ProviderState = {
    store: createStore(),
    faults: createFaultBoard(),
    credentials: createCredentials(tokens, options.oauthClients ?? []),
    rates: createRates(options.now ?? Date.now),
    behaviour: { ...BEHAVIOURS[options.behaviour ?? 'generic'], ...options.overrides },
    base: '',
    lastNumber: 0,
    burnt: new Set(),
    now: options.now ?? Date.now,
  };
  for (const setting of options.faults ?? []) state.faults.set(setting);
  if (options.seed !== undefined) restoreSnapshot(state, options.seed);
  return state;
}

/** Starts an emulated service provider and waits until it listens. Rejects when the port is taken. */
export async function startProvider(options: ProviderOptions = {}): Promise<SandboxProvider> {
  const given = (options.tokens ?? []).map(tokenOf);
  const madeUp = given.length === 0 && (options.oauthClients ?? []).length === 0;
  const tokens = madeUp ? [{ secret: randomBytes(24).toString('base64url') }] : given;
  const state = newState(options, tokens);
  const log = createRequestLog(options.requestLogLimit ?? 200_000);
  const admin = createAdminPages(state, (method, path, body) => changeDirectly(state, method, path, { ...body }));
  const closing = new AbortController();
  const serving: Serving = {
    state,
    log,
    observer: options.observer ?? {},
    control: (method, path, body) => control({ state, log, admin }, method, path, body),
    closing: closing.signal,
  };
  const server = createProviderServer(serving);
  const host = options.host ?? '127.0.0.1';
  server.listen(options.port ?? 0, host);
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const origin = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  state.base = origin + state.behaviour.basePath;

  return {
    url: state.base,
    tokenUrl: `${origin}/oauth/token`,
    token: tokens[0]?.secret,
    accounts: resourceView(state, 'User'),
    groups: resourceView(state, 'Group'),
    faults: state.faults,
    tokens: () => state.credentials.tokens(),
    addToken: (token) => addToken(state, tokenOf(token)),
    revokeToken: (secret) => state.credentials.revoke(secret),
    setBehaviour(overrides) {
      state.behaviour = { ...state.behaviour, ...overrides, basePath: state.behaviour.basePath };
    },
    observe(observer) {
      serving.observer = observer;
    },
    change: (method, path, body) => changeDirectly(state, method, path, body),
    canSignIn: (userName) => canSignIn(state, userName),
    admin,
    requests: () => log.all(),
    clearRequests: () => log.clear(),
    snapshot: () => takeSnapshot(state),
    restore: (snapshot) => restoreSnapshot(state, snapshot),
    async close() {
      closing.abort();
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

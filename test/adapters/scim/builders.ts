import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { generic } from '../../../src/adapters/scim/profiles/generic.ts';
import { createScimProvider, type ScimOptions } from '../../../src/adapters/scim/provider.ts';
import {
  WAVE,
  type ChangeMembers,
  type CreateAccount,
  type CreateGroup,
  type Operation,
} from '../../../src/core/operation.ts';
import { HeadgateError, type FailureFacts } from '../../../src/core/errors.ts';
import type { ProviderProfile } from '../../../src/core/profile.ts';
import type { AttributeChange, Json } from '../../../src/core/scim.ts';
import type { Log } from '../../../src/ports/log.ts';
import type { Metrics } from '../../../src/ports/metrics.ts';
import type { ServiceProvider } from '../../../src/ports/service-provider.ts';
import type { Complex } from '../../../src/sandbox/provider/json.ts';
import { startProvider, type ProviderOptions, type SandboxProvider } from '../../../src/sandbox/provider/provider.ts';

export const TOKEN = 'tok-5eCr3t-0123456789';

/** What a scripted server saw and what it answers. */
export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}
export interface ScriptedAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | object;
  /** Breaks the connection instead of answering. */
  readonly destroy?: boolean;
  /** Leaves the request without an answer. */
  readonly hang?: boolean;
}
export interface ScriptedServer {
  readonly url: string;
  readonly requests: SeenRequest[];
  close(): Promise<void>;
}

export type Script = (request: SeenRequest, number: number) => ScriptedAnswer;

function answerTo(response: ServerResponse, answer: ScriptedAnswer): void {
  if (answer.hang === true) return;
  if (answer.destroy === true) {
    response.destroy();
    return;
  }
  const text = typeof answer.body === 'object' ? JSON.stringify(answer.body) : (answer.body ?? '');
  response.writeHead(answer.status ?? 200, { 'content-type': 'application/scim+json', ...answer.headers });
  response.end(text);
}

/** A loopback server that answers what the script says and remembers what it was asked. */
export async function scriptedServer(script: Script): Promise<ScriptedServer> {
  const requests: SeenRequest[] = [];
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const { method = '', url = '', headers } = incoming;
      const seen = { method, url, headers, body: Buffer.concat(chunks).toString() };
      requests.push(seen);
      answerTo(response, script(seen, requests.length));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  return {
    url: `http://127.0.0.1:${port}/scim/v2`,
    requests,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** A log and metrics that remember everything they are told, as text. */
export function recorder(): { readonly log: Log; readonly metrics: Metrics; readonly lines: string[] } {
  const lines: string[] = [];
  const write = (fields: object, message: string) => void lines.push(JSON.stringify({ ...fields, message }));
  const count = (...values: readonly unknown[]) => void lines.push(JSON.stringify(values));
  const log: Log = { debug: write, info: write, warn: write, error: write, child: () => log };
  const metrics: Metrics = {
    cycleStarted: count,
    cycleClosed: count,
    cyclePhase: count,
    cycleSkipped: count,
    planned: count,
    operation: count,
    memberships: count,
    leaver: count,
    request: count,
    retry: count,
    throttled: count,
    tokenRequest: count,
  };
  return { log, metrics, lines };
}

export interface ProfileFacts {
  readonly patch?: Partial<ProviderProfile['patch']>;
  readonly groups?: Partial<ProviderProfile['groups']>;
  readonly paging?: Partial<ProviderProfile['paging']>;
  readonly rate?: Partial<ProviderProfile['rate']>;
}

/** A generic profile with some facts changed. */
export function aProfile(facts: ProfileFacts): ProviderProfile {
  return {
    ...generic,
    patch: { ...generic.patch, ...facts.patch },
    groups: { ...generic.groups, ...facts.groups },
    paging: { ...generic.paging, ...facts.paging },
    rate: { ...generic.rate, ...facts.rate },
  };
}

/** The id of a resource as the emulated provider shows it. */
export function idIn(resource: object | undefined): string {
  const id = resource !== undefined && 'id' in resource ? resource.id : undefined;
  if (typeof id !== 'string') throw new Error('the resource has no id');
  return id;
}

/** No waiting between attempts of a listing. */
export const IMPATIENT = { retries: 2, initialDelayMs: 1, maxDelayMs: 1, longestWaitMs: 1_000 };

/** A clock on which a second passes whenever somebody looks: a provider's rates are for clients that take their time. */
export function hurriedClock(): () => number {
  let now = Date.now();
  return () => (now += 1_000);
}

/** Closes everything that was opened through it; call `close` in afterEach. */
export function resources() {
  const open: (() => Promise<void>)[] = [];
  return {
    async scripted(script: Script): Promise<ScriptedServer> {
      const server = await scriptedServer(script);
      open.push(() => server.close());
      return server;
    },
    async sandbox(options: ProviderOptions = {}): Promise<SandboxProvider> {
      const sandbox = await startProvider({ tokens: [TOKEN], ...options });
      open.push(() => sandbox.close());
      return sandbox;
    },
    client(url: string, options: Partial<ScimOptions> = {}): ServiceProvider {
      const { log, metrics } = recorder();
      const provider = createScimProvider({
        connection: 'acme',
        url,
        profile: generic,
        credential: { kind: 'bearer', token: async () => TOKEN },
        patience: IMPATIENT,
        // Scripted 429s are no reason to slow a test down.
        adaptive: false,
        requestsPerSecond: null,
        log,
        metrics,
        now: Date.now,
        ...options,
      });
      open.push(() => provider.close());
      return provider;
    },
    onClose(close: () => Promise<void>): void {
      open.push(close);
    },
    async close(): Promise<void> {
      for (const close of open.splice(0).toReversed()) await close();
    },
  };
}

export const never = new AbortController().signal;
export const resolveNone = () => undefined;

/** Resolves `user-x` to whatever the map says. */
export function resolver(ids: Readonly<Record<string, string>>): (anchor: string) => string | undefined {
  return (anchor) => ids[anchor];
}

const base = { key: 'k', label: 'somebody', reason: { code: 'entitled', text: 'entitled' } } as const;

export function toCreate(
  values: Readonly<Record<string, Json>>,
  references: CreateAccount['references'] = [],
): CreateAccount {
  const attributes = Object.entries(values).map(([path, after]) => ({ path, before: null, after }));
  return {
    ...base,
    resource: 'account',
    kind: 'create',
    wave: WAVE.accounts,
    anchor: 'user-1',
    attributes,
    references,
  };
}

export function toChange(
  resourceId: string,
  attributes: readonly AttributeChange[],
  kind: 'update' | 'reactivate' = 'update',
) {
  return {
    ...base,
    resource: 'account',
    kind,
    wave: WAVE.accounts,
    anchor: 'user-1',
    resourceId,
    attributes,
    references: [],
  } as const satisfies Operation;
}

export function toRemove(kind: 'disable' | 'delete', resourceId: string) {
  return {
    ...base,
    resource: 'account',
    kind,
    effect: kind === 'disable' ? 'suspend' : 'delete',
    wave: WAVE.disable,
    anchor: 'user-1',
    resourceId,
    cause: 'unassigned',
  } as const satisfies Operation;
}

export function toCreateGroup(displayName: string, externalId = 'group-1'): CreateGroup {
  return { ...base, resource: 'group', kind: 'create', wave: WAVE.groups, anchor: externalId, displayName, externalId };
}

export function toMembers(
  add: readonly string[],
  remove: readonly { anchor: string; resourceId: string }[],
): ChangeMembers {
  return { ...base, resource: 'group', kind: 'members', wave: WAVE.members, anchor: 'group-1', add, remove };
}

/** What a piece of work threw, in a shape easy to look at. */
export interface Thrown {
  readonly name: string;
  readonly message: string;
  readonly facts: FailureFacts;
}

/** The error of work that must fail; a value that came instead is shown as an error named so. */
export async function failure(work: Promise<unknown>): Promise<Thrown> {
  try {
    return { name: 'nothing was thrown', message: JSON.stringify(await work), facts: {} };
  } catch (error) {
    if (error instanceof HeadgateError) return error;
    throw error;
  }
}

const SCHEMA = 'urn:ietf:params:scim:schemas:core:2.0';

/** Puts accounts and groups into a sandbox provider by hand; each gives its id. */
export function planting(sandbox: SandboxProvider) {
  return {
    account: (userName: string, more: Complex = {}) =>
      idIn(sandbox.change('POST', '/Users', { schemas: [`${SCHEMA}:User`], userName, ...more })),
    group: (displayName: string, members: readonly string[] = []) =>
      idIn(
        sandbox.change('POST', '/Groups', {
          schemas: [`${SCHEMA}:Group`],
          displayName,
          members: members.map((value) => ({ value })),
        }),
      ),
  };
}

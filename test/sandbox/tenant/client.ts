import type { OrganisationState } from '../../../src/sandbox/organisation/model.ts';
import { createOrganisation } from '../../../src/sandbox/organisation/organisation.ts';
import { generateState } from '../../../src/sandbox/organisation/generate.ts';
import { startTenant, type Tenant, type TenantOptions } from '../../../src/sandbox/tenant/tenant.ts';
import type { RegisteredApplication } from '../../../src/sandbox/tenant/login/applications.ts';

export const GRAPH_SCOPE = 'https://graph.microsoft.com/.default';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON; undefined when it is none. */
  readonly json: Record<string, unknown>;
}

export interface Client {
  readonly tenant: Tenant;
  get(path: string, headers?: Record<string, string>): Promise<Answer>;
  send(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** Every value of a paged read, following the links to the end, and how many pages there were. */
  all(path: string, headers?: Record<string, string>): Promise<{ values: Record<string, unknown>[]; pages: number }>;
}

export async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: parsed(text) };
}

function parsed(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function valuesOf(answer: Answer): Record<string, unknown>[] {
  const { value } = answer.json;
  if (!Array.isArray(value)) throw new Error(`no value array in ${answer.status} ${answer.text}`);
  return value.filter(isObject);
}

/** Ids in an order of their own, for comparing sets. */
export function idsOf(values: readonly { readonly id?: unknown }[]): string[] {
  return values.map((value) => (typeof value.id === 'string' ? value.id : '')).toSorted((a, b) => (a < b ? -1 : 1));
}

export function errorOf(answer: Answer): Record<string, unknown> {
  const { error } = answer.json;
  if (!isObject(error)) throw new Error(`no error in ${answer.status} ${answer.text}`);
  return error;
}

/** Asks the token endpoint with a form. */
export async function tokenRequest(tenant: Tenant, form: Record<string, string>): Promise<Answer> {
  const url = `${tenant.url}/${tenant.tenantId}/oauth2/v2.0/token`;
  return answerOf(await fetch(url, { method: 'POST', body: new URLSearchParams(form) }));
}

export function secretForm(application: RegisteredApplication): Record<string, string> {
  return {
    grant_type: 'client_credentials',
    client_id: application.clientId,
    client_secret: application.secrets[0]?.value ?? '',
    scope: GRAPH_SCOPE,
  };
}

/** A client of one app registration (the first one unless told), with a token. */
export async function clientOf(tenant: Tenant, application = tenant.applications()[0]): Promise<Client> {
  if (application === undefined) throw new Error('the tenant has no app registration');
  const { json } = await tokenRequest(tenant, secretForm(application));
  const authorization = `Bearer ${String(json['access_token'])}`;
  async function send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
    const url = path.startsWith('http') ? path : `${tenant.graphUrl}${path}`;
    const content = body === undefined ? {} : { body: JSON.stringify(body) };
    const type: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' };
    return answerOf(await fetch(url, { method, headers: { authorization, ...type, ...headers }, ...content }));
  }
  const get = (path: string, headers?: Record<string, string>): Promise<Answer> =>
    send('GET', path, undefined, headers);
  return {
    tenant,
    get,
    send,
    async all(path, headers) {
      const values: Record<string, unknown>[] = [];
      let pages = 0;
      for (let next: unknown = path; typeof next === 'string'; pages += 1) {
        const answer = await get(next, headers);
        if (answer.status !== 200) throw new Error(`${answer.status} ${answer.text}`);
        values.push(...valuesOf(answer));
        next = answer.json['@odata.nextLink'];
      }
      return { values, pages };
    },
  };
}

export const EVENTUAL = { ConsistencyLevel: 'eventual' };

/** A small generated company, the same for every test that asks for the same size. */
export function company(users = 60, groups = 30, seed = 7): OrganisationState {
  return generateState({ seed, users, groups });
}

/** A tenant of a state, with a client. */
export async function startClient(
  state: OrganisationState = company(),
  options: Omit<TenantOptions, 'organisation'> = {},
): Promise<Client> {
  const organisation = createOrganisation(state, options.now);
  return clientOf(await startTenant({ ...options, organisation }));
}

/** The first of a list that a test cannot do without. */
export function first<T>(list: readonly T[]): T {
  const [value] = list;
  if (value === undefined) throw new Error('the list is empty');
  return value;
}

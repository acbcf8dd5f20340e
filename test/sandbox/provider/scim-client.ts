import { URN } from '../../../src/core/scim.ts';
import type { Complex, Value } from '../../../src/sandbox/provider/json.ts';
import { startProvider, type ProviderOptions, type SandboxProvider } from '../../../src/sandbox/provider/provider.ts';

/** One answer as a test looks at it. `body` is an empty object when there is none or it is no JSON. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  readonly body: Complex;
}

/** A provider with a client that knows its token. */
export interface Rig {
  readonly provider: SandboxProvider;
  readonly send: (method: string, path: string, body?: unknown, headers?: Record<string, string>) => Promise<Answer>;
  /** The control API, by absolute path. */
  readonly control: (method: string, path: string, body?: unknown) => Promise<Answer>;
}

export const TOKEN = 'sandbox-token';

function parse(text: string): Complex {
  if (!text.startsWith('{')) return {};
  const body: Complex = JSON.parse(text);
  return body;
}

async function exchange(method: string, url: string, headers: Record<string, string>, body: unknown): Promise<Answer> {
  const sent = body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) };
  const response = await fetch(url, { method, headers, ...sent });
  const text = await response.text();
  return { status: response.status, headers: Object.fromEntries(response.headers), text, body: parse(text) };
}

/** Starts a provider for one test and closes it afterwards. */
export async function withProvider(options: ProviderOptions, run: (rig: Rig) => Promise<void>): Promise<void> {
  const provider = await startProvider({ tokens: [TOKEN], ...options });
  const origin = new URL(provider.url).origin;
  try {
    await run({
      provider,
      send: (method, path, body, headers = {}) => {
        const content = body === undefined ? {} : { 'content-type': 'application/scim+json' };
        return exchange(
          method,
          provider.url + path,
          { authorization: `Bearer ${TOKEN}`, ...content, ...headers },
          body,
        );
      },
      control: (method, path, body) => exchange(method, origin + path, {}, body),
    });
  } finally {
    await provider.close();
  }
}

/** A body for creating an account. */
export function accountBody(userName: string, more: Complex = {}): Complex {
  return { schemas: [URN.user], userName, ...more };
}

/** A body for creating a group. */
export function groupBody(displayName: string, members: readonly string[] = []): Complex {
  return { schemas: [URN.group], displayName, members: members.map((value) => ({ value })) };
}

/** A PATCH body. */
export function patchBody(...operations: Complex[]): Complex {
  return { schemas: [URN.patchOp], Operations: operations };
}

/** Creates a resource past HTTP and gives its id. */
export function create(provider: SandboxProvider, body: Complex): string {
  const isGroup = JSON.stringify(body['schemas']).includes(URN.group);
  return textAt(provider.change('POST', isGroup ? '/Groups' : '/Users', body), 'id');
}

/** The string at a path. Throws when there is none: the test went wrong before. */
export function textAt(body: Value | undefined, path: string): string {
  const value = valueAt(body, path);
  if (typeof value !== 'string') throw new Error(`there is no string at ${path}`);
  return value;
}

/** The value at a path like `Resources[0].name.familyName`, as Okta's tests write it. */
export function valueAt(body: Value | undefined, path: string): Value | undefined {
  const steps = path.split(/[.[\]]+/).filter((step) => step !== '');
  return steps.reduce<Value | undefined>((value, step) => {
    if (Array.isArray(value)) return value[Number(step)];
    return typeof value === 'object' && value !== null ? value[step] : undefined;
  }, body);
}

/** Ids in a ListResponse, in order. */
export function listedIds(answer: Answer): Value[] {
  const resources = answer.body['Resources'];
  return Array.isArray(resources) ? resources.map((resource) => valueAt(resource, 'id') ?? null) : [];
}

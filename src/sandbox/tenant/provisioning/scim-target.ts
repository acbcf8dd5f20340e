import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Json, JsonObject } from '../../../core/scim.ts';

/** An answer of the service provider that the job cannot work with. */
export class TargetFailure extends Error {
  override readonly name = 'TargetFailure';
  readonly status: number;
  constructor(status: number) {
    super(`the service provider answered ${status}`);
    this.status = status;
  }
}

/** Where a job writes to: its tenant URL and secret token. */
export interface TargetAddress {
  readonly url: string;
  readonly token: string;
}

/** The few requests Entra's provisioning service sends. */
export interface ScimTarget {
  /** Id of the one resource whose attribute has that value; undefined when none does. */
  find(kind: 'Users' | 'Groups', attribute: string, value: string): Promise<string | undefined>;
  create(kind: 'Users' | 'Groups', resource: JsonObject): Promise<string>;
  /** False when the resource is gone. */
  patch(kind: 'Users' | 'Groups', id: string, operations: readonly JsonObject[]): Promise<boolean>;
  remove(kind: 'Users' | 'Groups', id: string): Promise<void>;
}

const PATCH_SCHEMA = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function idOf(value: Json | undefined): string | undefined {
  const id = isObject(value) ? value['id'] : undefined;
  return typeof id === 'string' ? id : undefined;
}

/** Speaks SCIM over HTTP, in the compliant form of Entra's own requests (learn.microsoft.com, use-scim-to-provision). */
export function createScimTarget({ url, token }: TargetAddress): ScimTarget {
  async function send(method: string, path: string, body?: JsonObject): Promise<{ status: number; body: Json }> {
    const answer = await fetch(`${url}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/scim+json', 'user-agent': 'Entra' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, body: answer.ok && text !== '' ? z.json().parse(JSON.parse(text)) : null };
  }
  return {
    async find(kind, attribute, value) {
      const filter = encodeURIComponent(`${attribute} eq ${JSON.stringify(value)}`);
      const without = kind === 'Groups' ? 'excludedAttributes=members&' : '';
      const { status, body } = await send('GET', `/${kind}?${without}filter=${filter}`);
      if (status !== 200) throw new TargetFailure(status);
      const found = isObject(body) ? body['Resources'] : undefined;
      return Array.isArray(found) ? idOf(found[0]) : undefined;
    },
    async create(kind, resource) {
      const { status, body } = await send('POST', `/${kind}`, resource);
      const id = idOf(body);
      if (status !== 201 || id === undefined) throw new TargetFailure(status);
      return id;
    },
    async patch(kind, id, operations) {
      const { status } = await send('PATCH', `/${kind}/${encodeURIComponent(id)}`, {
        schemas: [PATCH_SCHEMA],
        Operations: [...operations],
      });
      if (status === 404) return false;
      if (status !== 200 && status !== 204) throw new TargetFailure(status);
      return true;
    },
    async remove(kind, id) {
      const { status } = await send('DELETE', `/${kind}/${encodeURIComponent(id)}`);
      if (status !== 204 && status !== 200 && status !== 404) throw new TargetFailure(status);
    },
  };
}

/** What comes of trying out an address and its token. */
export type TargetTest =
  | { readonly is: 'accepted' }
  /** Answered, but not as it should. */
  | { readonly is: 'failed'; readonly status: number }
  /** No answer that could be read. */
  | { readonly is: 'unavailable' }
  /** Nothing is saved. */
  | { readonly is: 'missing' };

/** What "Test connection" does: looks for somebody who cannot be there. */
export async function testTarget(address: TargetAddress | undefined): Promise<TargetTest> {
  if (address === undefined) return { is: 'missing' };
  try {
    await createScimTarget(address).find('Users', 'userName', randomUUID());
    return { is: 'accepted' };
  } catch (error) {
    return error instanceof TargetFailure ? { is: 'failed', status: error.status } : { is: 'unavailable' };
  }
}

import { STATUS_CODES } from 'node:http';
import { URN } from '../../core/scim.ts';
import type { Behaviour } from './behaviour.ts';
import type { CredentialBoard } from './credentials.ts';
import type { FaultBoard, RequestFaults } from './faults.ts';
import type { Complex, Value } from './json.ts';
import type { Rates } from './rates.ts';
import type { ScimRefusal } from './refusal.ts';
import type { ResourceTypeName } from './schema/resource-type.ts';
import type { ResourceStore } from './store.ts';
import type { View } from './view.ts';

/** Everything a running provider is made of. */
export interface ProviderState {
  readonly store: ResourceStore;
  readonly faults: FaultBoard;
  readonly credentials: CredentialBoard;
  readonly rates: Rates;
  /** May be replaced while running. */
  behaviour: Behaviour;
  /** SCIM base URL without a slash at the end; known once the server listens. */
  base: string;
  /** Counts the ids given out, so that a restored provider gives out new ones. */
  lastNumber: number;
  /** userNames, lower-case, of accounts deleted for ever. */
  readonly burnt: Set<string>;
  now(): number;
}

/** One request below the SCIM base URL. */
export interface Exchange {
  readonly method: string;
  /** Path below the base URL, still percent-encoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Value | undefined;
  /** Why there is no usable body: too large, no JSON, another content type. Matters only after authentication. */
  readonly bodyProblem: ScimRefusal | undefined;
  readonly faults: RequestFaults;
  /** A SCIM client, or a person in the provider's own pages. */
  readonly by: 'client' | 'person';
}

/** One answer. A body that is a string is sent as it is, with its own content type in the headers. */
export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Complex | string;
  /** Whether anything stored was changed. */
  readonly applied?: boolean;
  readonly resourceId?: string;
}

/** What rendering needs, from the state. */
export function viewOf(state: ProviderState): View {
  return { store: state.store, base: state.base, behaviour: state.behaviour };
}

/** An error body (RFC 7644 section 3.12): status as a string, scimType where the table has one. */
export function errorReply(refusal: ScimRefusal, numericStatus: boolean): Reply {
  const body: Complex = {
    schemas: [URN.error],
    status: numericStatus ? refusal.status : String(refusal.status),
    detail: refusal.message === '' ? (STATUS_CODES[refusal.status] ?? 'refused') : refusal.message,
  };
  if (refusal.scimType !== undefined) body['scimType'] = refusal.scimType;
  return { status: refusal.status, headers: refusal.headers, body };
}

/** A new id in the shape the provider uses. Counted, not random: a run can be repeated. */
export function newId(
  state: ProviderState,
  type: ResourceTypeName,
  attributes: Complex,
  faults: RequestFaults,
): string {
  state.lastNumber += 1;
  if (faults('idNeedsEncoding')) return `${type}/${state.lastNumber}?x=50%25#ä @`;
  const { userName } = attributes;
  if (state.behaviour.idForm === 'user-name' && typeof userName === 'string') return userName;
  if (state.behaviour.idForm === 'salesforce') {
    const prefix = type === 'User' ? '0054W' : '00G4W';
    return `${prefix}${state.lastNumber.toString(36).toUpperCase().padStart(10, '0')}QAP`;
  }
  const hex = state.lastNumber.toString(16).padStart(12, '0');
  return `${type === 'User' ? '5c1a0001' : '5c1a0002'}-0000-4000-8000-${hex}`;
}

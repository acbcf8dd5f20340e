import type { Json } from '../../../core/scim.ts';
import type { Organisation } from '../../organisation/organisation.ts';
import type { DeltaFeed } from '../delta-feed.ts';
import type { ProvisioningJobs } from '../provisioning/provisioning-jobs.ts';
import type { Cursor, QueryOptions } from './query.ts';

/** Who calls: what the access token says. */
export interface Caller {
  readonly clientId: string;
  /** Application permissions granted and consented. */
  readonly roles: ReadonlySet<string>;
}

/** A request as it comes over HTTP or inside `$batch`. */
export interface GraphRequest {
  readonly method: string;
  /** Path and query below the version, as sent: `/users/ada%40contoso.example?$select=id`. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body?: Json | undefined;
  readonly caller: Caller;
  /** Absolute base of links, without a trailing slash: `http://127.0.0.1:4010/v1.0`. */
  readonly base: string;
}

export interface GraphAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** A string is served as text/plain; absent means no content. */
  readonly body?: Json | undefined;
  /** Takes its place where the answer takes a look elsewhere first; a GraphRefusal when it rejects. Not inside a batch. */
  readonly eventually?: () => Promise<GraphAnswer>;
}

/** One routed request with everything a route needs to answer it. */
export interface GraphCall {
  readonly request: GraphRequest;
  /** The path as sent, without the query. */
  readonly path: string;
  /** Path parameters by name, decoded. */
  readonly keys: Readonly<Record<string, string>>;
  readonly options: QueryOptions;
  readonly organisation: Organisation;
  /** The version of the organisation this read sees. */
  readonly at: number;
  /** The version the index behind `ConsistencyLevel: eventual` sees. */
  readonly indexAt: number;
  /** Whether the caller asked for the advanced query capabilities of directory objects. */
  readonly eventual: boolean;
  /** Values on a page where `$top` is absent. */
  readonly pageSize: number;
  readonly feed: DeltaFeed;
  readonly provisioningJobs: ProvisioningJobs;
  readonly sealToken: (cursor: Cursor) => string;
}

export interface Route {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Literal segments and `{parameters}`, without a leading slash. */
  readonly path: string;
  /** Any one of these application permissions is enough. */
  readonly permissions: readonly string[];
  /** Query options the resource takes, without the dollar sign. */
  readonly options: readonly string[];
  /** Resource units before $select, $expand and $top (Graph's throttling limits, identity and access). */
  readonly cost: number;
  readonly answer: (call: GraphCall) => GraphAnswer;
}

/** Every object read needs one of these; the least privileged comes first. */
export const READ_USERS = ['User.Read.All', 'User.ReadWrite.All', 'Directory.Read.All', 'Directory.ReadWrite.All'];
export const READ_GROUPS = [
  'GroupMember.Read.All',
  'GroupMember.ReadWrite.All',
  'Group.Read.All',
  'Group.ReadWrite.All',
  'Directory.Read.All',
  'Directory.ReadWrite.All',
];
export const READ_APPLICATIONS = [
  'Application.Read.All',
  'Application.ReadWrite.All',
  'Directory.Read.All',
  'Directory.ReadWrite.All',
];

/** Application permissions that show Entra's own provisioning jobs (synchronization-synchronization-list-jobs). */
export const READ_SYNCHRONIZATION = [
  'Synchronization.Read.All',
  'Application.ReadWrite.OwnedBy',
  'Synchronization.ReadWrite.All',
];

/** Application permissions that pause, start and restart them (synchronization-synchronizationjob-pause). */
export const WRITE_SYNCHRONIZATION = ['Application.ReadWrite.OwnedBy', 'Synchronization.ReadWrite.All'];

/** Whether the caller holds any of the permissions. */
export function allowed(caller: Caller, permissions: readonly string[]): boolean {
  return permissions.some((permission) => caller.roles.has(permission));
}

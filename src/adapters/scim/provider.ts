import pMap from 'p-map';
import { HeadgateError, RejectedError, ThrottledError, UnauthorizedError } from '../../core/errors.ts';
import type { Operation, WriteWitness } from '../../core/operation.ts';
import type { ProviderProfile } from '../../core/profile.ts';
import type { Listing } from '../../core/provider-inventory.ts';
import type { Account, JsonObject, ScimGroup } from '../../core/scim.ts';
import type { ReadProgress } from '../../ports/directory-source.ts';
import type { Log } from '../../ports/log.ts';
import type { Metrics } from '../../ports/metrics.ts';
import type { ProbeOutcome } from '../../ports/credential-desk.ts';
import type { LookupKey, ResolveReference, ServiceProvider } from '../../ports/service-provider.ts';
import { changeAccount } from './change-account.ts';
import { checkProvider, credentialWorks } from './check.ts';
import { createAccount } from './create-account.ts';
import { createTokenSource, type ScimCredential } from './credential.ts';
import { type Exchange, openExchange, readResource, type ResourceCollection } from './exchange.ts';
import { runExperiment } from './experiment/run-experiment.ts';
import { changeGroup, createGroup, deleteGroup } from './groups.ts';
import { createScimClient } from './http.ts';
import { listTrusted } from './listing.ts';
import { lookUp } from './lookup.ts';
import { changeMembers } from './members.ts';
import { exported } from './outcome.ts';
import { previewGroup } from './preview.ts';
import { DEFAULT_PATIENCE, type Patience, patientReads } from './patience.ts';
import { probeToken } from './probe.ts';
import { createQuota } from './quota.ts';
import { deleteAccount, disableAccount } from './remove-account.ts';
import { toAccount, toGroup } from './resources.ts';
import { settleOperation } from './settle.ts';

export interface ScimOptions {
  readonly connection: string;
  /** The SCIM base URL, such as https://example.com/scim/v2. */
  readonly url: string;
  readonly profile: ProviderProfile;
  readonly credential: ScimCredential;
  /** Refuses every write at the wire. */
  readonly readOnly?: boolean;
  /** Requests at a time; the profile's number unless given. */
  readonly concurrency?: number;
  /** Requests a second at most, null for no limit; the profile's number unless given. */
  readonly requestsPerSecond?: number | null;
  /** Whether the pace follows the provider's answers; true unless given. */
  readonly adaptive?: boolean;
  /** Longest wait for the head of an answer, and again for its body, in ms. */
  readonly timeoutMs?: number;
  /** How reads for a plan sit out trouble. Operations are never repeated here. */
  readonly patience?: Patience;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly now: () => number;
}

/** A minute: some providers take longer than thirty seconds for a group of thousands. */
const DEFAULT_TIMEOUT_MS = 60_000;

/**
 * The SCIM service provider of one connection. Throws StartupError when the URL may not carry a secret.
 */
export function createScimProvider(options: ScimOptions): ServiceProvider {
  const { connection, profile, metrics, now } = options;
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const concurrency = options.concurrency ?? profile.rate.concurrency;
  const tokens = createTokenSource({ connection, credential: options.credential, timeoutMs, metrics, now });
  const client = createScimClient({
    connection,
    profile,
    now,
    url: options.url,
    tokens,
    readOnly: options.readOnly ?? false,
    concurrency,
    requestsPerSecond:
      options.requestsPerSecond === undefined ? profile.rate.requestsPerSecond : options.requestsPerSecond,
    adaptive: options.adaptive ?? true,
    timeoutMs,
    log: options.log,
    metrics,
  });
  const patient = patientReads(options.patience ?? DEFAULT_PATIENCE, metrics);
  const quota = createQuota(connection, profile.rate.usersPerHour, now);
  const open = (signal: AbortSignal, witness?: WriteWitness) =>
    openExchange(client, { connection, profile, now, quota }, signal, witness);
  const membersShown = profile.groups.membersReadable === 'full';
  const readGroupBody = (body: JsonObject) => toGroup(body, membersShown ? 'assumed' : 'hidden');

  async function list<T extends { readonly id: string }>(
    exchange: Exchange,
    collection: ResourceCollection,
    parameters: Readonly<Record<string, string>>,
    read: (body: JsonObject) => T | undefined,
    progress: ReadProgress | undefined,
  ): Promise<Listing<T>> {
    const shown = progress === undefined ? {} : { progress };
    return listTrusted(exchange, { collection, parameters, read, patient, ...shown });
  }

  async function listGroups(signal: AbortSignal, progress?: ReadProgress): Promise<Listing<ScimGroup>> {
    const exchange = open(signal);
    const parameters: Readonly<Record<string, string>> = membersShown ? {} : { excludedAttributes: 'members' };
    const read = (body: JsonObject) => toGroup(body, membersShown ? 'shown' : 'hidden');
    const listing = await list(exchange, 'Groups', parameters, read, progress);
    if (!membersShown) return listing;
    if (listing.resources.every(({ members }) => members === undefined)) return askForMembers(listing, signal);
    const complete = (group: ScimGroup) => ({ ...group, members: group.members ?? [] });
    return { ...listing, resources: listing.resources.map(complete) };
  }

  /**
   * A listing in which not one group shows members says nothing about members: then each group is asked. One that is not found
   * is left out only where a new listing does not show it either: some providers list groups and know none by its id.
   */
  async function askForMembers(listing: Listing<ScimGroup>, signal: AbortSignal): Promise<Listing<ScimGroup>> {
    const asked = await pMap(listing.resources, ({ id }) => readGroup(id, signal), { concurrency });
    const again = asked.includes(undefined)
      ? await list(open(signal), 'Groups', {}, readGroupBody, undefined)
      : listing;
    const listed = new Set(again.resources.map(({ id }) => id));
    const isThere = ({ id }: ScimGroup) => !again.trusted || listed.has(id);
    return {
      ...listing,
      resources: listing.resources.flatMap((group, n) => asked[n] ?? (isThere(group) ? [group] : [])),
    };
  }

  async function readAccount(id: string, signal: AbortSignal): Promise<Account | undefined> {
    const exchange = open(signal);
    const found = await patient(exchange, () => readResource(exchange, 'Users', id));
    return found === undefined ? undefined : toAccount(found.body);
  }

  async function readGroup(id: string, signal: AbortSignal): Promise<ScimGroup | undefined> {
    const exchange = open(signal);
    const found = await patient(exchange, () => readResource(exchange, 'Groups', id));
    return found === undefined ? undefined : readGroupBody(found.body);
  }

  async function find<T>(
    collection: ResourceCollection,
    key: LookupKey,
    read: (body: JsonObject) => T | undefined,
    signal: AbortSignal,
  ): Promise<readonly T[]> {
    const exchange = open(signal);
    const bodies = await patient(exchange, () => lookUp(exchange, collection, key));
    return bodies.flatMap((body) => read(body) ?? []);
  }

  async function probe(exchange: Exchange, secret: string): Promise<ProbeOutcome> {
    const token = await tokens.tokenFor(secret);
    return token === undefined ? 'refused' : probeToken(exchange, token);
  }

  return {
    profile,
    listAccounts: (signal, progress) => list(open(signal), 'Users', {}, toAccount, progress),
    listGroups,
    findAccounts: (key, signal) => find('Users', key, toAccount, signal),
    findGroups: (key, signal) => find('Groups', key, readGroupBody, signal),
    readAccount,
    readGroup,
    async apply(operation, resolve, signal, witness) {
      const exchange = open(signal, witness);
      try {
        return await applyOperation(exchange, operation, resolve);
      } catch (error) {
        throw await aboutObject(exchange, error);
      }
    },
    async settle(operation, resolve, signal, how) {
      const exchange = open(signal);
      const settle = () => settleOperation(exchange, operation, resolve);
      try {
        return await (how === 'patient' ? patient(exchange, settle) : settle());
      } catch (error) {
        throw await aboutObject(exchange, error);
      }
    },
    probe: (secret, signal) => probe(open(signal), secret),
    ping: (signal) => ping(open(signal)),
    async awaitAnswer(signal) {
      const exchange = open(signal);
      await patient(exchange, () => seeAnswer(exchange));
    },
    preview: (group, change) => previewGroup({ connection, profile, now }, group, change),
    credentialWorks: (signal) => credentialWorks(open(signal)),
    experiment: (domain, stop) => runExperiment({ open, patient, domain, stop }),
    check: (signal) => checkProvider(open(signal), () => tokens.current()),
    pace: () => client.pace(),
    close: () => client.close(),
  };
}

async function ping(exchange: Exchange): Promise<void> {
  const parameters = { ...exchange.profile.paging.listParameters, startIndex: '1', count: '1' };
  await exchange.send({ method: 'GET', collection: 'Users', parameters });
}

/**
 * A 403 for a change of one object, or for looking whether it was made, while the credential still reads is about that
 * object: providers guard their owners and groups so (Slack, Sentry). Stopping the whole connection for it would keep
 * everybody else's removal from happening.
 */
async function aboutObject(exchange: Exchange, error: unknown): Promise<unknown> {
  if (!(error instanceof UnauthorizedError) || error.facts.status !== 403) return error;
  try {
    await ping(exchange);
  } catch (failure) {
    if (!(failure instanceof HeadgateError)) throw failure;
    return error;
  }
  return new RejectedError(`${exchange.connection}: the provider does not allow this change, or to see it (403)`, {
    ...error.facts,
    remedy:
      'Often it guards an owner, or whoever made the token: hand that over at the provider first. If every change is refused, the credential lacks the right.',
  });
}

/** An error is an answer, too, and means something only to the read that meets it; except for what concerns every read. */
async function seeAnswer(exchange: Exchange): Promise<void> {
  try {
    await ping(exchange);
  } catch (error) {
    if (!(error instanceof HeadgateError) || error.facts.status === undefined || error instanceof ThrottledError)
      throw error;
    if (error instanceof UnauthorizedError && error.facts.status !== 403) throw error;
  }
}

function applyOperation(exchange: Exchange, operation: Operation, resolve: ResolveReference) {
  switch (operation.kind) {
    case 'link':
      return Promise.resolve(exported(exchange, operation.resourceId, { note: 'already-so' }));
    case 'create':
      return operation.resource === 'account'
        ? createAccount(exchange, operation, resolve)
        : createGroup(exchange, operation);
    case 'update':
    case 'reactivate':
      return operation.resource === 'account'
        ? changeAccount(exchange, operation, resolve)
        : changeGroup(exchange, operation);
    case 'disable':
      return disableAccount(exchange, operation);
    case 'delete':
      return operation.resource === 'account' ? deleteAccount(exchange, operation) : deleteGroup(exchange, operation);
    case 'members':
      return changeMembers(exchange, operation, resolve);
    default:
      return operation satisfies never;
  }
}

import { randomUUID } from 'node:crypto';
import { isHeadgateError, TransientError, type HeadgateError } from '../../core/errors.ts';
import type { DirectoryChange, ExactRequest } from '../../core/migration/journal.ts';
import type { SentWrite } from '../../core/operation.ts';
import type { CheckResult } from '../../ports/directory-source.ts';
import type { DirectoryChanged, DirectoryWriter } from '../../ports/directory-writer.ts';
import { CALLS, type Call, type GraphPermission } from './call.ts';
import { resolveEndpoints } from './clouds.ts';
import { failureOf, isObjectMissing, setbackOf } from './graph-failure.ts';
import { objectOf, textOf } from './json.ts';
import type { EntraOptions } from './options.ts';
import { createPersistence, DEFAULT_PATIENCE } from './patience.ts';
import { savedCredentialsOf } from './saved-credentials.ts';
import { neededPermissions, permissionsOf, requireHarmless } from './token-permissions.ts';
import { createTokenNetwork } from './token-network.ts';
import { createTokenSource } from './tokens.ts';
import { createTransport, type Answer } from './transport.ts';
import { requestOf, requireAllowed, savedCredentialsRequest } from './write-requests.ts';

const CALL_OF: Readonly<Record<DirectoryChange['kind'], Call>> = {
  assign: CALLS.assign,
  unassign: CALLS.unassign,
  'pause-job': CALLS.pauseJob,
};

/**
 * Writes to Microsoft Entra ID for a migration, as an application of its own. It sends a handful of kinds of request and refuses
 * every other before a token is asked for. Requests are repeated as Graph asks: each may be made twice without harm.
 * @throws StartupError for endpoints or a tenant that cannot be right
 */
export function createEntraWriter(options: EntraOptions): DirectoryWriter {
  const patience = { ...DEFAULT_PATIENCE, ...options.patience };
  const endpoints = resolveEndpoints(options);
  const { metrics, log, now, client } = options;
  const lifetime = new AbortController();
  const transport = createTransport(patience);
  const persistence = createPersistence({ patience, metrics, log, now });
  const network = createTokenNetwork(endpoints, transport, persistence, now, lifetime.signal);
  const tokens = createTokenSource({ ...options, endpoints, network });

  async function once(request: ExactRequest, token: string, signal: AbortSignal, seen: Seen): Promise<Answer> {
    const { method, path, body } = request;
    requireAllowed({ method, path });
    requireHarmless(token, client);
    const started = now();
    let code: number | 'error' = 'error';
    try {
      const answer = await transport.send({
        url: `${endpoints.graph.origin}${endpoints.graph.pathname}${path}`,
        method,
        headers: {
          authorization: `Bearer ${token}`,
          'client-request-id': randomUUID(),
          'user-agent': 'headgate',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        signal,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      code = answer.status;
      seen(answer);
      return answer;
    } catch (error) {
      seen(error instanceof Error ? error : new Error('unknown'));
      throw error;
    } finally {
      metrics.request('graph', '', method, code, (now() - started) / 1000);
    }
  }

  async function send(request: ExactRequest, signal: AbortSignal, seen: Seen): Promise<Answer> {
    const token = await tokens.token({ signal });
    const answer = await once(request, token, signal, seen);
    if (answer.status !== 401) return answer;
    return once(request, await tokens.token({ signal, instead: token }), signal, seen);
  }

  function persist(request: ExactRequest, signal: AbortSignal, seen: Seen = () => undefined): Promise<Answer> {
    requireAllowed(request);
    return persistence.persist(
      () => send(request, signal, seen),
      (given) => setbackOf(given, now()),
      signal,
    );
  }

  return {
    async apply(change, signal, witness) {
      const request = requestOf(change);
      const { method, path, body } = request;
      const failure = (answer: Answer) => failureOf(answer, CALL_OF[change.kind], client, now());
      let mayBeOurs = false;
      const answer = await persist(request, signal, (seen) => {
        const became = becameOf(change, seen, failure);
        mayBeOurs ||= became.outcome === 'unknown';
        witness?.({ method, path, ...(body === undefined ? {} : { body }), ...became });
      });
      const outcome = outcomeOf(change, answer) ?? fail(failure(answer));
      return mayBeOurs && outcome.state === 'already-so' ? { state: 'done' } : outcome;
    },
    async savedCredentials(application, job, signal) {
      return savedCredentialsOf(await persist(savedCredentialsRequest(application, job), signal));
    },
    check: (engine, signal) => checkWriter(() => tokens.token({ signal }), client, neededPermissions(engine)),
    async close() {
      lifetime.abort();
      await transport.close();
    },
  };
}

/** Is told what came back for each request that was sent: an answer, or why there is none. */
type Seen = (came: Answer | Error) => void;

/** What became of one request, as far as what came back tells. */
function becameOf(
  change: DirectoryChange,
  came: Answer | Error,
  failure: (answer: Answer) => HeadgateError,
): Pick<SentWrite, 'outcome' | 'why'> {
  if (came instanceof Error) return { outcome: 'unknown', why: came.message };
  const outcome = outcomeOf(change, came);
  if (outcome !== undefined)
    return {
      outcome: 'done',
      ...(outcome.state === 'done' ? {} : { why: 'Microsoft Graph says that it is so already' }),
    };
  const { message, facts } = failure(came);
  const why = facts.requestId === undefined ? message : `${message} (request id ${facts.requestId})`;
  // What fails over there may fail after it was carried out.
  return { outcome: came.status === 408 || came.status >= 500 ? 'unknown' : 'failed', why };
}

function fail(error: Error): never {
  throw error;
}

/** What an answer means; undefined when it is a failure. */
function outcomeOf(change: DirectoryChange, answer: Answer): DirectoryChanged | undefined {
  if (change.kind === 'assign') {
    if (answer.status === 201) {
      const assignment = textOf(objectOf(answer.body), 'id');
      return { state: 'done', ...(assignment === undefined ? {} : { assignment }) };
    }
    return alreadyExists(answer) ? { state: 'already-so' } : undefined;
  }
  if (answer.status === 204) return { state: 'done' };
  // A job that is gone is not one that stands still: somebody must look.
  if (change.kind === 'pause-job') return undefined;
  return isObjectMissing(answer) ? { state: 'already-so' } : undefined;
}

/** Graph gives a duplicate no code of its own; reading back decides in any case (serviceprincipal-post-approleassignedto). */
function alreadyExists(answer: Answer): boolean {
  const message = textOf(objectOf(objectOf(answer.body)['error']), 'message') ?? '';
  return answer.status === 400 && /already exists/i.test(message);
}

async function checkWriter(
  token: () => Promise<string>,
  client: string,
  needed: readonly GraphPermission[],
): Promise<readonly CheckResult[]> {
  const name = 'migration identity';
  try {
    const given = await token();
    if (given === '') throw new TransientError('The login service answered without a token.');
    requireHarmless(given, client);
    const permissions = permissionsOf(given) ?? [];
    const missing = needed.filter((permission) => !permissions.includes(permission));
    if (missing.length === 0) return [{ name, ok: true, detail: `may ${needed.join(' and ')}, and delete nobody` }];
    const remedy = `Grant application ${client} ${missing.join(' and ')} with admin consent, then wait two minutes.`;
    return [{ name, ok: false, detail: `lacks ${missing.join(' and ')}`, remedy }];
  } catch (error) {
    if (!isHeadgateError(error)) throw error;
    const { remedy } = error.facts;
    return [{ name, ok: false, detail: error.message, ...(remedy === undefined ? {} : { remedy }) }];
  }
}

import type { DriftReport } from '../core/drift.ts';
import type { CredentialDesk } from '../ports/credential-desk.ts';
import type { ExperimentDesk } from '../ports/experiment-desk.ts';
import type { HoldDesk } from '../ports/hold-desk.ts';
import type { LinkDesk } from '../ports/link-desk.ts';
import type { NotificationDesk } from '../ports/notifications.ts';
import type { MadePlan, Operator, PausedConnection } from '../ports/operator.ts';
import type { ApiClient, PlanEvent } from './api-client.ts';
import { followStream } from './follow-stream.ts';
import { createMigrationClient, type MigrationClient } from './migration-client.ts';
import { TransientError } from '../core/errors.ts';

/** Headgate's operator interface, asked through the API. */
export interface OperatorClient extends Pick<
  Operator,
  | 'status'
  | 'startCycle'
  | 'listCycles'
  | 'operations'
  | 'log'
  | 'cancelCycle'
  | 'explain'
  | 'planSubject'
  | 'provision'
  | 'schedules'
> {
  /** Hands over every event as it comes, and returns the plan. */
  plan(connection: string, onEvent: (event: PlanEvent) => void, signal: AbortSignal): Promise<MadePlan>;
  getCycle(id: string): Promise<NonNullable<Awaited<ReturnType<Operator['getCycle']>>>>;
  /** ApiError when the connection has not been audited yet. */
  drift(connection: string): Promise<DriftReport>;
  setSchedulesPaused: Operator['setSchedulesPaused'];
  removeSchedules: Operator['removeSchedules'];
  resumeConnection: Operator['resumeConnection'];
  pauseConnection(connection: string, reason: string, requestedBy: string): Promise<PausedConnection>;
  escrows: Operator['escrows'];
  retryEscrows: Operator['retryEscrows'];
  dropEscrows: Operator['dropEscrows'];
  recoveryActs: Operator['recoveryActs'];
  releaseQuarantine: Operator['releaseQuarantine'];
  reloadConfig: Operator['reloadConfig'];
  doctor: Operator['doctor'];
  readonly credentials: CredentialDesk;
  /** Asks of migrations. */
  readonly migrations: MigrationClient;
  readonly holds: HoldDesk;
  readonly experiments: ExperimentDesk;
  readonly links: LinkDesk;
  readonly notifications: NotificationDesk;
  close(): Promise<void>;
}

/** A typed client of every route of the API. Errors as in ApiClient. */
export function createOperatorClient(api: ApiClient): OperatorClient {
  return {
    status: () => api.get('/api/v1/status'),
    plan: (connection, onEvent, signal) => makePlan(api, connection, onEvent, signal),
    startCycle: ({ connection, kind, expectedDigest, requestedBy }) =>
      api.post(`/api/v1/connections/${encodeURIComponent(connection)}/cycles`, {
        kind,
        requestedBy,
        ...(expectedDigest === undefined ? {} : { expectedDigest }),
      }),
    getCycle: (id) => api.get(`/api/v1/cycles/${encodeURIComponent(id)}`),
    listCycles: (filter) => api.get(`/api/v1/cycles?${query(filter)}`),
    operations: (id, { states, ...filter }) =>
      api.get(`/api/v1/cycles/${encodeURIComponent(id)}/operations?${query({ ...filter, state: states?.join(',') })}`),
    drift: (connection) => api.get(`/api/v1/connections/${encodeURIComponent(connection)}/drift`),
    log: ({ kinds, outcomes, ...filter }) =>
      api.get(`/api/v1/log?${query({ ...filter, kind: kinds?.join(','), outcome: outcomes?.join(',') })}`),
    cancelCycle: async (id) =>
      (await api.post<{ cancelled: boolean }>(`/api/v1/cycles/${encodeURIComponent(id)}/cancel`)).cancelled,
    explain: (connection, user, signal) =>
      api.get(`/api/v1/connections/${encodeURIComponent(connection)}/explain?${query({ user })}`, signal),
    planSubject: (connection, subject, signal) =>
      api.get(`/api/v1/connections/${encodeURIComponent(connection)}/provision?${query({ subject })}`, signal),
    provision: ({ connection, idOrName, requestedBy, signal }) =>
      api.post(
        `/api/v1/connections/${encodeURIComponent(connection)}/provision`,
        { subject: idOrName, requestedBy },
        signal,
      ),
    schedules: () => api.get('/api/v1/schedules'),
    async removeSchedules(connection) {
      await api.post(`/api/v1/connections/${encodeURIComponent(connection)}/schedules/remove`);
    },
    async setSchedulesPaused(connection, paused) {
      const verb = paused ? 'pause' : 'resume';
      await api.post(`/api/v1/connections/${encodeURIComponent(connection)}/schedules/${verb}`);
    },
    resumeConnection: async (connection) =>
      (await api.post<{ resumed: boolean }>(`/api/v1/connections/${encodeURIComponent(connection)}/resume`)).resumed,
    ...recoveryCalls(api),
    reloadConfig: () => api.post('/api/v1/config/reload'),
    doctor: (signal) => api.get('/api/v1/doctor', signal),
    credentials: createDeskClient(api),
    migrations: createMigrationClient(api),
    holds: {
      list: ({ ended, ...filter }) => api.get(`/api/v1/holds?${query({ ...filter, ended: String(ended) })}`),
      show: (id, limit) => api.get(`/api/v1/holds/${encodeURIComponent(id)}?${query({ limit })}`),
      approve: (id, decision) => api.post(`/api/v1/holds/${encodeURIComponent(id)}/approve`, decision),
      reject: (id, decision) => api.post(`/api/v1/holds/${encodeURIComponent(id)}/reject`, decision),
    },
    experiments: {
      plan: (connection, domain) =>
        api.get(`/api/v1/connections/${encodeURIComponent(connection)}/probe?${query({ domain })}`),
      run: ({ connection, ...request }, signal) =>
        api.post(`/api/v1/connections/${encodeURIComponent(connection)}/probe`, request, signal),
      stop: async (connection) =>
        (await api.post<{ stopped: boolean }>(`/api/v1/connections/${encodeURIComponent(connection)}/probe/stop`))
          .stopped,
    },
    links: createLinkClient(api),
    notifications: {
      list: (limit) => api.get(`/api/v1/notifications?${query({ limit })}`),
      test: (signal) => api.post('/api/v1/notifications/test', {}, signal),
    },
    close: async () => api.close(),
  };
}

/** The credential desk, asked through the API. */
function createDeskClient(api: ApiClient): CredentialDesk {
  const at = (reference: string, verb = '') => `/api/v1/credentials/${encodeURIComponent(reference)}${verb}`;
  const of = (connection: string) => `/api/v1/connections/${encodeURIComponent(connection)}`;
  return {
    list: (connection) => api.get(`/api/v1/credentials?${query({ connection })}`),
    show: (reference) => api.get(at(reference)),
    add: ({ connection, ...request }, signal) => api.post(`${of(connection)}/credentials`, request, signal),
    probe: (reference, by, signal) => api.post(at(reference, '/probe'), { by }, signal),
    promote: (reference, by, signal) => api.post(at(reference, '/promote'), { by }, signal),
    retire: (reference, how, signal) => api.post(at(reference, '/retire'), how, signal),
    revoke: (reference, how, signal) => api.post(at(reference, '/revoke'), how, signal),
    setOwner: (reference, owner, by, signal) => api.post(at(reference, '/owner'), { owner, by }, signal),
    rotate: ({ connection, ...request }, signal) => api.post(`${of(connection)}/rotation`, request, signal),
  };
}

function createLinkClient(api: ApiClient): LinkDesk {
  const path = (connection: string, rest: string) =>
    `/api/v1/connections/${encodeURIComponent(connection)}/links${rest}`;
  return {
    list: (connection, page) => api.get(path(connection, `?${query(page)}`)),
    vanished: (connection, signal) => api.get(path(connection, '/vanished'), signal),
    forgetVanished: ({ connection, ...decision }, signal) =>
      api.post(path(connection, '/forget-vanished'), decision, signal),
  };
}

function recoveryCalls(
  api: ApiClient,
): Pick<
  OperatorClient,
  'pauseConnection' | 'escrows' | 'retryEscrows' | 'dropEscrows' | 'recoveryActs' | 'releaseQuarantine'
> {
  const path = (connection: string, rest: string) => `/api/v1/connections/${encodeURIComponent(connection)}/${rest}`;
  const act = async (verb: string, { connection, by, ...asked }: Parameters<Operator['retryEscrows']>[0]) => {
    const whom = asked.who === undefined ? { all: true } : {};
    const body = { ...asked, ...whom, requestedBy: by };
    return (await api.post<{ count: number }>(path(connection, `escrows/${verb}`), body)).count;
  };
  return {
    pauseConnection: (connection, reason, requestedBy) => api.post(path(connection, 'pause'), { reason, requestedBy }),
    escrows: (connection, filter) => api.get(path(connection, `escrows?${query(filter)}`)),
    retryEscrows: (asked) => act('retry', asked),
    dropEscrows: (asked) => act('drop', asked),
    recoveryActs: (connection, limit) => api.get(path(connection, `recovery-acts?${query({ limit })}`)),
    async releaseQuarantine({ connection, by, reason }) {
      const body = { requestedBy: by, ...(reason === undefined ? {} : { reason }) };
      return (await api.post<{ released: boolean }>(path(connection, 'quarantine/release'), body)).released;
    },
  };
}

function query(parameters: Readonly<Record<string, string | number | undefined>>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) search.set(name, String(value));
  return search.toString();
}

async function makePlan(
  api: ApiClient,
  connection: string,
  onEvent: (event: PlanEvent) => void,
  signal: AbortSignal,
): Promise<MadePlan> {
  let outcome: Extract<PlanEvent, { type: 'plan' }> | undefined;
  const path = `/api/v1/connections/${encodeURIComponent(connection)}/plan`;
  await followStream<PlanEvent>(api, path, {}, signal, (event) => {
    if (event.type === 'plan') outcome = event;
    onEvent(event);
  });
  if (outcome === undefined) {
    throw new TransientError('the daemon stopped before the plan was made', { remedy: 'see its log, then plan again' });
  }
  const { type: _, ...made } = outcome;
  return made;
}

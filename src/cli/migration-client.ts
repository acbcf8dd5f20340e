import type { Rehearsal } from '../core/migration/rehearsal.ts';
import type { MigrationAsk, MigrationOperator, MigrationPlan, RehearsalAsk } from '../ports/migration-operator.ts';
import type { MigrationView } from '../core/migration/view.ts';
import type { WhatIf } from '../core/whatif.ts';
import { TransientError } from '../core/errors.ts';
import type { ApiClient, RehearsalEvent } from './api-client.ts';
import { followStream } from './follow-stream.ts';

const HOUR_MS = 3_600_000;

/** What can be asked of migrations, through the API. */
export interface MigrationClient extends Pick<
  MigrationOperator,
  'migrationStatus' | 'actOnMigration' | 'migrationReport'
> {
  whatIf(connection: string, groups: readonly string[], signal: AbortSignal): Promise<WhatIf>;
  plan(ask: MigrationAsk, signal: AbortSignal): Promise<MigrationPlan>;
  /** Hands over every event as it comes, and returns the rehearsal. */
  rehearse(ask: RehearsalAsk, onEvent: (event: RehearsalEvent) => void, signal: AbortSignal): Promise<Rehearsal>;
  start(ask: MigrationAsk & { readonly requestedBy: string }, signal: AbortSignal): Promise<MigrationView>;
  approve(approval: {
    readonly connection: string;
    readonly gate: string;
    readonly digest: string;
    readonly by: string;
  }): Promise<MigrationView>;
}

function pathOf(connection: string, rest = ''): string {
  return `/api/v1/connections/${encodeURIComponent(connection)}/migration${rest}`;
}

function bodyOf({ kind, groups, options }: MigrationAsk): object {
  const { accept, twoPeople, approvalMs } = options;
  return { kind, groups, accept, twoPeople, approvalHours: approvalMs / HOUR_MS };
}

/** A typed client of the routes of migrations. Errors as in ApiClient. */
export function createMigrationClient(api: ApiClient): MigrationClient {
  return {
    whatIf(connection, groups, signal) {
      const query = new URLSearchParams(groups.map((group): [string, string] => ['group', group]));
      return api.get(`/api/v1/connections/${encodeURIComponent(connection)}/whatif?${query.toString()}`, signal);
    },
    plan: (ask, signal) => api.post(pathOf(ask.connection, '/plan'), bodyOf(ask), signal),
    async rehearse({ assume, ...ask }, onEvent, signal) {
      let rehearsal: Rehearsal | undefined;
      const body = { ...bodyOf(ask), assume };
      await followStream<RehearsalEvent>(api, pathOf(ask.connection, '/rehearsal'), body, signal, (event) => {
        if (event.type === 'rehearsal') rehearsal = event.rehearsal;
        onEvent(event);
      });
      if (rehearsal !== undefined) return rehearsal;
      throw new TransientError('the daemon stopped before the rehearsal was over', {
        remedy: 'see its log, then again',
      });
    },
    start: ({ requestedBy, ...ask }, signal) =>
      api.post(pathOf(ask.connection), { ...bodyOf(ask), requestedBy }, signal),
    migrationStatus: (connection) => api.get(pathOf(connection)),
    approve: ({ connection, ...approval }) => api.post(pathOf(connection, '/approve'), approval),
    actOnMigration: ({ connection, verb, ...body }) => api.post(pathOf(connection, `/act/${verb}`), body),
    migrationReport: (connection) => api.get(pathOf(connection, '/report')),
  };
}

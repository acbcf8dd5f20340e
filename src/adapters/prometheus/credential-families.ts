import { Gauge, type Registry } from 'prom-client';
import type { Credential, CredentialState } from '../../core/credential.ts';

const ENDED: ReadonlySet<CredentialState> = new Set(['retired', 'dead']);

/**
 * Registers when credentials expire, by the fingerprint that names them to people: neither secret nor owner is told.
 * Returns how to show the credentials of a connection; one that has ended has no series any more.
 */
export function createCredentialFamilies(
  registry: Registry,
): (connection: string, credentials: readonly Credential[]) => void {
  const expiry = new Gauge({
    name: 'headgate_credential_expiry_timestamp_seconds',
    help: 'When a credential that has not ended expires; 0: nobody told.',
    labelNames: ['connection', 'fingerprint', 'state'],
    registers: [registry],
  });
  const shown = new Map<string, { connection: string; fingerprint: string; state: string }[]>();
  return (connection, credentials) => {
    for (const labels of shown.get(connection) ?? []) expiry.remove(labels);
    const series = credentials
      .filter(({ state }) => !ENDED.has(state))
      .map(({ fingerprint, state, expiresAt = 0 }) => ({ labels: { connection, fingerprint, state }, expiresAt }));
    for (const { labels, expiresAt } of series) expiry.set(labels, expiresAt / 1000);
    shown.set(
      connection,
      series.map(({ labels }) => labels),
    );
  };
}

import { Gauge, type Registry } from 'prom-client';
import { type Health, QUARANTINE_REASONS } from '../../core/quarantine.ts';
import type { ConnectionReading } from './store-reading.ts';

/** The words of circuit breakers for how a connection is. */
const BREAKER_STATES = {
  healthy: 'closed',
  quarantined: 'open',
  'half-open': 'half_open',
} as const satisfies Record<Health['state'], string>;

/** Registers the gauges of escrows, quarantines and pace. Returns how to show what the store says of a connection. */
export function createRecoveryFamilies(
  registry: Registry,
  connections: readonly string[],
): (connection: string, reading: Pick<ConnectionReading, 'state' | 'escrows'>) => void {
  const families = registerFamilies([registry]);
  const showBreaker = (connection: string, health?: Health['state']): void => {
    for (const [each, state] of Object.entries(BREAKER_STATES)) {
      families.breaker.set({ connection, state }, each === health ? 1 : 0);
    }
  };
  const show = (connection: string, { state, escrows }: Pick<ConnectionReading, 'state' | 'escrows'>): void => {
    const { quarantine, pace } = state;
    for (const reason of QUARANTINE_REASONS) {
      families.quarantined.set({ connection, reason }, quarantine?.reason === reason ? 1 : 0);
    }
    showBreaker(connection, quarantine?.state ?? 'healthy');
    const waits = quarantine?.state === 'quarantined' ? quarantine.nextProbeAt : 0;
    families.nextProbe.set({ connection }, waits / 1000);
    families.escrowed.set({ connection, resource: 'user' }, escrows.accounts);
    families.escrowed.set({ connection, resource: 'group' }, escrows.groups);
    families.oldest.set({ connection }, (escrows.oldest ?? 0) / 1000);
    families.pace.set({ connection }, pace?.operationsPerSecond ?? 0);
    families.concurrency.set({ connection }, pace?.concurrency ?? 0);
  };
  for (const connection of connections) {
    show(connection, {
      state: { connection, schedulesPaused: false },
      escrows: { accounts: 0, groups: 0, waiting: 0 },
    });
    // Nobody has asked the store yet.
    showBreaker(connection);
  }
  return show;
}

function registerFamilies(registers: Registry[]) {
  const perConnection = (name: string, help: string) =>
    new Gauge({ name, help, labelNames: ['connection'], registers });
  return {
    quarantined: new Gauge({
      name: 'headgate_connection_quarantined',
      help: '1 while the connection is in quarantine for this reason, or on trial after it.',
      labelNames: ['connection', 'reason'],
      registers,
    }),
    breaker: new Gauge({
      name: 'headgate_circuit_breaker_state',
      help: '1 at how the connection is: closed, open (in quarantine) or half_open (a probe was answered, a few operations are on trial).',
      labelNames: ['connection', 'state'],
      registers,
    }),
    nextProbe: perConnection(
      'headgate_connection_next_probe_timestamp_seconds',
      'When a provider in trouble is asked next whether it is well again; 0: it is not in quarantine.',
    ),
    escrowed: new Gauge({
      name: 'headgate_escrowed_objects',
      help: 'Needs of users and groups that failed and are tried again with growing delay.',
      labelNames: ['connection', 'resource'],
      registers,
    }),
    oldest: perConnection(
      'headgate_escrow_oldest_timestamp_seconds',
      'Since when the oldest of them has failed; 0: none has.',
    ),
    pace: perConnection(
      'headgate_connection_pace_operations_per_second',
      'Operations a second of the newest slices; 0: none was sent yet.',
    ),
    concurrency: perConnection(
      'headgate_connection_concurrency',
      'Requests in flight the pace allowed then; 0: none was sent yet.',
    ),
  };
}

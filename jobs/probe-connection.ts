import type { Ports } from '../src/ports/index.ts';
import type { JobDefinition } from '../src/ports/job-queue.ts';
import { probeConnection as probe } from '../src/provisioning/probe-connection.ts';
import { field } from './payload.ts';

export interface ProbeConnection {
  readonly connection: string;
}

/** Asks the provider of a connection in quarantine whether it is well again, when it is time to. */
export const probeConnection: JobDefinition<ProbeConnection, Ports> = {
  name: 'probe-connection',
  queue: 'connection',
  parse: (data) => ({ connection: field(data, 'connection') }),
  connection: ({ connection }) => connection,
  dedupe: ({ connection }) => `probe-${connection}`,
  async run({ connection: name }, ports, log, signal) {
    const connection = ports.connections.get(name);
    if (connection === undefined) return log.warn({ connection: name }, 'a probe is for a connection not configured');
    return probe(connection, ports, log.child({ connection: name }), signal);
  },
};

import { RefusedError } from '../core/errors.ts';
import type { Hindrance } from '../core/migration/rehearsal.ts';
import type { Connection, Ports } from '../ports/index.ts';
import { requireSendable } from '../provisioning/recovery.ts';
import { requireOn } from '../provisioning/switched-off.ts';
import { requireAlone } from './beside.ts';
import { requireWriter } from './step-context.ts';

/** Something to put in order before a migration begins, and what its start is refused with. */
export interface Unreadiness extends Hindrance {
  readonly refusal: RefusedError;
}

type Asked = readonly [
  ports: Pick<Ports, 'stores' | 'migration' | 'connections' | 'clock'>,
  connection: Connection,
  signal: AbortSignal,
];

/**
 * What is not as it must be before anything is surveyed: the identity, a connection in order, no other migration of it or on its
 * application. Reads only.
 */
export async function unreadiness(...[ports, connection, signal]: Asked): Promise<readonly Unreadiness[]> {
  const { name } = connection.rules;
  const { connections, migrations } = ports.stores;
  const identity = await failedChecks(ports, connection.rules, signal);
  const found = await Promise.all([
    refusalOf('no-identity', async () => requireWriter(ports)),
    refusalOf('switched-off', () => requireOn(name, connections)),
    refusalOf('paused', () => requireSendable(name, ports)),
    refusalOf('migration-open', async () => {
      if ((await migrations.openOf(name)) === undefined) return;
      throw new RefusedError('migration-open', `connection ${name} has an open migration already`, {
        remedy: `see where it stands: headgate migration status ${name}`,
      });
    }),
    refusalOf('migration-open', () => requireAlone(connection, ports)),
  ]);
  return [...identity, ...found.filter((one) => one !== undefined)];
}

/** @throws RefusedError with the first thing to put in order, and how */
export async function requireReady(...asked: Asked): Promise<void> {
  const [first] = await unreadiness(...asked);
  if (first !== undefined) throw first.refusal;
}

async function failedChecks({ migration: { writer } }: Asked[0], { engine }: Connection['rules'], signal: AbortSignal) {
  const checks = writer === undefined ? [] : await writer.check(engine ?? 'headgate', signal);
  return checks
    .filter(({ ok }) => !ok)
    .map(({ name, detail, remedy = 'see: headgate doctor' }) =>
      told('identity', new RefusedError('migration-refused', `${name}: ${detail}`, { remedy })),
    );
}

async function refusalOf(code: Hindrance['code'], require: () => Promise<unknown>): Promise<Unreadiness | undefined> {
  try {
    await require();
    return undefined;
  } catch (error) {
    if (error instanceof RefusedError) return told(code, error);
    throw error;
  }
}

function told(code: Hindrance['code'], refusal: RefusedError): Unreadiness {
  const { message, facts } = refusal;
  return { code, text: facts.remedy === undefined ? message : `${message}. ${facts.remedy}`, refusal };
}

import { RefusedError } from '../core/errors.ts';
import type { SurveyFinding } from '../core/migration/survey.ts';
import type { Connection, Ports } from '../ports/index.ts';
import { requireSendable } from '../provisioning/recovery.ts';
import { requireWriter } from './step-context.ts';

/**
 * What must be so before anything is looked at: the identity, and a connection that is in order.
 * @throws RefusedError with what is not, and what to do
 */
export async function requireReady(
  ports: Pick<Ports, 'stores' | 'migration'>,
  rules: Connection['rules'],
  signal: AbortSignal,
): Promise<void> {
  const connection = rules.name;
  const writer = requireWriter(ports);
  const failed = (await writer.check(rules.engine ?? 'headgate', signal)).find(({ ok }) => !ok);
  if (failed !== undefined)
    throw new RefusedError('migration-refused', `${failed.name}: ${failed.detail}`, {
      remedy: failed.remedy ?? 'see: headgate doctor',
    });
  const { switchedOffAt } = await ports.stores.connections.get(connection);
  if (switchedOffAt !== undefined)
    throw new RefusedError('connection-off', `connection ${connection} was switched off already`);
  await requireSendable(connection, ports);
}

/** The same for somebody who only looks: what a start would be refused for before its survey, in its words. */
export async function unreadiness(...asked: Parameters<typeof requireReady>): Promise<readonly SurveyFinding[]> {
  try {
    await requireReady(...asked);
    return [];
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    const { message, facts } = error;
    const text = facts.remedy === undefined ? message : `${message}. ${facts.remedy}`;
    return [{ code: 'not-ready', severity: 'refuse', text, anchors: [] }];
  }
}

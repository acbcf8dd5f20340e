import type { Command } from 'commander';
import { CONNECTION_OPTION } from '../connection-option.ts';
import { EXIT } from '../exit-codes.ts';
import type { ExitCode } from '../exit-codes.ts';
import { renderActs, renderQuarantine } from '../render/recovery.ts';
import { onRun } from '../session.ts';
import type { Session, Shell } from '../session.ts';

interface Options {
  readonly connection?: string;
  readonly reason?: string;
}

const ACTS_SHOWN = 10;

/** `headgate quarantine`: why nothing is sent over a connection, and going on without waiting for the next probe. */
export function registerQuarantine(program: Command, shell: Shell): void {
  const quarantine = program.command('quarantine').description('look at and end the quarantine of a connection');
  onRun<Options>(
    shell,
    quarantine
      .command('show')
      .description("show the cause, the provider's answer and the next probe")
      .option(...CONNECTION_OPTION),
    runShow,
  );
  onRun<Options>(
    shell,
    quarantine
      .command('release')
      .description('go on at once, without a probe; who and why are kept')
      .option(...CONNECTION_OPTION)
      .option('--reason <text>', 'why; it is kept'),
    runRelease,
  );
}

async function runShow(session: Session, options: Options): Promise<ExitCode> {
  const connection = session.connectionName(options.connection);
  const { operator } = await session.connect();
  const status = (await operator.status()).connections.find((found) => found.connection === connection);
  const quarantine = status?.state.quarantine;
  const acts = await operator.recoveryActs(connection, ACTS_SHOWN);
  if (session.json) {
    session.out(JSON.stringify({ connection, quarantine: quarantine ?? null, acts }, undefined, 2));
    return EXIT.done;
  }
  if (quarantine === undefined) session.say(`${connection} is not in quarantine.`);
  else session.out(renderQuarantine(connection, quarantine, session.paint));
  if (acts.length > 0) session.out(`\n${renderActs(acts)}`);
  return EXIT.done;
}

async function runRelease(session: Session, options: Options): Promise<ExitCode> {
  const connection = session.connectionName(options.connection);
  const { operator } = await session.connect();
  const released = await operator.releaseQuarantine({
    connection,
    by: session.requestedBy(),
    ...(options.reason === undefined ? {} : { reason: options.reason }),
  });
  if (session.json) session.out(JSON.stringify({ connection, released }));
  session.say(
    released
      ? `${connection} goes on. If its trouble is not over, it is in quarantine again soon.`
      : `${connection} was not in quarantine; nothing changed.`,
  );
  return EXIT.done;
}

import type { Command } from 'commander';
import { CONNECTION_OPTION } from '../connection-option.ts';
import { EXIT } from '../exit-codes.ts';
import type { ExitCode } from '../exit-codes.ts';
import { UsageError } from '../io.ts';
import { renderSchedules } from '../render/status.ts';
import { printable } from '../../core/printable.ts';
import { onRun } from '../session.ts';
import type { Session, Shell } from '../session.ts';

interface Options {
  readonly connection?: string;
}

/** `headgate schedule`: look at schedules, and stop or let go on those of one connection. */
export function registerSchedule(program: Command, shell: Shell): void {
  const schedule = program.command('schedule').description('look at, pause and resume the schedules of connections');
  onRun(shell, schedule.command('list').description('list schedules with their next run'), runList);
  onRun<Options>(
    shell,
    schedule
      .command('remove')
      .description('remove the schedules of a connection that was taken out of the configuration')
      .option('-c, --connection <name>', 'connection that is not configured any more'),
    runRemove,
  );
  for (const [verb, paused, description] of [
    ['pause', true, 'start no scheduled cycle of a connection until it is resumed'],
    ['resume', false, 'let scheduled cycles of a connection start again'],
  ] as const) {
    onRun<Options>(
      shell,
      schedule
        .command(verb)
        .description(description)
        .option(...CONNECTION_OPTION),
      (session, options) => runSet(session, options, paused),
    );
  }
}

async function runRemove(session: Session, { connection }: Options): Promise<ExitCode> {
  if (connection === undefined) throw new UsageError('name the connection with -c');
  const { operator } = await session.connect();
  await operator.removeSchedules(connection);
  if (session.json) session.out(JSON.stringify({ connection, removed: true }));
  session.say(`${connection} has no schedules any more.`);
  return EXIT.done;
}

async function runList(session: Session): Promise<ExitCode> {
  const { operator } = await session.connect();
  const schedules = await operator.schedules();
  if (session.json) session.out(JSON.stringify(schedules, undefined, 2));
  else if (schedules.length === 0) session.say(withoutSchedules(session));
  else session.out(renderSchedules(schedules, session.paint));
  for (const name of new Set(schedules.filter(({ configured }) => !configured).map((found) => found.connection))) {
    session.say(
      `${printable(name)} is not configured here. If no other daemon has it: headgate schedule remove -c ${printable(name)}`,
    );
  }
  return EXIT.done;
}

/** Schedules are kept in the queue, where a daemon sets them: one that is only configured starts nothing. */
function withoutSchedules(session: Session): string {
  const configured = session
    .config()
    .connections.some(({ schedule: { full, incremental } }) => (full ?? incremental) !== undefined);
  return configured
    ? 'Schedules are configured, but none is set: they are set, and cycles start, once "headgate serve" runs.'
    : 'No connection has a schedule; set one with "schedule" in the configuration.';
}

async function runSet(session: Session, options: Options, paused: boolean): Promise<ExitCode> {
  const connection = session.connectionName(options.connection);
  const { operator } = await session.connect();
  await operator.setSchedulesPaused(connection, paused);
  if (session.json) session.out(JSON.stringify({ connection, schedulesPaused: paused }));
  session.say(
    paused
      ? `No scheduled cycle of ${connection} starts from now on; an open cycle goes on. Let them start again with: headgate schedule resume -c ${connection}`
      : `Scheduled cycles of ${connection} start again.`,
  );
  return EXIT.done;
}

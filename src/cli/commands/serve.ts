import { Option } from 'commander';
import type { Command } from 'commander';
import { problemLines } from '../failure.ts';
import { SERVE_ROLES } from '../parts.ts';
import type { ServeRole } from '../parts.ts';
import { onRun } from '../session.ts';
import type { Shell } from '../session.ts';

interface Options {
  readonly role: ServeRole;
}

/** `headgate serve`: runs the daemon. */
export function registerServe(program: Command, shell: Shell): void {
  const command = program
    .command('serve')
    .description('run the daemon: schedules, workers, API, health and metrics')
    .addOption(new Option('--role <role>', 'what this process does').choices(SERVE_ROLES).default('all'));
  onRun<Options>(shell, command, async (session, { role }) => {
    const config = session.config();
    for (const line of problemLines(session.configFile, config.warnings)) session.say(`warning: ${line}`);
    return session.parts.serve(config, { role, reread: session.reread });
  });
}

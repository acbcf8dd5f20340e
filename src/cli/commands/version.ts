import type { Command } from 'commander';
import { EXIT } from '../exit-codes.ts';
import { onRun } from '../session.ts';
import type { Shell } from '../session.ts';

/** `headgate version`. */
export function registerVersion(program: Command, shell: Shell): void {
  onRun(shell, program.command('version').description('print the version'), async (session) => {
    const { version } = session.parts;
    session.out(session.json ? JSON.stringify({ version, node: process.versions.node }) : `headgate ${version}`);
    return EXIT.done;
  });
}

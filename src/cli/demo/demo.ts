import { join, resolve } from 'node:path';
import { loadConfig } from '../../config/load.ts';
import { openSandbox, type Sandbox } from '../../sandbox/sandbox.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { Interrupted, type CliIo } from '../io.ts';
import type { DemoOptions } from '../parts.ts';
import type { Paint } from '../render/paint.ts';
import { changeDirectory } from './changes.ts';
import { freePort, startDaemon } from './daemon.ts';

/** Runs one Headgate command line, as a person would type it. */
export type RunCommand = (argv: readonly string[]) => Promise<ExitCode>;

interface Stage {
  readonly io: CliIo;
  readonly paint: Paint;
  readonly configFile: string;
  readonly run: RunCommand;
}

/** The same seed gives everybody the same company to look at. */
const SEED = 2026;

function heading({ io, paint }: Pick<Stage, 'io' | 'paint'>, title: string): void {
  io.stdout.write(`\n${paint.strong(`── ${title} `.padEnd(100, '─'))}\n\n`);
}

/** Shows the command line, then runs it. Throws when it ends otherwise than expected. */
async function command(
  stage: Stage,
  argv: readonly string[],
  expected: readonly ExitCode[] = [EXIT.done],
): Promise<void> {
  stage.io.stdout.write(`${stage.paint.dim(`$ headgate ${argv.join(' ')}`)}\n`);
  const code = await stage.run([...argv, '--config', stage.configFile]);
  if (!expected.includes(code)) throw new Error(`"headgate ${argv.join(' ')}" ended with exit code ${code}`);
}

/** Colliding names are in the company on purpose: the guard holds those two and everything else goes on. */
const PLANNED = [EXIT.done, EXIT.refused];
const CARRIED_OUT = [...PLANNED, EXIT.entryErrors];

async function firstRun(stage: Stage, sandbox: Sandbox): Promise<void> {
  heading(stage, 'What would a full cycle do? Nothing is written by a plan');
  await command(stage, ['plan'], PLANNED);
  heading(stage, 'A full cycle');
  await command(stage, ['cycle', 'start', '--full', '--wait'], CARRIED_OUT);
  await sandbox.save();
  heading(stage, 'Things change in the directory');
  const { told, leaver } = changeDirectory(sandbox);
  stage.io.stdout.write(`${told.map((line) => `  · ${line}`).join('\n')}\n`);
  await sandbox.save();
  heading(stage, 'What follows from that, and why');
  await command(stage, ['plan'], PLANNED);
  heading(stage, 'A second full cycle does only that');
  await command(stage, ['cycle', 'start', '--full', '--wait'], CARRIED_OUT);
  await sandbox.save();
  heading(stage, 'Why does the leaver no longer have access?');
  await command(stage, ['explain', leaver]);
}

async function laterRun(stage: Stage): Promise<void> {
  heading(stage, 'The same data as last time: is there anything to do?');
  await command(stage, ['plan'], PLANNED);
}

function report({ io, paint }: Stage, sandbox: Sandbox): void {
  const { accounts, groups } = sandbox.provider;
  const active = accounts.all().filter((account) => account['active'] !== false).length;
  const writes = sandbox.provider.requests().filter(({ method }) => method !== 'GET').length;
  const lines = [
    `The service provider now holds ${accounts.size} accounts (${active} active) and ${groups.size} groups.`,
    `In this run it received ${writes} writing requests.`,
    '',
    `Run ${paint.strong('npm run demo')} again: with the same data there is nothing left to do. Start over with ${paint.strong('rm -r headgate-demo')}.`,
    `To play on your own: ${paint.strong('npm run headgate -- sandbox')}, and in another terminal the commands above.`,
  ];
  io.stdout.write(`${lines.join('\n')}\n`);
}

/** The demo: a sandbox, a daemon in its own process, and the commands an operator would give. */
export async function runDemo(options: DemoOptions, io: CliIo, paint: Paint, run: RunCommand): Promise<ExitCode> {
  const directory = resolve(options.directory);
  const httpPort = await freePort();
  const stop = io.interrupts();
  const { users, groups } = options;
  io.stdout.write(`Starting an emulated Entra tenant and an emulated SCIM service provider in ${directory} …\n`);
  const like = { users, groups, seed: SEED, provider: 'generic', engine: 'headgate' } as const;
  const sandbox = await openSandbox({ ...like, port: 0, directory, httpPort });
  try {
    const { http } = loadConfig(sandbox.configFile, io.env);
    const daemon = await startDaemon(sandbox.configFile, http, join(directory, 'daemon.log'), (ms) =>
      io.pause(ms, stop),
    );
    try {
      io.stdout.write(
        `Headgate runs: http://127.0.0.1:${httpPort}/readyz and /metrics; its log is ${join(directory, 'daemon.log')}\n`,
      );
      const stage = { io, paint, configFile: sandbox.configFile, run };
      await (sandbox.resumed ? laterRun(stage) : firstRun(stage, sandbox));
      heading(stage, 'Report');
      await command(stage, ['status']);
      io.stdout.write('\n');
      report(stage, sandbox);
      return EXIT.done;
    } finally {
      await daemon.stop();
    }
  } catch (error) {
    if (!(stop.reason instanceof Interrupted)) throw error;
    io.stderr.write(`The demo was stopped. What it did is kept in ${directory}; to begin anew, delete that folder.\n`);
    return stop.reason.exit;
  } finally {
    await sandbox.close();
  }
}

import { Option } from 'commander';
import type { Command } from 'commander';
import { SANDBOX_ENGINES } from '../../sandbox/engine.ts';
import { PROFILE_NAMES } from '../../core/profile.ts';
import { parseCount } from '../duration.ts';
import { onRun } from '../session.ts';
import type { Shell } from '../session.ts';
import type { SandboxOptions } from '../parts.ts';

/** `headgate sandbox`: an emulated tenant and service provider to try everything on. Needs no configuration. */
export function registerSandbox(program: Command, shell: Shell): void {
  const command = program
    .command('sandbox')
    .description('run an emulated Entra tenant and SCIM service provider to try Headgate on')
    .option('--users <count>', 'people in the generated organisation', parseCount(1), 500)
    .option('--groups <count>', 'directory groups', parseCount(0), 30)
    .option('--seed <number>', 'the same seed gives the same organisation', parseCount(0), 1)
    .option('--port <port>', 'port of the tenant; the provider takes the next one; 0 for any', parseCount(0), 4010)
    .option('--directory <path>', 'folder for state, secrets and a ready-made configuration', './headgate-sandbox')
    .addOption(
      new Option('--provider <profile>', 'behaviour of the service provider').choices(PROFILE_NAMES).default('generic'),
    )
    .addOption(
      new Option('--engine <engine>', "who provisions: Headgate, or the emulated Entra's own service")
        .choices(SANDBOX_ENGINES)
        .default('headgate'),
    );
  onRun<SandboxOptions>(shell, command, ({ parts, io }, options) =>
    parts.runSandbox(
      {
        users: options.users,
        groups: options.groups,
        seed: options.seed,
        port: options.port,
        directory: options.directory,
        provider: options.provider,
        engine: options.engine,
      },
      io,
    ),
  );
}

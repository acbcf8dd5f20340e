import type { Command } from 'commander';
import type { DemoOptions } from '../parts.ts';
import { parseCount } from '../duration.ts';
import { onRun } from '../session.ts';
import type { Shell } from '../session.ts';

/** `headgate demo`: a company, a provider and a daemon, driven through a day. Needs no configuration. */
export function registerDemo(program: Command, shell: Shell): void {
  const command = program
    .command('demo')
    .description('show Headgate at work on an emulated tenant and service provider')
    .option('--users <count>', 'people in the generated organisation', parseCount(50), 500)
    .option('--groups <count>', 'directory groups', parseCount(5), 30)
    .option('--directory <path>', 'folder for state and configuration', './headgate-demo');
  onRun<DemoOptions>(shell, command, ({ parts, io, paint }, options) => parts.runDemo(options, io, paint));
}

#!/usr/bin/env node
import type { CliParts } from './parts.ts';
import { runCli } from './program.ts';
import { runProcess } from './run-process.ts';
import { readVersion } from './version.ts';

const version = readVersion();

/** Large parts are loaded when a command needs them: `headgate --help` must not wait for a database. */
const parts: CliParts = {
  version,
  serve: async (config, options) => (await import('../main.ts')).serve(config, options, version),
  openInProcess: async (config, options) => (await import('../main.ts')).openInProcess(config, options, version),
  runSandbox: async (options, io) => (await import('./run-sandbox.ts')).runSandbox(options, io),
  runDemo: async (options, io, paint) =>
    (await import('./demo/demo.ts')).runDemo(options, io, paint, (argv) => runCli(argv, io, parts)),
};

await runProcess(parts);

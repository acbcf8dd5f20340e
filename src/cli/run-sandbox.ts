import { resolve } from 'node:path';
import { openSandbox } from '../sandbox/sandbox.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import type { CliIo } from './io.ts';
import type { SandboxOptions } from './parts.ts';

/** Where the daemon listens unless told otherwise. */
const HTTP_PORT = 4040;

/** Runs the sandbox until a signal, having said how to connect Headgate to it. */
export async function runSandbox(options: SandboxOptions, io: CliIo): Promise<ExitCode> {
  const stop = io.interrupts();
  const sandbox = await openSandbox({ ...options, httpPort: HTTP_PORT });
  const { tenant, provider, configFile } = sandbox;
  const lines = [
    `${sandbox.resumed ? 'Taken up again' : 'Made'} in ${resolve(options.directory)}:`,
    `  tenant    ${tenant.url}   (Graph ${tenant.graphUrl}, control ${tenant.url}/_sandbox/)`,
    `  provider  ${provider.url}   (${options.provider})`,
    '',
    'Connect Headgate to it, in another terminal:',
    `  headgate plan --config ${configFile}`,
    `  headgate serve --config ${configFile}`,
    '',
    'Ctrl-C saves the state and stops.',
  ];
  io.stdout.write(`${lines.join('\n')}\n`);
  if (!stop.aborted) await new Promise((done) => stop.addEventListener('abort', done, { once: true }));
  await sandbox.close();
  return EXIT.done;
}

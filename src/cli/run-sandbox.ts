import { resolve } from 'node:path';
import { StartupError } from '../core/errors.ts';
import { openSandbox, OWN_SERVICE_EVERY_MS, type Sandbox } from '../sandbox/sandbox.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import type { CliIo } from './io.ts';
import type { SandboxOptions } from './parts.ts';

/** Where the daemon listens unless told otherwise, and how far that is from the tenant: two sandboxes have two daemons. */
const HTTP_PORT = 4040;
const FROM_TENANT = 30;

/** Codes of Node for a port that is taken, not allowed, or none. */
const PORT_PROBLEMS: ReadonlySet<string> = new Set(['EADDRINUSE', 'EACCES', 'ERR_SOCKET_BAD_PORT']);

/** Runs the sandbox until a signal, having said how to connect Headgate to it. Throws StartupError for a port it cannot have. */
export async function runSandbox(options: SandboxOptions, io: CliIo): Promise<ExitCode> {
  const stop = io.interrupts();
  const sandbox = await open(options);
  const { tenant, provider, configFile } = sandbox;
  const lines = [
    `${sandbox.resumed ? 'Taken up again' : 'Made'} in ${resolve(options.directory)}:`,
    `  tenant    ${tenant.url}   (Graph ${tenant.graphUrl}, control ${tenant.url}/_sandbox/)`,
    `  provider  ${provider.url}   (${options.provider})`,
    ...(options.engine === 'entra'
      ? [`  job       Entra's own provisioning of ${sandbox.application}, every ${OWN_SERVICE_EVERY_MS / 1000} seconds`]
      : []),
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
  io.stdout.write(`State saved in ${resolve(options.directory)}.\n`);
  return EXIT.done;
}

async function open(options: SandboxOptions): Promise<Sandbox> {
  try {
    return await openSandbox({ ...options, httpPort: options.port === 0 ? HTTP_PORT : options.port + FROM_TENANT });
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
    if (!PORT_PROBLEMS.has(code)) throw cause;
    const { port } = options;
    const remedy = 'another sandbox may be running there; stop it, or choose two free ports in a row with --port.';
    throw new StartupError(`cannot listen on the ports ${port} and ${port + 1} of 127.0.0.1 (${code})`, {
      remedy,
      cause,
    });
  }
}

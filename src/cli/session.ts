import { userInfo } from 'node:os';
import type { Command, OptionValues } from 'commander';
import type { Config } from '../config/config.ts';
import { loadConfig, loadFile } from '../config/load.ts';
import { salvageConfig } from '../config/salvage.ts';
import type { SalvagedConfig } from '../config/salvage.ts';
import { ConfigError } from '../core/errors.ts';
import { didYouMean } from '../core/did-you-mean.ts';
import { createApiClient } from './api-client.ts';
import type { ExitCode } from './exit-codes.ts';
import { UsageError } from './io.ts';
import type { CliIo } from './io.ts';
import { createOperatorClient } from './operator-client.ts';
import type { OperatorClient } from './operator-client.ts';
import type { CliParts, Reread } from './parts.ts';
import { createPaint } from './render/paint.ts';
import type { Paint } from './render/paint.ts';
import { connectToDaemon, daemonLives, daemonUrl } from './transport.ts';

/** Options every command has. */
export interface GlobalOptions {
  readonly config?: string;
  readonly json?: boolean;
  readonly color: boolean;
}

/** What is known while one command runs. */
export interface Session {
  readonly io: CliIo;
  readonly parts: CliParts;
  readonly json: boolean;
  /** Colours for `stdout`; off where it is no terminal. */
  readonly paint: Paint;
  readonly configFile: string;
  /** The checked configuration, read once. Throws ConfigError. */
  config(): Config;
  /** The configuration as it is on disk now, for a daemon that is told to read it again. */
  readonly reread: Reread;
  /** The connection asked for, or the only one there is. Throws UsageError. */
  connectionName(asked: string | undefined): string;
  /** Names of all connections. Throws ConfigError when the file does not tell them. */
  connectionNames(): readonly string[];
  /** The operator interface: of the running daemon, or opened in this process (`work`: carrying out jobs as well). */
  connect(options?: { readonly work: boolean; readonly migrationsOf?: readonly string[] }): Promise<OpenOperator>;
  /** Who asks, for the audit trail of a cycle. */
  requestedBy(): string;
  readonly out: (text: string) => void;
  readonly say: (text: string) => void;
}

export interface OpenOperator {
  readonly operator: OperatorClient;
  /** Whether a daemon answers; otherwise everything happens in this process. */
  readonly daemon: boolean;
}

/** What the commands are registered with. */
export interface Shell {
  readonly io: CliIo;
  readonly parts: CliParts;
  /** Keeps the exit code a command ended with. */
  ended(code: ExitCode): void;
}

/** Makes `run` the action of a command: gives it a session, and lets go of what the session opened. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- names the options the command declares
export function onRun<Options extends OptionValues>(
  shell: Shell,
  command: Command,
  run: (session: Session, options: Options, args: readonly string[]) => Promise<ExitCode>,
): Command {
  return command.action(async () => {
    const opened: OperatorClient[] = [];
    const session = createSession(shell, command, opened);
    try {
      shell.ended(await run(session, command.opts<Options>(), command.args));
    } finally {
      for (const operator of opened) await operator.close();
    }
  });
}

/** The configuration file in force: option, then environment where that names any, then the name in the current folder. */
export function configFileOf(options: Pick<GlobalOptions, 'config'>, io: CliIo): string {
  return options.config ?? (io.env['HEADGATE_CONFIG'] || './headgate.yaml');
}

function createSession({ io, parts }: Shell, command: Command, opened: OperatorClient[]): Session {
  const options = command.optsWithGlobals<GlobalOptions>();
  const configFile = configFileOf(options, io);
  let config: Config | undefined;
  const reread = () => loadFile(configFile, io.env);
  const readConfig = () => (config ??= loadConfig(configFile, io.env));
  const say = (text: string) => void io.stderr.write(`${text}\n`);
  let salvaged: SalvagedConfig | undefined;
  /** Where a daemon is to be found, and what it may be asked about: also when the file is good for nothing else. */
  const addressOf = (): SalvagedConfig => {
    if (salvaged !== undefined) return salvaged;
    try {
      const { file, http, connections } = readConfig();
      salvaged = { file, http, connections: connections.map(({ name }) => name) };
    } catch (error) {
      salvaged = error instanceof ConfigError ? salvageConfig(configFile, io.env) : undefined;
      if (salvaged === undefined) throw error;
    }
    return salvaged;
  };
  const connectionNames = () => {
    const { connections } = addressOf();
    return connections ?? readConfig().connections.map(({ name }) => name);
  };
  return {
    io,
    parts,
    configFile,
    json: options.json === true,
    paint: createPaint(io.stdout, options.color),
    config: readConfig,
    reread,
    connectionName(asked) {
      // What is not valid here may be known to the daemon all the same, and nobody else knows better.
      const unknown = addressOf().connections === undefined;
      if (asked !== undefined && unknown) return asked;
      if (unknown)
        say('The connections cannot be read from the file: name it in the command, and a running daemon is asked.');
      const names = connectionNames();
      // A list that is not valid either is nothing to choose from.
      if (asked === undefined && names.length !== 1) readConfig();
      return chooseConnection(names, asked, command);
    },
    connectionNames,
    async connect({ work, migrationsOf = [] } = { work: false }) {
      const address = addressOf();
      const daemon = await daemonLives(address.http);
      const transport = daemon
        ? await connectToDaemon(address).catch((error: unknown) => {
            // Without the token of what answers there it may be anybody's daemon: then the file's own problems count.
            readConfig();
            throw error;
          })
        : await parts.openInProcess(readConfig(), { work, migrationsOf, reread });
      if (daemon && config === undefined) say(`warning: ${brokenFile(configFile, daemonUrl(address.http))}`);
      const operator = createOperatorClient(createApiClient(transport));
      opened.push(operator);
      return { operator, daemon };
    },
    requestedBy: () => `cli:${userName()}`,
    out: (text) => void io.stdout.write(`${text}\n`),
    say,
  };
}

function brokenFile(file: string, url: string): string {
  return `${file} has problems (see: headgate config check); the daemon at ${url} is asked, which goes on with the configuration it has`;
}

function chooseConnection(names: readonly string[], asked: string | undefined, command: Command): string {
  const [first] = names;
  if (asked === undefined) {
    if (first !== undefined && names.length === 1) return first;
    throw new UsageError(`there are ${names.length} connections: ${howToName(names, command)}`);
  }
  if (names.includes(asked)) return asked;
  throw new UsageError(`no connection is named "${asked}"${didYouMean(asked, names)}; configured: ${names.join(', ')}`);
}

/** In the way this command takes it: as its argument, or as an option. */
function howToName(names: readonly string[], command: Command): string {
  const listed = `(${names.join(', ')})`;
  if (!command.registeredArguments.some((argument) => argument.name() === 'connection'))
    return `name one with -c ${listed}`;
  const words: string[] = [];
  for (let at: Command | null = command; at !== null; at = at.parent) words.unshift(at.name());
  return `name one ${listed}: ${words.join(' ')} ${names[0] ?? '<name>'}`;
}

/** The system's name of the person at the keyboard. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run under a number that has no name.
    return String(process.getuid?.() ?? 'unknown');
  }
}

import type { Config } from '../config/config.ts';
import type { CheckedFile } from '../config/load.ts';
import type { SandboxOptions as OpenSandboxOptions } from '../sandbox/sandbox.ts';
import type { CliIo } from './io.ts';
import type { ExitCode } from './exit-codes.ts';
import type { Paint } from './render/paint.ts';
import type { Transport } from './transport.ts';

export const SERVE_ROLES = ['all', 'worker', 'scheduler', 'api'] as const;
export type ServeRole = (typeof SERVE_ROLES)[number];

/** Reads the configuration file anew. Throws ConfigError. */
export type Reread = () => CheckedFile;

/** What `headgate sandbox` was asked for. */
export type SandboxOptions = Omit<OpenSandboxOptions, 'httpPort'>;

/** What `headgate demo` was asked for. */
export interface DemoOptions {
  readonly directory: string;
  readonly users: number;
  readonly groups: number;
}

/**
 * The large parts a command may start, handed in by the entry point and loaded only when used, so that `headgate --help`
 * does not load a database.
 */
export interface CliParts {
  readonly version: string;
  /** Runs the daemon until it is told to stop; it minds signals by itself. */
  serve(config: Config, options: { readonly role: ServeRole; readonly reread: Reread }): Promise<ExitCode>;
  /**
   * Opens the same API inside this process, for use without a daemon. `work`: also take jobs, so that a cycle started here
   * is carried out here, and the migrations of `migrationsOf` with it, no others. Throws StartupError when another process holds the data directory.
   */
  openInProcess(
    config: Config,
    options: { readonly work: boolean; readonly migrationsOf?: readonly string[]; readonly reread: Reread },
  ): Promise<Transport>;
  runSandbox(options: SandboxOptions, io: CliIo): Promise<ExitCode>;
  runDemo(options: DemoOptions, io: CliIo, paint: Paint): Promise<ExitCode>;
}

import { Command } from 'commander';
import { registerApply } from './commands/apply.ts';
import { registerConfig } from './commands/config.ts';
import { registerConnection } from './commands/connection.ts';
import { registerCycle } from './commands/cycle.ts';
import { registerDemo } from './commands/demo.ts';
import { registerDoctor } from './commands/doctor.ts';
import { registerDrift } from './commands/drift.ts';
import { registerEscrow } from './commands/escrow.ts';
import { registerExplain } from './commands/explain.ts';
import { registerHolds } from './commands/holds.ts';
import { registerLog } from './commands/log.ts';
import { registerMigration } from './commands/migration.ts';
import { registerNotification } from './commands/notification.ts';
import { registerPlan } from './commands/plan.ts';
import { registerProbe } from './commands/probe.ts';
import { registerProvision } from './commands/provision.ts';
import { registerQuarantine } from './commands/quarantine.ts';
import { registerSandbox } from './commands/sandbox.ts';
import { registerSchedule } from './commands/schedule.ts';
import { registerServe } from './commands/serve.ts';
import { registerStatus } from './commands/status.ts';
import { registerToken } from './commands/token.ts';
import { registerVersion } from './commands/version.ts';
import { registerWhatIf } from './commands/whatif.ts';
import { EXIT, EXIT_CODES } from './exit-codes.ts';
import type { ExitCode } from './exit-codes.ts';
import { reportFailure } from './failure.ts';
import type { CliIo } from './io.ts';
import type { CliParts } from './parts.ts';
import type { GlobalOptions, Shell } from './session.ts';

/** Every command, in the order of the help. */
const COMMANDS: readonly ((program: Command, shell: Shell) => void)[] = [
  registerServe,
  registerPlan,
  registerApply,
  registerCycle,
  registerProvision,
  registerHolds,
  registerSchedule,
  registerConnection,
  registerToken,
  registerEscrow,
  registerQuarantine,
  registerNotification,
  registerStatus,
  registerExplain,
  registerWhatIf,
  registerMigration,
  registerLog,
  registerDrift,
  registerConfig,
  registerDoctor,
  registerProbe,
  registerSandbox,
  registerDemo,
  registerVersion,
];

/** Runs one command line (without `node` and the script) and returns its exit code. Never throws. */
export async function runCli(argv: readonly string[], io: CliIo, parts: CliParts): Promise<ExitCode> {
  let code: ExitCode = EXIT.done;
  const program = createProgram({ io, parts, ended: (ended) => void (code = ended) });
  try {
    await program.parseAsync(argv, { from: 'user' });
    return code;
  } catch (error) {
    const { json, color } = program.opts<GlobalOptions>();
    return reportFailure(error, io, { json: json === true, color });
  }
}

/** The command line with all its commands. Nothing runs until it is given arguments. */
export function createProgram(shell: Shell): Command {
  const { io, parts } = shell;
  const program = new Command('headgate')
    .description('Provisions assignments of Microsoft Entra ID to SCIM service providers: planned, guarded, queued.')
    .version(parts.version, '-V, --version', 'print the version')
    .option('--config <file>', 'configuration file (default: $HEADGATE_CONFIG or ./headgate.yaml)')
    .option('--json', 'print JSON; long commands print one JSON object a line')
    .option('--no-color', 'print without colours')
    .helpCommand('help [command]', 'show the help of a command')
    .configureHelp({ showGlobalOptions: true, helpWidth: 100 })
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .showHelpAfterError('(add --help for what is possible)')
    .addHelpText('after', `\n${exitCodeTable()}`)
    .exitOverride();
  for (const register of COMMANDS) register(program, shell);
  return program;
}

function exitCodeTable(): string {
  return ['Exit codes:', ...EXIT_CODES.map(([code, meaning]) => `  ${String(code).padStart(3)}  ${meaning}`)].join(
    '\n',
  );
}

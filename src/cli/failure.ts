import { CommanderError } from 'commander';
import { serializeError } from '../logger.ts';
import { ConfigError, isHeadgateError, RefusedError, toldWhole } from '../core/errors.ts';
import type { ConfigProblem } from '../core/errors.ts';
import { ApiError } from './api-client.ts';
import { EXIT } from './exit-codes.ts';
import type { ExitCode } from './exit-codes.ts';
import { Interrupted, UsageError } from './io.ts';
import type { CliIo } from './io.ts';
import { createPaint } from './render/paint.ts';
import { printable } from '../core/printable.ts';

/** `headgate.yaml:12:5 connections[0].name: must be …`, the form editors and terminals make clickable. */
export function problemLines(file: string, problems: readonly ConfigProblem[]): string[] {
  return problems.map(({ path, message, line, column }) => {
    const place = line === undefined ? file : `${file}:${line}:${column ?? 1}`;
    return printable(`${place}${path === '' ? '' : ` ${path}`}: ${message}`);
  });
}

/** A failure in the words an operator gets: what is wrong, the details, what to do. */
interface Failure {
  readonly code: string;
  readonly exit: ExitCode;
  readonly message: string;
  readonly details: readonly string[];
  readonly problems?: readonly ConfigProblem[];
  readonly remedy?: string;
}

const REFUSALS: ReadonlySet<string> = new Set([
  'cycle-open',
  'plan-stale',
  'probe-open',
  'connection-paused',
  'connection-off',
  'migration-open',
  'migration-refused',
  'guard',
  'hold',
  'credential',
  'configured',
]);

/** Says on `stderr` (and under --json on `stdout` as well) why a command failed, and returns its exit code. */
export function reportFailure(
  error: unknown,
  io: CliIo,
  { json, color }: { readonly json: boolean; readonly color: boolean },
): ExitCode {
  // commander has printed its own message, or the help that was asked for.
  if (error instanceof CommanderError && error.exitCode === 0) return EXIT.done;
  if (error instanceof CommanderError) {
    if (json) writeProblem(io, { code: 'usage', message: error.message.replace(/^error: /, '') });
    return EXIT.usage;
  }
  const failure = describeFailure(error);
  if (json) writeProblem(io, failure);
  const paint = createPaint(io.stderr, color);
  const lines = [
    `${paint.bad('error:')} ${printable(failure.message)}`,
    ...failure.details.map((line) => `  ${printable(line)}`),
  ];
  if (failure.remedy !== undefined) lines.push(`  ${paint.strong('what to do:')} ${printable(failure.remedy)}`);
  io.stderr.write(`${lines.join('\n')}\n`);
  return failure.exit;
}

function writeProblem(io: CliIo, failure: Pick<Failure, 'code' | 'message' | 'remedy' | 'problems'>): void {
  const { code, message, remedy, problems } = failure;
  io.stdout.write(`${JSON.stringify({ type: 'error', problem: { code, detail: message, remedy, problems } })}\n`);
}

function describeFailure(error: unknown): Failure {
  if (error instanceof ConfigError) {
    const [file = 'the configuration'] = error.message.split(': ');
    return {
      code: 'config',
      exit: EXIT.config,
      message: error.message,
      details: toldWhole(error.problems) === undefined ? problemLines(file, error.problems) : [],
      problems: error.problems,
      // What is wrong outside the file's lines, such as a missing file, says itself what to do and is not found by a check.
      ...(error.problems.some(({ line }) => line !== undefined)
        ? { remedy: `mend ${error.problems.length === 1 ? 'it' : 'them'}, then see with: headgate config check` }
        : {}),
    };
  }
  if (error instanceof ApiError) return describeApiError(error);
  if (error instanceof UsageError) return { code: 'usage', exit: EXIT.usage, message: error.message, details: [] };
  const interrupted = interruption(error);
  if (interrupted !== undefined) {
    const { exit } = interrupted;
    return { code: 'interrupted', exit, message: `${interrupted.message}; nothing was written`, details: [] };
  }
  if (isHeadgateError(error)) {
    const { remedy, status, requestId } = error.facts;
    const refused = error instanceof RefusedError && REFUSALS.has(error.code);
    return {
      code: error instanceof RefusedError ? error.code : error.name,
      exit: refused ? EXIT.refused : EXIT.failed,
      message: error.message,
      details: [
        ...(status === undefined ? [] : [`status ${status}`]),
        ...(requestId === undefined ? [] : [`request id ${requestId}`]),
      ],
      ...(remedy === undefined ? {} : { remedy }),
    };
  }
  return defect(error);
}

/** An aborted request carries its reason either as the error itself or as its cause. */
function interruption(error: unknown): Interrupted | undefined {
  if (error instanceof Interrupted) return error;
  return error instanceof Error && error.cause instanceof Interrupted ? error.cause : undefined;
}

function describeApiError(error: ApiError): Failure {
  const exit = REFUSALS.has(error.code) ? EXIT.refused : error.code === 'config' ? EXIT.config : EXIT.failed;
  return {
    code: error.code,
    exit,
    message: error.message,
    details: error.problems.map((problem) => `${problem.path}: ${problem.message}`),
    problems: error.problems,
    ...(error.remedy === undefined ? {} : { remedy: error.remedy }),
  };
}

/** Anything outside the family is a defect of Headgate: its stack is what helps to mend it. */
function defect(error: unknown): Failure {
  const { type, message, stack } = serializeError(error);
  return {
    code: 'internal',
    exit: EXIT.failed,
    message: `internal: ${type}: ${message}`,
    details: (stack ?? '')
      .split('\n')
      .slice(1)
      .map((line) => line.trim()),
    remedy: 'this is a defect of Headgate; please report it with the lines above',
  };
}

import type { Writable } from 'node:stream';
import type { DestinationStream, Logger, LoggerOptions } from 'pino';
import { pino } from 'pino';
import pretty from 'pino-pretty';
import type { LogConfig } from './config/config.ts';
import { isHeadgateError } from './core/errors.ts';

/**
 * The one redaction list: names of fields that may hold a secret, at the top, one level down and among headers. Nothing
 * in Headgate logs them on purpose; this catches what a library hands over.
 */
const SECRET_FIELDS = [
  'authorization',
  'Authorization',
  'cookie',
  'token',
  'access_token',
  'accessToken',
  'client_secret',
  'clientSecret',
  'client_assertion',
  'clientAssertion',
  'secret',
  'password',
  'privateKey',
];

/** Paths of everything that is never written to the log. */
export const REDACTED_PATHS: readonly string[] = [
  ...SECRET_FIELDS.flatMap((field) => [field, `*.${field}`, `*.headers.${field}`]),
  'req.query',
  'req.url',
  'res.headers["set-cookie"]',
];

/** What the log says of an error: its class, message and facts. Never a body, a request or an address with a query. */
interface LoggedError {
  readonly type: string;
  readonly message: string;
  readonly status?: number;
  readonly scimType?: string;
  readonly requestId?: string;
  readonly remedy?: string;
  readonly code?: string;
  readonly cause?: LoggedError;
  /** Only for defects: one of ours needs no stack, its class says what to do. */
  readonly stack?: string;
}

/** Picks the facts of an error. Vendors hang requests, headers and bodies on theirs, so nothing else is copied. */
export function serializeError(error: unknown, depth = 0): LoggedError {
  if (!(error instanceof Error)) return { type: typeof error, message: 'a value that is no error was thrown' };
  const cause = depth < 3 && error.cause instanceof Error ? { cause: serializeError(error.cause, depth + 1) } : {};
  const code = 'code' in error && typeof error.code === 'string' ? { code: error.code } : {};
  if (isHeadgateError(error)) {
    const { status, scimType, requestId, remedy } = error.facts;
    return {
      type: error.name,
      message: error.message,
      ...code,
      ...(status === undefined ? {} : { status }),
      ...(scimType === undefined ? {} : { scimType }),
      ...(requestId === undefined ? {} : { requestId }),
      ...(remedy === undefined ? {} : { remedy }),
      ...cause,
    };
  }
  const stack = depth === 0 && error.stack !== undefined ? { stack: error.stack } : {};
  return { type: error.name, message: withoutQueries(error.message), ...code, ...cause, ...stack };
}

/** Adapters that pick the words of a vendor's failure themselves log them as text. */
function serializeReason(error: unknown): LoggedError | string {
  return typeof error === 'string' ? withoutQueries(error) : serializeError(error);
}

/** Query strings carry names (`$filter=userName eq "…"`), and vendors' messages quote addresses. */
function withoutQueries(message: string): string {
  return message.replaceAll(/(https?:\/\/[^\s?"']+)\?.*/g, '$1?…');
}

/** Where the log goes and whether that is a terminal. */
export interface LogOutput {
  readonly stream: Writable;
  readonly terminal: boolean;
}

/** The root logger. JSON lines, except on a terminal (format `auto`) or when `pretty` is asked for. It fits `Log`. */
export function createLogger(config: LogConfig, output: LogOutput, version: string): Logger {
  const options: LoggerOptions = {
    level: config.level,
    base: { version },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: [...REDACTED_PATHS], censor: '[redacted]' },
    serializers: { err: (error: unknown) => serializeError(error), error: serializeReason },
  };
  return pino(options, destination(config, output));
}

function destination(config: LogConfig, output: LogOutput): DestinationStream {
  const asText = config.format === 'pretty' || (config.format === 'auto' && output.terminal);
  if (!asText) return output.stream;
  return pretty({ destination: output.stream, colorize: output.terminal, ignore: 'pid,hostname,version' });
}

import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { ConfigError } from '../core/errors.ts';
import type { ConfigProblem } from '../core/errors.ts';
import type { Config } from './config.ts';
import { toConfig } from './convert.ts';
import { crossCheck } from './cross-check.ts';
import type { Environment } from './interpolate.ts';
import { readMappingAt } from './mapping.ts';
import { describeIssues } from './problems.ts';
import { fileSchema } from './schema.ts';
import type { FileSettings } from './schema.ts';
import { fileBase } from './secret-files.ts';
import { isSettings, readSource } from './source-document.ts';
import type { PlainSettings, SourceDocument } from './source-document.ts';

/** A configuration file that passed every check, in the file's own shape. Holds secrets in clear: never print it whole. */
export interface CheckedFile {
  readonly config: Config;
  readonly settings: FileSettings;
  readonly source: SourceDocument;
}

/**
 * Reads and checks the configuration. Throws ConfigError with every problem there is, each with its path, line and
 * column. Secret files are looked for but not read.
 */
export function loadConfig(file: string, env: Environment): Config {
  return loadFile(file, env).config;
}

/** As `loadConfig`, with the settings as written, for `config show`. */
export function loadFile(file: string, env: Environment): CheckedFile {
  const path = resolve(file);
  return checkText(readText(path), path, env);
}

/** Checks a configuration's text; `path` is where it stands (or would stand), for relative paths and messages. */
export function checkText(text: string, path: string, env: Environment): CheckedFile {
  const base = fileBase(path, dirname(path), env);
  const source = readSource(text, env);
  if (source.root === undefined || source.root === null) {
    throw new ConfigError(path, source.problems.length > 0 ? source.problems : [EMPTY]);
  }
  const parsed = fileSchema.safeParse(source.root);
  const crossed = crossCheck(source, base);
  const mappings = connectionsOf(source.written).map((connection, index) =>
    readMappingAt(connection['mapping'], ['connections', index, 'mapping'], source),
  );
  const problems = [
    ...source.problems,
    ...describeIssues(fileSchema.safeParse(source.written).error?.issues ?? [], source),
    ...crossed.problems,
    ...mappings.flatMap((mapping) => mapping?.problems ?? []),
  ];
  if (parsed.data === undefined || problems.length > 0) throw new ConfigError(path, inOrder(problems));

  const config = toConfig(
    parsed.data,
    mappings.map((read) => read?.mapping ?? []),
    base,
  );
  const warnings = [...crossed.warnings, ...mappings.flatMap((mapping) => mapping?.warnings ?? [])];
  return { config: { ...config, warnings: inOrder(warnings) }, settings: parsed.data, source };
}

/** The connections as plain data, whatever else is in the file; one that is no group of settings is an empty one. */
function connectionsOf(root: unknown): readonly PlainSettings[] {
  const connections = isSettings(root) ? root['connections'] : undefined;
  return Array.isArray(connections) ? connections.map((one) => (isSettings(one) ? one : {})) : [];
}

const EMPTY: ConfigProblem = {
  path: '',
  message: 'the file is empty; it needs at least "directory" and "connections"',
};

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    const sandbox = code === 'ENOENT' ? '; to try Headgate without one of your own: headgate sandbox' : '';
    throw new ConfigError(path, [
      { path: '', message: `cannot be read (${code}); name the file with --config or HEADGATE_CONFIG${sandbox}` },
    ]);
  }
}

/** In the order of the file, and one problem per setting: the first is the cause, what follows from it is noise. */
function inOrder(problems: readonly ConfigProblem[]): ConfigProblem[] {
  const seen = new Map<string, ConfigProblem>();
  for (const problem of problems) {
    if (problem.path === '' || !seen.has(problem.path)) seen.set(problem.path || problem.message, problem);
  }
  return [...seen.values()].sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
}

import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { HttpConfig } from './config.ts';
import type { Environment } from './interpolate.ts';
import { fileSchema } from './schema.ts';
import { fileBase, secretPath } from './secret-files.ts';
import { isSettings, readSource } from './source-document.ts';

/** What a configuration file that cannot be used still says for certain. */
export interface SalvagedConfig {
  /** Absolute path of the file. */
  readonly file: string;
  readonly http: HttpConfig;
  /** Names of the connections; absent when the file cannot be read to its end, so that one of them may be missing. */
  readonly connections?: readonly string[];
}

/**
 * Where the daemon of a configuration with problems listens, for commands that only talk to it: what `http` says, or the
 * defaults where it says nothing. Undefined when the file cannot be read, or the trouble is in `http` itself.
 */
export function salvageConfig(file: string, env: Environment): SalvagedConfig | undefined {
  const path = resolve(file);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    // The caller already has the error that says why it cannot be read.
    return undefined;
  }
  const source = readSource(text, env, 'salvage');
  if (!isSettings(source.root)) return undefined;
  const http = fileSchema.shape.http.safeParse(source.root['http']);
  if (http.data === undefined || source.problems.some((problem) => problem.path.startsWith('http.'))) return undefined;
  const { host, port, token_file: tokenFile } = http.data;
  return {
    file: path,
    http: { host, port, tokenFile: secretPath(fileBase(path, dirname(path), env), tokenFile) },
    ...(source.broken ? {} : namesOf(source.root['connections'])),
  };
}

function namesOf(connections: unknown): Pick<SalvagedConfig, 'connections'> {
  if (!Array.isArray(connections)) return {};
  const names = connections.flatMap((one: unknown) =>
    isSettings(one) && typeof one['name'] === 'string' ? [one['name']] : [],
  );
  return names.length === connections.length ? { connections: names } : {};
}

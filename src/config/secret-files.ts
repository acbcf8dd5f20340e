import { readFile } from 'node:fs/promises';
import { existsSync, statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { ConfigError } from '../core/errors.ts';
import type { Environment } from './interpolate.ts';
import { Secret } from './secret.ts';

/** Where relative paths of a configuration file are looked up. */
export interface FileBase {
  /** Absolute path of the configuration file. */
  readonly file: string;
  readonly directory: string;
  readonly credentialsDirectory: string | undefined;
}

export function fileBase(file: string, directory: string, env: Environment): FileBase {
  return { file, directory, credentialsDirectory: env['CREDENTIALS_DIRECTORY'] };
}

/**
 * The path a `*_file` setting means: relative to the configuration file; a bare name is looked up in
 * `$CREDENTIALS_DIRECTORY` first (systemd.exec, LoadCredential=).
 */
export function secretPath(base: FileBase, setting: string): string {
  if (base.credentialsDirectory !== undefined && basename(setting) === setting) {
    const credential = resolve(base.credentialsDirectory, setting);
    if (existsSync(credential)) return credential;
  }
  return resolve(base.directory, setting);
}

/** What is known about a secret file before it is read. `unknown` when its folder may not be looked into. */
export function inspectSecretFile(
  path: string,
): 'private' | 'world-readable' | 'missing' | 'empty' | 'not-a-file' | 'unknown' {
  try {
    const found = statSync(path);
    if (!found.isFile() && !found.isFIFO()) return 'not-a-file';
    if (found.isFile() && found.size === 0) return 'empty';
    // Windows has no such bits; Node reports 0o666 there for everything.
    return process.platform !== 'win32' && (found.mode & 0o004) !== 0 ? 'world-readable' : 'private';
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ENOENT' ? 'missing' : 'unknown';
  }
}

/** A secret in a file. Read whenever it is used; one trailing line break is not part of it. */
export function fileSecret(base: FileBase, setting: string, path: string): Secret {
  return new Secret(path, async () => {
    const value = (await readSecretFile(base, setting, path)).replace(/\r?\n$/, '');
    if (value === '') throw unreadable(base, setting, `${path} is empty; write the secret into it`);
    return value;
  });
}

async function readSecretFile(base: FileBase, setting: string, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    throw unreadable(base, setting, `${path} cannot be read (${code}); it must exist and be readable by this user`);
  }
}

function unreadable(base: FileBase, setting: string, message: string): ConfigError {
  return new ConfigError(base.file, [{ path: setting, message }]);
}

/** A secret written into the configuration, usually by way of an environment variable. */
export function givenSecret(setting: string, value: string): Secret {
  return new Secret(setting, async () => value, `given ${value}`);
}

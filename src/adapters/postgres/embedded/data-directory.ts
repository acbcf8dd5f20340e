import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { mkdir, readdir, readFile, realpath, rename, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { StartupError } from '../../../core/errors.ts';

/** A fresh database takes 40 MB, and its log grows to 80 MB between checkpoints. */
const MINIMUM_FREE_BYTES = 200 * 1024 * 1024;
const MARKER = 'HEADGATE';
/** Left by file systems and operating systems in an otherwise empty directory. */
const IGNORED = new Set(['lost+found', '.DS_Store', '.gitkeep', '.gitignore']);

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** A file system failure at the start, told as what to do about it. */
export function directoryProblem(directory: string, error: unknown): StartupError {
  const code = codeOf(error) ?? 'unknown';
  const remedies: Readonly<Record<string, string>> = {
    EACCES: 'Give the user Headgate runs as read and write access to it, or set database.url to another directory.',
    EPERM: 'Give the user Headgate runs as read and write access to it, or set database.url to another directory.',
    EROFS: 'The file system is mounted read-only: mount it writable, or set database.url to another directory.',
    ENOSPC: 'The disk is full: free some space and start again; nothing acknowledged was lost.',
    ENOTDIR: 'A part of the path is a file: set database.url to a directory.',
    EEXIST: 'The path is a file: set database.url to a directory.',
  };
  return new StartupError(`the data directory ${directory} cannot be used (${code})`, {
    remedy: remedies[code] ?? 'Check the directory and its file system, or set database.url to another directory.',
    cause: error,
  });
}

async function namesIn(directory: string): Promise<readonly string[]> {
  return (await readdir(directory)).filter((name) => !IGNORED.has(name));
}

async function hasSpace(directory: string): Promise<void> {
  const { bavail, bsize } = await statfs(directory);
  if (bavail * bsize >= MINIMUM_FREE_BYTES) return;
  const free = Math.floor((bavail * bsize) / 1024 / 1024);
  throw new StartupError(`the data directory ${directory} has ${free} MB of free space; a new database needs 200 MB`, {
    remedy: 'Free some space, or set database.url to a directory on another disk.',
  });
}

/**
 * Makes sure the directory exists and is Headgate's: empty, or marked by an earlier start. Returns its real path.
 * Throws StartupError for a foreign, unreadable or read-only directory.
 */
export async function claimDirectory(path: string): Promise<string> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    const directory = await realpath(path);
    const names = await namesIn(directory);
    if (names.length > 0 && !names.includes(MARKER)) {
      throw new StartupError(`the data directory ${directory} holds files that are not Headgate's (${names.length})`, {
        remedy: 'Set database.url to an empty directory, or to one Headgate has used before.',
      });
    }
    // Written every time: proves the directory is writable before the database finds out in the middle of something.
    await writeFile(join(directory, MARKER), 'Data directory of Headgate. Do not change files in here.\n');
    return directory;
  } catch (error) {
    throw error instanceof StartupError ? error : directoryProblem(path, error);
  }
}

/** The first open of a database takes 800 MB of memory that would never be given back, so a short-lived child does it. */
const CREATE_SCRIPT = `
const { PGlite } = require(process.argv[1]);
(async () => {
  const db = new PGlite({ dataDir: process.argv[2] });
  await db.waitReady;
  await db.close();
})().then(() => process.exit(0), (error) => { console.error(error); process.exit(1); });
`;

function runCreateScript(target: string): Promise<void> {
  const library = createRequire(import.meta.url).resolve('@electric-sql/pglite');
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['-e', CREATE_SCRIPT, library, target], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => {
      stderr = (stderr + chunk.toString('utf8')).slice(-2_000);
    });
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`creating the database ended with ${signal ?? `exit code ${code}`}: ${stderr}`));
    });
  });
}

async function majorVersion(database: string): Promise<string | undefined> {
  try {
    return (await readFile(join(database, 'PG_VERSION'), 'utf8')).trim();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * The path of the database inside a claimed and locked directory, created if it is not there. A creation that was
 * interrupted leaves only a draft, which is thrown away.
 */
export async function ensureDatabase(directory: string): Promise<string> {
  const database = join(directory, 'pglite');
  const draft = join(directory, 'pglite.draft');
  try {
    if ((await majorVersion(database)) !== undefined) return database;
    if ((await readdir(directory)).includes('pglite')) {
      throw new StartupError(`the database in ${database} is damaged: it has no PG_VERSION file`, {
        remedy: 'Restore the data directory from a backup. Do not delete it: it holds the links to existing accounts.',
      });
    }
    await hasSpace(directory);
    await rm(draft, { recursive: true, force: true });
    await runCreateScript(draft);
    await rename(draft, database);
    return database;
  } catch (error) {
    throw error instanceof StartupError ? error : directoryProblem(directory, error);
  }
}

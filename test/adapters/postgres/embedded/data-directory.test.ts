import { mkdir, mkdtemp, readdir, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { directoryOf, openDatabase } from '../../../../src/adapters/postgres/database.ts';
import { claimDirectory, directoryProblem } from '../../../../src/adapters/postgres/embedded/data-directory.ts';
import { StartupError } from '../../../../src/core/errors.ts';
import { silentLog } from '../../../silent-log.ts';

let parent: string;

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'headgate-directory-'));
});
afterEach(() => rm(parent, { recursive: true }));

async function refusalOf(work: Promise<unknown>): Promise<StartupError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof StartupError)) throw new Error(`expected a StartupError, found ${String(error)}`);
  expect(error.facts.remedy).toBeTypeOf('string');
  return error;
}

function open(directory: string): Promise<unknown> {
  return openDatabase({ url: `file:${directory}`, log: silentLog });
}

describe('a data directory', () => {
  test('is created with its parents, and marked', async () => {
    const directory = join(parent, 'a', 'b');
    await claimDirectory(directory);
    expect(await readdir(directory)).toEqual(['HEADGATE']);
    await claimDirectory(directory);
  });

  test('that holds the files of somebody else is refused and left as it is', async () => {
    await writeFile(join(parent, 'thesis.txt'), 'years of work');
    const refusal = await refusalOf(open(parent));
    expect(refusal.message).toContain('not Headgate');
    expect(await readdir(parent)).toEqual(['thesis.txt']);
  });

  test('that is empty but for what a file system leaves there is taken', async () => {
    await mkdir(join(parent, 'lost+found'));
    await expect(claimDirectory(parent)).resolves.toContain('headgate-directory-');
  });

  test('that is a file is refused', async () => {
    const file = join(parent, 'file');
    await writeFile(file, '');
    expect((await refusalOf(open(file))).facts.remedy).toContain('directory');
    expect((await refusalOf(open(join(file, 'below')))).facts.remedy).toContain('directory');
  });

  test('reached by two names is one directory', async () => {
    const alias = join(parent, 'alias');
    await mkdir(join(parent, 'real'));
    await symlink(join(parent, 'real'), alias);
    expect(await claimDirectory(alias)).toBe(await claimDirectory(join(parent, 'real')));
  });

  test('whose database is damaged is refused with the advice to restore, and nothing is deleted', async () => {
    await claimDirectory(parent);
    await mkdir(join(parent, 'pglite', 'base'), { recursive: true });
    const missing = await refusalOf(open(parent));
    expect(missing.message).toContain('damaged');
    expect(missing.facts.remedy).toContain('Do not delete');
    expect(await readdir(join(parent, 'pglite'))).toEqual(['base']);
  });

  test('whose control file is cut short is refused with what the database says', async () => {
    const database = await openDatabase({ url: `file:${parent}`, log: silentLog });
    await database.close();
    await truncate(join(parent, 'pglite', 'global', 'pg_control'), 100);
    const refusal = await refusalOf(open(parent));
    expect(refusal.message).toContain('does not start');
    expect(refusal.facts.remedy).toContain('Restore');
  });

  test('whose creation was interrupted is created anew', async () => {
    await claimDirectory(parent);
    await mkdir(join(parent, 'pglite.draft'));
    await writeFile(join(parent, 'pglite.draft', 'PG_VERSION'), 'half');
    const database = await openDatabase({ url: `file:${parent}`, log: silentLog });
    await database.close();
    expect(await readdir(parent)).not.toContain('pglite.draft');
  });
});

test.each([
  ['EACCES', 'read and write access'],
  ['EROFS', 'read-only'],
  ['ENOSPC', 'disk is full'],
  ['EIO', 'Check the directory'],
])('a file system that answers %s is told as what to do: %s', (code, remedy) => {
  const problem = directoryProblem('/data', Object.assign(new Error('no'), { code }));
  expect(problem.message).toBe(`the data directory /data cannot be used (${code})`);
  expect(problem.facts.remedy).toContain(remedy);
});

test.each([
  ['file:/var/lib/headgate', '/var/lib/headgate'],
  ['file:///var/lib/headgate', '/var/lib/headgate'],
  ['file:./data', join(process.cwd(), 'data')],
  ['file:data', join(process.cwd(), 'data')],
])('%s is the directory %s', (url, directory) => {
  expect(directoryOf(url)).toBe(directory);
});

test('a URL of an unknown kind is refused with the kinds there are', async () => {
  const refusal = await refusalOf(openDatabase({ url: 'mysql://host/db', log: silentLog }));
  expect(refusal.facts.remedy).toContain('postgres://');
});

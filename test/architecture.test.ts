import { readdirSync, readFileSync } from 'node:fs';
import { cruise, type IForbiddenRuleType } from 'dependency-cruiser';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { JOBS } from '../jobs/index.ts';

const lockSchema = z.object({
  packages: z.record(z.string(), z.object({ optionalDependencies: z.record(z.string(), z.string()).optional() })),
});

const ADAPTERS = readdirSync('src/adapters', { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

/** `from` may import nothing of ours but `to` (regular expressions on paths). */
function mayImportOnly(name: string, from: string, to: string): IForbiddenRuleType {
  return { name, severity: 'error', from: { path: from }, to: { path: '^(src|jobs)/', pathNot: to } };
}

const RULES: IForbiddenRuleType[] = [
  mayImportOnly('core imports core only', '^src/core/', '^src/core/'),
  mayImportOnly('ports import core and ports', '^src/ports/', '^src/(core|ports)/'),
  mayImportOnly('provisioning imports core, ports and itself', '^src/provisioning/', '^src/(core|ports|provisioning)/'),
  mayImportOnly(
    'migration imports core, ports, provisioning and itself',
    '^src/migration/',
    '^src/(core|ports|provisioning|migration)/',
  ),
  mayImportOnly(
    'jobs import core, ports, provisioning, migration and jobs',
    '^jobs/',
    '^(src/(core|ports|provisioning|migration)|jobs)/',
  ),
  mayImportOnly(
    'rehearsal stands beside headgate.ts: adapters only through the context, and no face',
    '^src/rehearsal/',
    '^(src/(core|ports|provisioning|migration|sandbox|config|rehearsal)/|src/context\\.ts$|jobs/)',
  ),
  mayImportOnly('http imports core, ports and itself', '^src/http/', '^src/(core|ports|http)/'),
  mayImportOnly(
    'the sandbox imports itself and plain types of core',
    '^src/sandbox/',
    '^src/(sandbox/|core/(scim|errors)\\.ts$)',
  ),
  ...ADAPTERS.map((name) =>
    mayImportOnly(
      `adapter ${name} imports core, ports and itself`,
      `^src/adapters/${name}/`,
      `^src/(core|ports|adapters/${name})/`,
    ),
  ),
  {
    name: 'only context.ts wires adapters',
    severity: 'error',
    from: { path: '^(src|jobs)/', pathNot: '^src/(context\\.ts|adapters/)' },
    to: { path: '^src/adapters/' },
  },
  {
    name: 'core is pure: no I/O, no vendor package',
    severity: 'error',
    from: { path: '^src/core/', pathNot: '^src/core/plan\\.ts$' },
    to: { dependencyTypes: ['core', 'npm', 'npm-dev'] },
  },
  { name: 'no circles', severity: 'error', from: {}, to: { circular: true } },
];

async function violations(): Promise<readonly string[]> {
  const { output } = await cruise(['src', 'jobs'], {
    ruleSet: { forbidden: RULES },
    validate: true,
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
  });
  if (typeof output === 'string') throw new Error(output);
  const { summary, modules } = output;
  // Without a working TypeScript reader the tool sees no modules and therefore no violations.
  expect(modules.filter(({ source }) => source.startsWith('src/core/')).length).toBeGreaterThan(10);
  return summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`);
}

function sourceFiles(): readonly string[] {
  return ['src', 'jobs', 'test'].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => `${folder}/${name}`),
  );
}

function linesOf(file: string): readonly string[] {
  return readFileSync(file, 'utf8').split('\n');
}

describe('architecture', () => {
  test('dependencies point inwards, adapters do not know one another, and nothing goes in a circle', async () => {
    expect(await violations()).toEqual([]);
  });

  test('no source file is longer than 300 lines', () => {
    const long = sourceFiles().filter((file) => !file.startsWith('test/') && linesOf(file).length > 301);
    expect(long).toEqual([]);
  });

  test('a job is a file of its own name, and the index lists them all', () => {
    const files = readdirSync('jobs').filter((name) => !['index.ts', 'payload.ts'].includes(name));
    expect(JOBS.map(({ name }) => `${name}.ts`).toSorted()).toEqual(files.toSorted());
  });

  test('core has no Promise, clock or randomness', () => {
    const impure = sourceFiles()
      .filter((file) => file.startsWith('src/core/'))
      .flatMap((file) => linesOf(file).map((line, index) => ({ file, line, place: `${file}:${index + 1}` })))
      .filter(({ line }) => !/^\s*(\*|\/\/|\/\*)/.test(line))
      .filter(({ line }) =>
        /\b(async |await |Promise<|Date\.now|new Date\(\)|Math\.random|performance\.now|console\.)/.test(line),
      );
    expect(impure.map(({ place, line }) => `${place} ${line.trim()}`)).toEqual([]);
  });

  test('the lock file names the optional packages of every platform, or a clean install would be refused', () => {
    const lock = lockSchema.parse(JSON.parse(readFileSync('package-lock.json', 'utf8')));
    const wanted = Object.values(lock.packages).flatMap(({ optionalDependencies = {} }) =>
      Object.keys(optionalDependencies),
    );
    const missing = wanted.filter(
      (name) => !Object.keys(lock.packages).some((path) => path.endsWith(`node_modules/${name}`)),
    );
    expect(missing).toEqual([]);
  });

  test('the lock file names no registry', () => {
    expect(readFileSync('package-lock.json', 'utf8')).not.toMatch(/"resolved"|https?:\/\/[^"]*registry/);
  });

  test('the environment is read in one place', () => {
    const readers = sourceFiles().filter(
      (file) => file.startsWith('src/') && linesOf(file).some((line) => /^(?!\s*(\*|\/)).*process\.env/.test(line)),
    );
    expect(readers).toEqual(['src/cli/run-process.ts']);
  });
});

import { placeOf } from '../core/address.ts';
import type { ConfigProblem } from '../core/errors.ts';
import { isLoopback } from './fields.ts';
import { clauseRemarks } from './filter-clause.ts';
import { attributeLine } from './schema.ts';
import { inspectSecretFile, secretPath } from './secret-files.ts';
import type { FileBase } from './secret-files.ts';
import { isSettings } from './source-document.ts';
import type { PlainSettings as Settings, SettingPath, SourceDocument } from './source-document.ts';

/** What checks across settings found. */
export interface CrossChecks {
  readonly problems: ConfigProblem[];
  readonly warnings: ConfigProblem[];
}

const HOURS_A_DAY = 24;

/**
 * Checks that look at more than one setting. They run on the plain data, whether or not the schema accepted it, so that
 * one report holds everything there is to mend.
 */
export function crossCheck(source: SourceDocument, base: FileBase): CrossChecks {
  const found: CrossChecks = { problems: [], warnings: [] };
  walk(source.root, [], (settings, path) => {
    checkPairs(settings, path, source, found);
    checkSecretFiles(settings, path, source, base, found);
    checkAttributeLine(settings, path, source, found);
    checkFilterClause(settings, path, source, found);
  });
  checkConnections(source, found);
  checkWebhooks(source, found);
  checkHttp(source, found);
  checkMigrationIdentity(source, found);
  return found;
}

function walk(value: unknown, path: SettingPath, visit: (settings: Settings, path: SettingPath) => void): void {
  if (Array.isArray(value)) {
    for (const [index, inner] of value.entries()) walk(inner, [...path, index], visit);
  } else if (isSettings(value)) {
    visit(value, path);
    for (const [key, inner] of Object.entries(value)) walk(inner, [...path, key], visit);
  }
}

const REQUIRED_SECRETS: Readonly<Record<string, string>> = {
  client_secret: 'secret',
  bearer: 'token',
  oauth_client_credentials: 'client_secret',
};

/** The secret a mapping of settings cannot do without, and what for. */
function requiredSecret(settings: Settings, path: SettingPath): { secret: string; of: string } | undefined {
  if (path[0] === 'notifications') {
    if (path.at(-1) === 'mail') return { secret: 'smtp_url', of: 'mail' };
    return path.at(-2) === 'webhooks' ? { secret: 'secret', of: 'a webhook' } : undefined;
  }
  const kind = path.at(-1) === 'credential' ? settings['kind'] : undefined;
  if (typeof kind !== 'string' || !Object.hasOwn(REQUIRED_SECRETS, kind)) return undefined;
  return { secret: REQUIRED_SECRETS[kind] ?? '', of: `kind ${kind}` };
}

function checkPairs(settings: Settings, path: SettingPath, source: SourceDocument, found: CrossChecks): void {
  for (const key of Object.keys(settings)) {
    if (!Object.hasOwn(settings, `${key}_file`)) continue;
    found.problems.push(
      source.problemAt([...path, `${key}_file`], `${key} and ${key}_file exclude each other: keep one`, 'key'),
    );
  }
  const required = requiredSecret(settings, path);
  if (required === undefined) return;
  const { secret, of } = required;
  if (!Object.hasOwn(settings, secret) && !Object.hasOwn(settings, `${secret}_file`)) {
    found.problems.push(source.problemAt([...path, secret], `${secret}_file (or ${secret}) is required for ${of}`));
  } else if (Object.hasOwn(settings, secret) && source.variablesOf([...path, secret]).length === 0) {
    found.warnings.push(
      source.problemAt(
        [...path, secret],
        `the secret is written into this file; ${secret}_file keeps it out of backups and reviews`,
        'key',
      ),
    );
  }
}

function checkSecretFiles(
  settings: Settings,
  path: SettingPath,
  source: SourceDocument,
  base: FileBase,
  found: CrossChecks,
): void {
  for (const [key, setting] of Object.entries(settings)) {
    // The API token file is made by the daemon when it is missing.
    if (!key.endsWith('_file') || typeof setting !== 'string' || setting === '' || path[0] === 'http') continue;
    const file = secretPath(base, setting);
    const state = inspectSecretFile(file);
    const at = [...path, key];
    if (state === 'missing') found.problems.push(source.problemAt(at, `file ${file} does not exist`));
    if (state === 'empty') found.problems.push(source.problemAt(at, `file ${file} is empty; write the secret into it`));
    if (state === 'not-a-file') found.problems.push(source.problemAt(at, `${file} is not a file`));
    // Certificates are public, and platforms mount federated tokens readable for all.
    const open = key === 'certificate_file' || settings['kind'] === 'workload_identity';
    if (state === 'world-readable' && !open) {
      found.warnings.push(source.problemAt(at, `everybody on this machine can read ${file}; chmod 600 it`));
    }
  }
}

const KINDS_OF_LINE = ['source', 'constant', 'expression'];

function checkAttributeLine(settings: Settings, path: SettingPath, source: SourceDocument, found: CrossChecks): void {
  if (typeof path.at(-1) !== 'number' || !path.includes('mapping')) return;
  const given = KINDS_OF_LINE.filter((key) => Object.hasOwn(settings, key));
  if (given.length === 1) return;
  // A misspelt one is reported as an unknown key already.
  if (Object.keys(settings).some((key) => !Object.hasOwn(attributeLine.shape, key))) return;
  const message =
    given.length === 0 ? `needs one of ${KINDS_OF_LINE.join(', ')}` : `has ${given.join(' and ')}: keep one of them`;
  found.problems.push(source.problemAt(path, message));
}

function checkFilterClause(settings: Settings, path: SettingPath, source: SourceDocument, found: CrossChecks): void {
  if (typeof path.at(-1) !== 'number' || path.at(-2) !== 'clauses') return;
  for (const { key, message, severity } of clauseRemarks(settings)) {
    const problem = key === undefined ? source.problemAt(path, message) : source.problemAt([...path, key], message);
    (severity === 'problem' ? found.problems : found.warnings).push(problem);
  }
}

function checkConnections(source: SourceDocument, found: CrossChecks): void {
  const connections = isSettings(source.root) ? source.root['connections'] : undefined;
  if (!Array.isArray(connections)) return;
  const names = new Map<string, number>();
  const targets = new Map<string, number>();
  for (const [index, connection] of connections.entries()) {
    if (!isSettings(connection)) continue;
    const name = connection['name'];
    const before = typeof name === 'string' ? names.get(name) : undefined;
    if (before !== undefined) {
      found.problems.push(
        source.problemAt(
          ['connections', index, 'name'],
          `"${String(name)}" is also the name of connections[${before}]; names must differ`,
        ),
      );
    } else if (typeof name === 'string') names.set(name, index);
    checkTarget(connection, index, targets, source, found);
    checkEngine(connection, index, source, found);
    checkWindow(connection, index, source, found);
  }
}

/** A schedule would promise cycles that another engine is there for, and a wider scope access that it does not give. */
function checkEngine(connection: Settings, index: number, source: SourceDocument, found: CrossChecks): void {
  if (connection['engine'] !== 'entra') return;
  const { schedule, scope } = connection;
  if (isSettings(scope) && scope['nestedGroups'] === 'expand') {
    const message =
      'Entra provisions direct members of groups only (engine: entra): take it out, or who would lose access could be told to keep it';
    found.problems.push(source.problemAt(['connections', index, 'scope', 'nestedGroups'], message));
  }
  for (const key of ['incremental', 'full']) {
    if (!isSettings(schedule) || !Object.hasOwn(schedule, key)) continue;
    const message = 'has no meaning with engine: entra, whose cycles are not started by Headgate: take it out';
    found.problems.push(source.problemAt(['connections', index, 'schedule', key], message, 'key'));
  }
}

/** What has been pruned from the log no longer counts within the window of removals. */
function checkWindow(connection: Settings, index: number, source: SourceDocument, found: CrossChecks): void {
  const retention = isSettings(source.root) ? source.root['retention'] : undefined;
  const guards = connection['guards'];
  const limit = isSettings(guards) ? guards['tooManyRemovals'] : undefined;
  const logDays = isSettings(retention) ? retention['logDays'] : undefined;
  const windowHours = isSettings(limit) ? limit['windowHours'] : undefined;
  if (typeof logDays !== 'number' || typeof windowHours !== 'number' || windowHours <= logDays * HOURS_A_DAY) return;
  found.problems.push(
    source.problemAt(
      ['connections', index, 'guards', 'tooManyRemovals', 'windowHours'],
      `${windowHours} hours are longer than the log is kept (retention.logDays: ${logDays}), and what is pruned no longer counts: ` +
        `raise retention.logDays to ${Math.ceil(windowHours / HOURS_A_DAY)} or lower this`,
    ),
  );
}

function checkTarget(
  connection: Settings,
  index: number,
  targets: Map<string, number>,
  source: SourceDocument,
  found: CrossChecks,
): void {
  const url = isSettings(connection['provider']) ? connection['provider']['url'] : undefined;
  if (typeof url !== 'string') return;
  const key = placeOf(url);
  const before = targets.get(key);
  if (before === undefined) {
    targets.set(key, index);
    return;
  }
  found.warnings.push(
    source.problemAt(
      ['connections', index, 'provider', 'url'],
      `connections[${before}] writes to the same service provider: two connections may undo each other's changes. What both use neither takes away: the guard shared-account holds it`,
    ),
  );
}

/** The identity that reads all day must not be the one that can give itself anything. */
function checkMigrationIdentity(source: SourceDocument, found: CrossChecks): void {
  const directory = isSettings(source.root) ? source.root['directory'] : undefined;
  const migration = isSettings(directory) ? directory['migration'] : undefined;
  if (!isSettings(directory) || !isSettings(migration)) return;
  const [daily, writing] = [directory['client'], migration['client']];
  if (typeof daily !== 'string' || typeof writing !== 'string' || daily.toLowerCase() !== writing.toLowerCase()) return;
  const message = 'must be another application than directory.client, which only ever reads';
  found.problems.push(source.problemAt(['directory', 'migration', 'client'], message));
}

/** A channel remembers by its name what it has delivered. */
function checkWebhooks(source: SourceDocument, found: CrossChecks): void {
  const notifications = isSettings(source.root) ? source.root['notifications'] : undefined;
  const webhooks = isSettings(notifications) ? notifications['webhooks'] : undefined;
  const seen = new Set<unknown>(['mail']);
  for (const [index, webhook] of (Array.isArray(webhooks) ? webhooks : []).entries()) {
    const name: unknown = isSettings(webhook) ? webhook['name'] : undefined;
    if (seen.has(name)) {
      const message = `"${String(name)}" is taken: names of webhooks must differ, and none is "mail"`;
      found.problems.push(source.problemAt(['notifications', 'webhooks', index, 'name'], message));
    }
    seen.add(name);
  }
}

function checkHttp(source: SourceDocument, found: CrossChecks): void {
  const http = isSettings(source.root) ? source.root['http'] : undefined;
  const host = isSettings(http) ? http['host'] : undefined;
  if (typeof host !== 'string' || isLoopback(host)) return;
  found.warnings.push(
    source.problemAt(
      ['http', 'host'],
      'the API listens beyond this machine in plain http; put a TLS proxy or a firewall in front',
    ),
  );
}

import type { ConfigProblem } from '../core/errors.ts';
import type { ReloadReport } from '../ports/operator.ts';
import { sameSettings } from './compare.ts';
import type { Config, ConnectionConfig } from './config.ts';
import { rulesOf } from './rules.ts';
import type { SettingPath, SourceDocument } from './source-document.ts';

/** Settings the process is built on, by the key to point at. Everything else can be put into force while it runs. */
const BUILT_ON: readonly (readonly [path: SettingPath, read: (config: Config) => unknown])[] = [
  [['database', 'url'], ({ database }) => database],
  [['queue', 'url'], ({ queue }) => queue],
  // Links lead to users of this tenant: those of another one would all seem to have left.
  [['directory'], ({ directory }) => directory],
  [['http', 'host'], ({ http }) => http.host],
  [['http', 'port'], ({ http }) => http.port],
  [['http', 'token_file'], ({ http }) => http.tokenFile],
  [['credentials'], ({ credentials }) => credentials],
  [['retention'], ({ retention }) => retention],
  [['notifications'], ({ notifications }) => notifications],
  [['log'], ({ log }) => log],
  [['worker'], ({ worker }) => worker],
  [['telemetry'], ({ telemetry }) => telemetry],
];

/** What only a restart can put into force, each with its place in the new file. */
export function restartNeeded(current: Config, next: Config, source: SourceDocument): readonly ConfigProblem[] {
  return BUILT_ON.filter(([, read]) => !sameSettings(read(current), read(next))).map(([path]) =>
    source.problemAt(path, `${path.join('.')} cannot be changed while Headgate runs: put it back, or restart Headgate`),
  );
}

export type ConnectionChanges = Pick<ReloadReport, 'added' | 'changed' | 'removed'>;

/** What a new configuration changes about connections, by name. */
export function connectionChanges(current: Config, next: Config): ConnectionChanges {
  const before = new Map(current.connections.map((connection) => [connection.name, connection]));
  const after = new Set(next.connections.map(({ name }) => name));
  return {
    added: [...after].filter((name) => !before.has(name)),
    removed: [...before.keys()].filter((name) => !after.has(name)),
    changed: next.connections.flatMap((connection) => {
      const old = before.get(connection.name);
      if (old === undefined || sameSettings(old, connection)) return [];
      return [{ connection: connection.name, fullCycle: !plansAlike(old, connection) }];
    }),
  };
}

/** Whether both plan the same for the same people: a new token, schedule or pace changes no plan. */
function plansAlike(a: ConnectionConfig, b: ConnectionConfig): boolean {
  const { profile, url } = a.provider;
  return sameSettings(rulesOf(a), rulesOf(b)) && profile === b.provider.profile && url === b.provider.url;
}

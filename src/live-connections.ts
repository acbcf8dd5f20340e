import { sameSettings } from './config/compare.ts';
import type { Config, ConnectionConfig, ProviderConfig } from './config/config.ts';
import { configuredSecret } from './config/configured-secret.ts';
import { rulesOf } from './config/rules.ts';
import { StartupError } from './core/errors.ts';
import { compileMapping } from './core/mapping/compile-mapping.ts';
import type { DirectorySource } from './ports/directory-source.ts';
import type { Connection } from './ports/index.ts';
import type { ServiceProvider } from './ports/service-provider.ts';

/** How the parts of a connection are opened. */
export interface ConnectionParts {
  openProvider(settings: ConnectionConfig): ServiceProvider;
  concurrencyOf(settings: ProviderConfig): number;
}

/** The connections configured now, and what they are made of. */
export interface LiveConnections {
  readonly all: ReadonlyMap<string, Connection>;
  /** Works out the connections of a configuration, keeping every provider whose settings are the same. */
  prepare(next: Config): ReadonlyMap<string, Connection>;
  /** Puts what was prepared into force, at once. Returns what is no longer there. */
  adopt(next: Config, connections: ReadonlyMap<string, Connection>): readonly Connection[];
  /** Closes a provider that nobody uses any more. */
  discard(provider: ServiceProvider): Promise<void>;
  /** Closes everything, also what was replaced: until then somebody may still be using it. */
  close(): Promise<void>;
}

/** Connections that change with the configuration; none at first. All read the same directory. */
export function createLiveConnections(directory: DirectorySource, parts: ConnectionParts): LiveConnections {
  const all = new Map<string, Connection>();
  const opened = new Set<ServiceProvider>();
  const open = (settings: ConnectionConfig): ServiceProvider => {
    const provider = parts.openProvider(settings);
    opened.add(provider);
    return provider;
  };
  let config: Config | undefined;
  return {
    all,
    prepare(next) {
      const connections = next.connections.map((settings) => {
        const before = config?.connections.find(({ name }) => name === settings.name);
        const current = sameSettings(before?.provider, settings.provider) ? all.get(settings.name) : undefined;
        const provider = current?.provider ?? open(settings);
        return toConnection(settings, { directory, provider, tenant: next.directory.tenant }, parts);
      });
      return new Map(connections.map((connection) => [connection.rules.name, connection]));
    },
    adopt(next, connections) {
      const gone = [...all.values()].filter(({ rules }) => !connections.has(rules.name));
      for (const { rules } of gone) all.delete(rules.name);
      for (const [name, connection] of connections) all.set(name, connection);
      config = next;
      return gone;
    },
    async discard(provider) {
      if (opened.delete(provider)) await provider.close();
    },
    async close() {
      for (const part of [...opened].toReversed()) await part.close();
      opened.clear();
    },
  };
}

function toConnection(
  settings: ConnectionConfig,
  opened: Pick<Connection, 'directory' | 'provider' | 'tenant'>,
  parts: ConnectionParts,
): Connection {
  const rules = rulesOf(settings);
  const compiled = compileMapping(rules.mapping);
  // The configuration was checked with the same function, so this is a defect rather than a mistake of the operator.
  if ('problems' in compiled) throw new StartupError(`the mapping of connection ${rules.name} cannot be used`);
  const { firstProbeSeconds, longestProbeSeconds } = settings.quarantine;
  return {
    ...opened,
    rules,
    mapping: compiled.mapping,
    credential: configuredSecret(settings.provider),
    target: settings.provider.url,
    concurrency: parts.concurrencyOf(settings.provider),
    probes: { firstMs: firstProbeSeconds * 1000, longestMs: longestProbeSeconds * 1000 },
  };
}

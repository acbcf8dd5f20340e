import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { BEHAVIOURS, isBehaviourName } from './behaviours/registry.ts';
import { startProvider, type ProviderOptions, type SandboxProvider } from './provider.ts';
import { parseSnapshot, type ProviderSnapshot } from './snapshot.ts';

/*
 * The provider as a process of its own. Prints one line of JSON when it is ready and ends on SIGTERM or SIGINT.
 *   --port 0  --host 127.0.0.1  --behaviour generic  --token SECRET (repeatable)
 *   --oauth-client ID:SECRET (repeatable)  --state FILE (read at the start if it exists, written at the end)
 */

interface Arguments {
  readonly options: ProviderOptions;
  readonly stateFile: string | undefined;
}

function readArguments(args: readonly string[]): Arguments {
  const { values } = parseArgs({
    args: [...args],
    options: {
      port: { type: 'string', default: '0' },
      host: { type: 'string', default: '127.0.0.1' },
      behaviour: { type: 'string', default: 'generic' },
      token: { type: 'string', multiple: true, default: [] },
      'oauth-client': { type: 'string', multiple: true, default: [] },
      state: { type: 'string' },
    },
  });
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new Error(`--port is "${values.port}", use a number up to 65535`);
  if (!isBehaviourName(values.behaviour)) {
    throw new Error(`--behaviour is "${values.behaviour}", use one of ${Object.keys(BEHAVIOURS).join(', ')}`);
  }
  const oauthClients = values['oauth-client'].map((pair) => {
    const [id = '', ...secret] = pair.split(':');
    return { id, secret: secret.join(':') };
  });
  const seed = readState(values.state);
  return {
    options: {
      port,
      host: values.host,
      behaviour: values.behaviour,
      tokens: values.token,
      oauthClients,
      ...(seed === undefined ? {} : { seed }),
    },
    stateFile: values.state,
  };
}

function readState(file: string | undefined): ProviderSnapshot | undefined {
  if (file === undefined || !existsSync(file)) return undefined;
  return parseSnapshot(JSON.parse(readFileSync(file, 'utf8')));
}

async function stop(provider: SandboxProvider, stateFile: string | undefined): Promise<void> {
  await provider.close();
  if (stateFile === undefined) return;
  // Written beside and renamed: a half-written file must never be what the next start reads.
  const beside = `${stateFile}.new`;
  writeFileSync(beside, JSON.stringify(provider.snapshot()));
  renameSync(beside, stateFile);
}

async function main(): Promise<void> {
  const { options, stateFile } = readArguments(process.argv.slice(2));
  const provider = await startProvider(options);
  let stopping = false;
  function onSignal(): void {
    if (stopping) return;
    stopping = true;
    stop(provider, stateFile).catch((error: unknown) => {
      process.stderr.write(`the state could not be saved: ${String(error)}\n`);
      process.exitCode = 1;
    });
  }
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  const { url, tokenUrl, token } = provider;
  // A token is printed only when nobody gave one: otherwise nobody could use the provider.
  const madeUp = (options.tokens ?? []).length === 0 ? { token } : {};
  process.stdout.write(`${JSON.stringify({ url, tokenUrl, ...madeUp })}\n`);
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { CliParts } from '../../src/cli/parts.ts';
import { inProcessTransport } from '../../src/cli/in-process.ts';
import { RefusedError } from '../../src/core/errors.ts';
import { createHttpApp } from '../../src/http/server.ts';
import type { Operator } from '../../src/ports/operator.ts';
import { aCycle, anOperator, aPlan, httpOptions } from '../http/builders.ts';
import { API_TOKEN, configFor } from './api-server.ts';
import { run, testIo, testParts } from './builders.ts';
import type { Ran, TestIo } from './builders.ts';

let release: (() => Promise<void>) | undefined;
afterEach(async () => {
  await release?.();
  release = undefined;
});

type Run = (argv: readonly string[], io?: TestIo) => Promise<Ran>;

/** The daemon's own server, listening. */
async function overHttp(operator: Operator): Promise<Run> {
  const app = createHttpApp(httpOptions({ operator, apiToken: { read: async () => API_TOKEN } }));
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = new URL(app.listeningOrigin);
  const { folder, configFile } = configFor(Number(port));
  release = async () => {
    await app.close();
    rmSync(folder, { recursive: true, force: true });
  };
  return (argv, io) => run([...argv, '--config', configFile], io);
}

/** The same server inside the command. */
async function inProcess(operator: Operator): Promise<Run> {
  // Port 1 (tcpmux) is listened on by nobody.
  const { folder, configFile } = configFor(1);
  release = async () => rmSync(folder, { recursive: true, force: true });
  const parts: CliParts = testParts({
    openInProcess: async () =>
      inProcessTransport(
        createHttpApp(httpOptions({ operator, apiToken: { read: async () => API_TOKEN } })),
        async () => undefined,
        API_TOKEN,
      ),
  });
  return (argv, io = testIo()) => run([...argv, '--config', configFile], io, parts);
}

describe.each([
  ['over HTTP', overHttp],
  ['in this process', inProcess],
])('the API as it is served, %s', (_where, open) => {
  test.each([
    ['status', ['status'], /acme +idle +12/],
    ['plan', ['plan'], /1 operation: 1 disable account/],
    ['cycle start', ['cycle', 'start', '--full'], /^cycle-1$/m],
    ['cycle list', ['cycle', 'list', '-c', 'acme', '--limit', '3'], /cycle-1 +acme +full/],
    ['cycle show', ['cycle', 'show', 'cycle-1', '--failed', '--held'], /user-1@contoso\.com/],
    ['cycle cancel', ['cycle', 'cancel', 'cycle-1', '--json'], /"cancelRequested":true/],
    ['schedule list', ['schedule', 'list', '--json'], /\[\]/],
    ['schedule pause', ['schedule', 'pause', '--json'], /"schedulesPaused":true/],
    ['schedule resume', ['schedule', 'resume', '--json'], /"schedulesPaused":false/],
    ['connection resume', ['connection', 'resume', '--json'], /"resumed":true/],
    ['doctor', ['doctor'], /ok +store: answers: in 1 ms/],
  ])('answers %s', async (_name, argv, says) => {
    const headgate = await open(anOperator());
    const ran = await headgate(argv);
    expect(ran.code).toBe(0);
    expect(ran.out).toMatch(says);
  });

  test('answers explain for a name with every awkward character', async () => {
    const asked: string[] = [];
    const headgate = await open(
      anOperator({
        async explain(connection, idOrName) {
          asked.push(idOrName);
          return { connection, found: false, paths: [], conclusion: 'not assigned', mapped: {}, operations: [] };
        },
      }),
    );
    const name = "o'neil+50%&a=b#EXT#@contoso.com";
    expect(await headgate(['explain', name])).toMatchObject({ code: 1, out: expect.stringContaining('not assigned') });
    expect(asked).toEqual([name]);
  });

  test('passes a refusal on with its remedy', async () => {
    const headgate = await open(
      anOperator({
        async startCycle() {
          throw new RefusedError('cycle-open', 'connection acme has an open cycle', { remedy: 'wait for it' });
        },
      }),
    );
    expect(await headgate(['cycle', 'start', '--full', '--wait'])).toMatchObject({
      code: 3,
      err: expect.stringMatching(/connection acme has an open cycle\n.*wait for it/),
    });
  });

  test('asks for exactly the reviewed plan and watches it to its end', async () => {
    const digests: (string | undefined)[] = [];
    let looks = 0;
    const headgate = await open(
      anOperator({
        async startCycle({ expectedDigest }) {
          digests.push(expectedDigest);
          return aCycle();
        },
        async getCycle() {
          looks += 1;
          return looks < 3
            ? aCycle()
            : aCycle({ phase: 'closed', result: 'succeeded', counts: { 1: { exported: 4 } } });
        },
      }),
    );
    const folder = mkdtempSync(join(tmpdir(), 'headgate-plan-'));
    const file = join(folder, 'plan.json');
    expect((await headgate(['plan', '--out', file])).code).toBe(0);
    const applied = await headgate(['apply', file]);
    rmSync(folder, { recursive: true });
    expect(applied).toMatchObject({ code: 0, out: expect.stringContaining('4 operations: 4 done') });
    expect(digests).toEqual([aPlan(1).digest]);
  });

  test('stops planning when the command is interrupted', async () => {
    const io = testIo();
    let tellStopped: (what: string) => void;
    const stopped = new Promise<string>((resolve) => (tellStopped = resolve));
    const headgate = await open(
      anOperator({
        plan: (_connection, progress, signal) =>
          new Promise((_resolve, reject) => {
            signal.addEventListener('abort', () => {
              tellStopped('stopped');
              reject(new Error('aborted'));
            });
            progress('users', 1);
            io.interrupt('SIGINT');
          }),
      }),
    );
    expect(await headgate(['plan'], io)).toMatchObject({ code: 130, out: '' });
    expect(await stopped).toBe('stopped');
  });
});

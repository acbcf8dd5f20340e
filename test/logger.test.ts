import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { createLogger, serializeError } from '../src/logger.ts';
import { RejectedError } from '../src/core/errors.ts';
import type { Log } from '../src/ports/log.ts';
import type { LogConfig } from '../src/config/config.ts';

async function written(config: LogConfig, terminal: boolean, write: (log: Log) => void): Promise<string> {
  const stream = new PassThrough();
  write(createLogger(config, { stream, terminal }, '1.2.3'));
  await new Promise((resolve) => setImmediate(resolve));
  stream.end();
  return text(stream);
}

const JSON_LINES: LogConfig = { level: 'info', format: 'json' };

describe('the log', () => {
  test('is one JSON line per message with level, time and version', async () => {
    const line = await written(JSON_LINES, true, (log) =>
      log.child({ connection: 'acme' }).info({ cycle: 'c1' }, 'Cycle opened'),
    );
    expect(JSON.parse(line)).toMatchObject({
      level: 'info',
      version: '1.2.3',
      connection: 'acme',
      cycle: 'c1',
      msg: 'Cycle opened',
      time: expect.stringMatching(/^\d{4}-/),
    });
  });

  test.each([
    ['a token', { token: 'geheim' }],
    ['a token one level down', { credential: { client_secret: 'geheim' } }],
    ['an authorization header', { request: { headers: { authorization: 'Bearer geheim' } } }],
    ['the query of a request', { req: { url: '/x?user=geheim', query: { user: 'geheim' } } }],
  ])('redacts %s', async (_rule, fields) => {
    const line = await written(JSON_LINES, false, (log) => log.info(fields, 'x'));
    expect(line).toContain('[redacted]');
    expect(line).not.toContain('geheim');
  });

  test('format auto is JSON into a pipe and text on a terminal', async () => {
    const auto: LogConfig = { level: 'info', format: 'auto' };
    expect(JSON.parse(await written(auto, false, (log) => log.info({}, 'hello')))).toMatchObject({ msg: 'hello' });
    expect(await written(auto, true, (log) => log.info({}, 'hello'))).toMatch(/INFO.*hello/s);
  });

  test('writes nothing below its level', async () => {
    expect(await written({ level: 'warn', format: 'json' }, false, (log) => log.info({}, 'x'))).toBe('');
  });
});

describe('an error in the log', () => {
  test('of our family is its class, message and facts, without what caused it in full', () => {
    const cause = Object.assign(new Error('GET https://x/Users?filter=userName eq "ada" failed'), { body: 'geheim' });
    expect(
      serializeError(new RejectedError('refused', { status: 400, requestId: 'r1', remedy: 'mend it', cause })),
    ).toEqual({
      type: 'RejectedError',
      message: 'refused',
      status: 400,
      requestId: 'r1',
      remedy: 'mend it',
      cause: { type: 'Error', message: 'GET https://x/Users?…' },
    });
  });

  test('is text where an adapter chose the words itself, without a query', async () => {
    const line = await written(JSON_LINES, false, (log) =>
      log.warn({ error: 'GET https://x/y?token=geheim failed' }, 'x'),
    );
    expect(JSON.parse(line)).toMatchObject({ error: 'GET https://x/y?…' });
  });

  test('that is a defect keeps its stack', () => {
    expect(serializeError(new TypeError('boom')).stack).toContain('logger.test');
  });

  test('that is no error says so and shows nothing of it', () => {
    expect(JSON.stringify(serializeError({ token: 'geheim' }))).not.toContain('geheim');
  });
});

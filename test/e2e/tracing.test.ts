import { once } from 'node:events';
import { createServer } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { company, personName } from './company.ts';
import { platforms, startWorld, type World } from './world.ts';

const attribute = z.object({ key: z.string(), value: z.record(z.string(), z.unknown()) });
const spanSchema = z.object({
  traceId: z.string(),
  spanId: z.string(),
  parentSpanId: z.string().optional(),
  name: z.string(),
  attributes: z.array(attribute),
  events: z.array(z.object({ name: z.string(), attributes: z.array(attribute) })),
});
const posted = z.object({
  resourceSpans: z.array(z.object({ scopeSpans: z.array(z.object({ spans: z.array(spanSchema) })) })),
});
type Span = z.output<typeof spanSchema>;

/** A collector that keeps what is posted to it. */
async function startCollector() {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      bodies.push(text);
      response.setHeader('content-type', 'application/json').end('{}');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the collector has no port');
  return {
    url: `http://127.0.0.1:${address.port}/v1/traces`,
    bodies,
    spans: (): readonly Span[] =>
      bodies
        .flatMap((body) => posted.parse(JSON.parse(body)).resourceSpans)
        .flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

let world: World | undefined;
let collector: Awaited<ReturnType<typeof startCollector>> | undefined;
afterEach(async () => {
  await world?.close();
  await collector?.close();
  world = undefined;
});

const staff = () => company({ users: 5, direct: [1, 5], groups: { Crew: [1, 3] } });

describe.each(platforms())('traces on %s', (platform) => {
  test('a collector receives the jobs of a cycle, and the requests inside of them', async () => {
    collector = await startCollector();
    world = await startWorld({ platform, organisation: staff(), config: { telemetry: { otlp: collector.url } } });
    expect((await world.fullCycle()).result).toBe('succeeded');
    const spans = collector.spans();
    const jobs = spans.flatMap(({ name, attributes }) =>
      name.startsWith('process ') ? attributes.filter(({ key }) => key === 'bullmq.job.name') : [],
    );
    const ran = new Set(jobs.map(({ value }) => value['stringValue']));
    expect([...ran]).toEqual(expect.arrayContaining(['start-cycle', 'advance-cycle', 'export-slice']));
    const posts = spans.filter(({ name }) => name === 'scim POST');
    expect(posts).toHaveLength(6);
    const byId = new Map(spans.map((span) => [span.spanId, span]));
    for (const { parentSpanId = '' } of posts) expect(byId.get(parentSpanId)?.name).toMatch(/^process /);
    expect(new Set(posts.map(({ traceId }) => traceId)).size).toBe(1);
  });

  test('spans hold nothing of people, and no secret', async () => {
    collector = await startCollector();
    world = await startWorld({ platform, organisation: staff(), config: { telemetry: { otlp: collector.url } } });
    world.provider.faults.set({ fault: 'failBefore', value: 400, method: 'POST', path: '^/Users', times: 2 });
    await world.fullCycle();
    const told = collector.bodies.join('\n');
    expect(told).toContain('scim POST');
    for (const secret of [personName(1).split('@')[1], 'Person', 'Number1', world.provider.token, 'Bearer', '/Users'])
      expect(told).not.toContain(secret);
    const keys = new Set(collector.spans().flatMap(({ attributes }) => attributes.map(({ key }) => key)));
    expect([...keys].toSorted((a, b) => a.localeCompare(b))).toEqual([
      'bullmq.job.attempts.made',
      'bullmq.job.id',
      'bullmq.job.name',
      'bullmq.queue.name',
      'bullmq.queue.operation',
      'headgate.api',
      'headgate.connection',
      'http.request.method',
      'http.response.status_code',
    ]);
  });

  test('without the setting nothing is sent', async () => {
    collector = await startCollector();
    world = await startWorld({ platform, organisation: staff() });
    expect((await world.fullCycle()).result).toBe('succeeded');
    expect(collector.bodies).toEqual([]);
  });
});

test('a collector that is away costs a warning and no work', async () => {
  collector = await startCollector();
  await collector.close();
  world = await startWorld({ organisation: staff(), config: { telemetry: { otlp: collector.url } } });
  collector = undefined;
  expect((await world.fullCycle()).result).toBe('succeeded');
});

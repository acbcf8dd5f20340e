import { afterEach, describe, expect, it } from 'vitest';
import { IncompleteReadError, UnauthorizedError } from '../../../src/core/errors.ts';
import { graphError, type Reply } from './loopback-graph.ts';
import { MISSING, openTenant, type Answerer, type OpenTenant } from './scripted-tenant.ts';

const signal = new AbortController().signal;
const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const thing of opened.splice(0).toReversed()) await thing.close();
});
const open = (answer: Answerer): Promise<OpenTenant> => openTenant(opened, answer);

describe('members of groups', () => {
  const member = (id: string, type = 'user'): object => ({ '@odata.type': `#microsoft.graph.${type}`, id });

  it('are told apart by type, and everything else is counted', async () => {
    const members = [
      member('u1'),
      member('g1', 'group'),
      member('d1', 'device'),
      member('c1', 'orgContact'),
      member('u2'),
    ];
    const { directory, server } = await open((path) =>
      path.includes('$count') ? { text: '\uFEFF5' } : { json: { value: members } },
    );
    const { value, gaps } = await directory.readMemberships(['g'], signal);
    expect(value.get('g')).toEqual({ group: 'g', users: ['u1', 'u2'], nestedGroups: ['g1'], others: 2 });
    expect(gaps).toEqual([]);
    const [list, count] = server.graphRequests();
    expect(list?.headers['consistencylevel']).toBeUndefined();
    expect(count?.headers['consistencylevel']).toBe('eventual');
  });

  it('that disagree with the count once are read again', async () => {
    let reads = 0;
    const { directory, waits } = await open((path) => {
      if (path.includes('$count')) return { text: '2' };
      reads += 1;
      return { json: { value: reads === 1 ? [member('u1')] : [member('u1'), member('u2')] } };
    });
    const { value, gaps } = await directory.readMemberships(['g'], signal);
    expect(value.get('g')?.users).toEqual(['u1', 'u2']);
    expect(gaps).toEqual([]);
    expect(waits).toHaveLength(1);
  });

  it.each([
    ['fewer', '3'],
    ['more', '1'],
  ])('that stay %s than the count are a gap with both numbers', async (_name, count) => {
    const { directory } = await open((path) =>
      path.includes('$count') ? { text: count } : { json: { value: [member('u1'), member('u2')] } },
    );
    const { gaps } = await directory.readMemberships(['g'], signal);
    expect(gaps).toEqual([{ what: 'members of group g', expected: Number(count), found: 2 }]);
  });

  it('listed twice count once', async () => {
    const { directory } = await open((path) =>
      path.includes('$count') ? { text: '2' } : { json: { value: [member('u1'), member('u1')] } },
    );
    const { gaps } = await directory.readMemberships(['g'], signal);
    expect(gaps).toEqual([expect.objectContaining({ expected: 2, found: 1 })]);
  });

  it('of a group that vanished are a gap and not an empty group', async () => {
    const { directory } = await open((path) => {
      if (path.startsWith('/groups/gone/')) return MISSING;
      return path.includes('$count') ? { text: '0' } : { json: { value: [] } };
    });
    const { value, gaps } = await directory.readMemberships(['gone', 'here'], signal);
    expect([...value.keys()]).toEqual(['here']);
    expect(gaps).toEqual([{ what: 'members of group gone, which the directory no longer has' }]);
  });

  it.each([
    ['without a type', { json: { value: [{ id: 'u1' }] } }, { text: '1' }],
    ['counted by something else than a number', { json: { value: [member('u1')] } }, { json: { count: 1 } }],
  ])('%s are an incomplete read', async (_name, list: Reply, count: Reply) => {
    const { directory } = await open((path) => (path.includes('$count') ? count : list));
    await expect(directory.readMemberships(['g'], signal)).rejects.toThrow(IncompleteReadError);
  });

  it('of one group that may not be read fail the whole read', async () => {
    const { directory } = await open((path) => {
      if (path.startsWith('/groups/hidden/')) return graphError(403, 'Authorization_RequestDenied');
      return path.includes('$count') ? { text: '0' } : { json: { value: [] } };
    });
    await expect(directory.readMemberships(['a', 'hidden', 'b'], signal)).rejects.toThrow(UnauthorizedError);
  });
});

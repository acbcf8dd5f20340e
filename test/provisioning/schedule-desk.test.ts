import { describe, expect, test } from 'vitest';
import type { ScheduledCycle } from '../../src/ports/job-queue.ts';
import { createScheduleDesk } from '../../src/provisioning/schedule-desk.ts';

function aDesk({ configured, scheduled }: { readonly configured: readonly string[]; readonly scheduled: string[] }) {
  const connections = new Set(configured);
  const desk = createScheduleDesk(
    {
      connections,
      queue: {
        listSchedules: async () =>
          scheduled.map((connection): ScheduledCycle => ({
            connection,
            kind: 'initial',
            pattern: '0 3 * * *',
            timezone: 'UTC',
          })),
        setSchedules: async (names) => {
          scheduled.splice(0, scheduled.length, ...scheduled.filter((name) => !names.includes(name)));
        },
      },
      stores: {
        connections: {
          get: async () => {
            throw new Error('not asked for here');
          },
          setSchedulesPaused: async () => undefined,
        },
      },
    },
    () => {
      throw new Error('not asked for here');
    },
  );
  return { desk, scheduled };
}

describe('schedules are removed', () => {
  test('of a connection that is not configured any more, and of no other', async () => {
    const { desk, scheduled } = aDesk({ configured: ['acme'], scheduled: ['acme', 'old-crm', 'other'] });
    await desk.removeSchedules('old-crm');
    expect(scheduled).toEqual(['acme', 'other']);
  });

  test('and a name that has none is refused, with the one that was meant and those there are', async () => {
    const { desk, scheduled } = aDesk({ configured: ['acme'], scheduled: ['acme', 'old-crm', 'old-crm', 'other'] });
    await expect(desk.removeSchedules('old-crn')).rejects.toMatchObject({
      code: 'not-found',
      message: 'no connection "old-crn" has schedules (did you mean "old-crm"?)',
      facts: { remedy: 'connections with schedules that are not configured here: old-crm, other' },
    });
    expect(scheduled).toEqual(['acme', 'old-crm', 'old-crm', 'other']);
  });

  test('and where all belong to configured connections, that is said', async () => {
    const { desk } = aDesk({ configured: ['acme'], scheduled: ['acme'] });
    await expect(desk.removeSchedules('acne')).rejects.toMatchObject({
      code: 'not-found',
      facts: { remedy: expect.stringContaining('belongs to a connection that is configured here') },
    });
  });

  test('but not of a connection that is configured', async () => {
    const { desk, scheduled } = aDesk({ configured: ['acme'], scheduled: ['acme'] });
    await expect(desk.removeSchedules('acme')).rejects.toMatchObject({ code: 'configured' });
    expect(scheduled).toEqual(['acme']);
  });
});

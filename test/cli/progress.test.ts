import { describe, expect, test } from 'vitest';
import { bar, createPaceMeter, createProgress, createReadingPace } from '../../src/cli/progress.ts';
import { cycleProgress } from '../../src/cli/render/cycle.ts';
import { WAVE } from '../../src/core/operation.ts';
import { cycleView, testIo } from './builders.ts';

describe('progress without a terminal', () => {
  test('prints one plain line per step and no control characters', () => {
    const io = testIo();
    const progress = createProgress(io.stderr);
    for (let done = 0; done <= 100; done += 1) progress.update(`${done} %`, String(Math.floor(done / 25)));
    progress.end();
    expect(io.written().err).toBe('0 %\n25 %\n50 %\n75 %\n100 %\n');
  });

  test('shows no name that could move the cursor, colour the screen or turn the line around', () => {
    const io = testIo();
    createProgress(io.stderr).update('group Tok\u202eyo \u001b[31mred\u061c', 'a');
    expect(io.written().err).toBe('group Tok\ufffdyo \ufffd[31mred\ufffd\n');
  });
});

describe('progress on a terminal', () => {
  test('rewrites one line, never wider than the screen, and ends it', () => {
    const io = testIo({ terminal: true });
    const progress = createProgress(io.stderr);
    progress.update('x'.repeat(200), 'a');
    progress.update('short', 'a');
    progress.end();
    const { err } = io.written();
    expect(err).toContain('\u001b[1G');
    expect(err.split('\n')).toHaveLength(2);
    expect(err).toContain(`${'x'.repeat(78)}…`);
    expect(err).not.toContain('x'.repeat(79));
  });
});

describe('the progress of a cycle', () => {
  const exporting = cycleView({
    settled: 260,
    total: 500,
    counts: { [WAVE.disable]: { exported: 10 }, [WAVE.accounts]: { exported: 249, escrowed: 1, pending: 240 } },
  });

  test('has bar, percent, counts, pace, time left, waves and failures', () => {
    expect(cycleProgress(exporting, 120).line).toBe(
      '[##########----------]  52 %  260 of 500 operations  120/s  2s left  disable 10/10  accounts 250/490  1 failed',
    );
  });

  test('counts nothing as done that a guard holds', () => {
    const held = cycleView({
      settled: 91,
      total: 91,
      counts: { [WAVE.disable]: { held: 90 }, [WAVE.accounts]: { held: 1 } },
    });
    expect(cycleProgress(held, undefined)).toEqual({
      line: '[--------------------]   0 %  0 of 91 operations  disable 0/90  accounts 0/1  91 held',
      step: 'exporting 0',
    });
  });

  test('leaves out pace and time left while there is none', () => {
    expect(cycleProgress(exporting, undefined).line).not.toMatch(/\/s|left/);
  });

  test('while reading says what is read and how far', () => {
    const reading = cycleView({ phase: 'gathering', progress: { what: 'users', done: 1200, total: 5000 } });
    expect(cycleProgress(reading, undefined)).toEqual({ line: 'reading users: 1,200 of 5,000', step: 'users 2' });
  });

  test('while reading tells the pace and what is left, once there is a pace', () => {
    const reading = cycleView({ phase: 'gathering', progress: { what: 'users', done: 1200, total: 5000 } });
    expect(cycleProgress(reading, undefined, { elapsedMs: 3000, perSecond: 400 }).line).toBe(
      'reading users: 1,200 of 5,000  400/s  10s left',
    );
  });

  test('while reading what nobody knows the size of says so, with the time it takes, and a line a minute', () => {
    const reading = cycleView({ phase: 'gathering', progress: { what: 'accounts', done: 1200 } });
    expect(cycleProgress(reading, undefined)).toEqual({
      line: 'reading accounts: 1,200 so far, the total is not known',
      step: 'accounts 0',
    });
    expect(cycleProgress(reading, undefined, { elapsedMs: 125_000, perSecond: 9.61 })).toEqual({
      line: 'reading accounts: 1,200 so far, the total is not known  9.6/s  for 2m 05s',
      step: 'accounts 2',
    });
  });

  test('of what has only just been begun nothing is counted, and no time is told that has not passed', () => {
    const reading = cycleView({ phase: 'gathering', progress: { what: 'enterprise application', done: 0 } });
    const line = (elapsedMs: number) => cycleProgress(reading, undefined, { elapsedMs }).line;
    expect(line(0)).toBe('reading enterprise application…');
    expect(line(61_000)).toBe('reading enterprise application…  for 1m 01s');
  });

  test.each([
    [0, 0, '[####################] 100 %'],
    [0, 3, '[--------------------]   0 %'],
    [999, 1000, '[###################-]  99 %'],
    [5, 3, '[####################] 100 %'],
  ])('the bar of %d of %d never shows 100 %% too early', (done, total, expected) => {
    expect(bar(done, total)).toBe(expected);
  });
});

describe('the pace of a read', () => {
  test('begins anew with each thing that is read', () => {
    const pace = createReadingPace();
    expect(pace(1000, 'users', 0)).toEqual({ elapsedMs: 0 });
    expect(pace(2000, 'users', 50)).toEqual({ elapsedMs: 1000, perSecond: 50 });
    expect(pace(3000, 'groups', 10)).toEqual({ elapsedMs: 0 });
    expect(pace(5000, 'groups', 30)).toEqual({ elapsedMs: 2000, perSecond: 10 });
  });
});

describe('the pace', () => {
  test('is measured over the last ten seconds only', () => {
    const pace = createPaceMeter();
    expect(pace.add(0, 0)).toBeUndefined();
    expect(pace.add(1000, 100)).toBe(100);
    expect(pace.add(11_000, 600)).toBe(50);
    expect(pace.add(12_000, 600)).toBeUndefined();
  });
});

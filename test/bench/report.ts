import type { CycleFigures } from './cycle-bench.ts';
import type { CycleCost, IncrementalFigures } from './incremental-bench.ts';
import type { PlanningFigures } from './planning.ts';

type Row = readonly [what: string, value: string, goal?: string];

const NAMES = { redis: 'Redis + PostgreSQL', embedded: 'embedded (PGlite)' } as const;

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

function perSecond(count: number, ms: number): string {
  return `${Math.round((count * 1000) / Math.max(1, ms)).toLocaleString('en-US')}/s`;
}

/** Steadier than the ratio of times where the machine does other things too; servers' own work is not in it. */
function cpuRatio({ exportCpuMs, bareCpuMs }: CycleFigures): string {
  return exportCpuMs === undefined ? 'unknown' : `${Math.round((bareCpuMs / exportCpuMs) * 100)} %`;
}

function print(title: string, rows: readonly Row[]): void {
  const width = Math.max(...rows.map(([what]) => what.length));
  const lines = rows.map(([what, value, goal]) =>
    `  ${what.padEnd(width)}  ${value.padStart(12)}${goal === undefined ? '' : `   ${goal}`}`.trimEnd(),
  );
  process.stdout.write(`\n${title}\n${lines.join('\n')}\n`);
}

/** Prints what one platform's cycles came to, as ratios of what the bare loop did in the same run. */
export function printCycles(figures: CycleFigures): void {
  const { accounts, writes, exportMs, bareMs, cycleMs, quietMs, quietWrites, peakBytes, answerMs } = figures;
  const memory = peakBytes === undefined ? 'unknown' : `${Math.round(peakBytes / 1e6)} MB`;
  const answers = answerMs === 0 ? '' : `, provider answers after ${answerMs} ms`;
  print(`Full cycle of ${accounts} accounts, ${NAMES[figures.platform]}${answers}`, [
    ['writes sent', String(writes)],
    ['bare undici loop', perSecond(writes, bareMs)],
    ['export', perSecond(writes, exportMs)],
    ['export : bare loop', `${Math.round((bareMs / exportMs) * 100)} %`, 'goal 60 %, later 80 %'],
    ['processor time, bare loop : daemon', cpuRatio(figures)],
    ['whole cycle', seconds(cycleMs)],
    ['whole cycle : bare loop', `${(cycleMs / bareMs).toFixed(2)} x`],
    ['second cycle, nothing changed', seconds(quietMs)],
    ['writes of the second cycle', String(quietWrites), 'goal 0'],
    ['peak memory of the daemon', memory],
  ]);
}

function costRows(what: string, { graphReads, providerReads, writes, ms }: CycleCost): readonly Row[] {
  return [
    [`${what}: time`, seconds(ms)],
    [`${what}: requests to Graph`, String(graphReads)],
    [`${what}: reads at the provider`, String(providerReads)],
    [`${what}: writes`, String(writes)],
  ];
}

/** Prints what a cycle after a few changes cost beside one that looks at everybody. */
export function printIncremental({ platform, accounts, changes, incremental, full }: IncrementalFigures): void {
  print(`Cycles after ${changes} changes among ${accounts} accounts, ${NAMES[platform]}`, [
    ...costRows('incremental', incremental),
    ...costRows('full', full),
    ['incremental : full, time', `${((incremental.ms / full.ms) * 100).toFixed(1)} %`],
  ]);
}

/** Prints what planning cost. */
export function printPlanning(figures: PlanningFigures): void {
  const { users, memberships, planMs, mapMs, bytesPerUser, peakBytes } = figures;
  print(`Planning ${users} users with ${memberships} memberships, nothing changed`, [
    ['two bare Map passes', seconds(mapMs)],
    ['planning', seconds(planMs)],
    ['planning : Map passes', `${(planMs / mapMs).toFixed(1)} x`, 'goal 3 x'],
    ['peak memory, input included', `${Math.round(peakBytes / 1e6)} MB`, `${Math.round(peakBytes / users)} B/user`],
    ['memory beyond the input', `${Math.round(bytesPerUser)} B/user`, 'goal < 1500'],
  ]);
}

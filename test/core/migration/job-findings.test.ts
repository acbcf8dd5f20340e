import { describe, expect, test } from 'vitest';
import { jobFindings, otherEngineFindings } from '../../../src/core/migration/job-findings.ts';
import type { NativeJob } from '../../../src/core/migration/native-job.ts';
import { aSurvey } from './builders.ts';

const DONE = { id: 'e', state: 'Succeeded', began: 1, ended: 2, escrowed: 0 } as const;
const JOB: NativeJob = { id: 'scim.1', code: 'Active', last: DONE, lastSuccessful: DONE, deleteThreshold: 2 };

const ROWS: readonly (readonly [name: string, jobs: readonly NativeJob[], found: readonly string[]])[] = [
  ['a job that runs, with a low threshold, is fine', [JOB], []],
  ['no job at all refuses', [], ['refuse job-missing']],
  ['two jobs refuse', [JOB, { ...JOB, id: 'scim.2' }], ['refuse job-missing']],
  ['a paused job refuses', [{ ...JOB, code: 'Paused' }], ['refuse job-stopped']],
  ['one that never ran refuses', [{ ...JOB, code: 'NotRun' }], ['refuse job-stopped']],
  ['one in quarantine refuses', [{ ...JOB, code: 'Quarantine' }], ['refuse job-in-trouble']],
  [
    'objects in escrow refuse',
    [{ ...JOB, last: { ...DONE, state: 'EntryLevelErrors', escrowed: 3 } }],
    ['refuse job-in-trouble'],
  ],
  ['a threshold that cannot be seen is asked about', [{ id: 'scim.1', code: 'Active' }], ['consent delete-threshold']],
  [
    'a threshold that lets many users go is asked about',
    [{ ...JOB, deleteThreshold: 500 }],
    ['consent delete-threshold'],
  ],
  ['a threshold below the number of groups refuses', [{ ...JOB, deleteThreshold: 0 }], ['refuse delete-threshold']],
];

describe("what the survey says of Entra's own job", () => {
  test.each(ROWS)('%s', (_name, jobs, found) => {
    const findings = jobFindings(jobs, aSurvey());
    expect(findings.map(({ severity, code }) => `${severity} ${code}`)).toEqual(found);
  });
});

test('a job that would remove too many is not to be let go on unseen', () => {
  const [found] = jobFindings([{ ...JOB, code: 'Quarantine', quarantine: 'TooManyDeletes' }], aSurvey());
  expect(found?.text).toMatch(
    /more than its accidental-deletions threshold.*See .* whom.*only where they are all meant/,
  );
});

test.each([
  ['one that runs refuses', { known: true, active: ['job scim.1: Active'] }, ['refuse native-job-active']],
  ['none that runs is fine', { known: true, active: [] }, []],
  ['one that cannot be seen is told of', { known: false, why: 'refused', remedy: 'allow' }, ['note native-job-unseen']],
] as const)("where Headgate is the engine, of Entra's own job: %s", (_name, jobs, found) => {
  const findings = otherEngineFindings(jobs, aSurvey());
  expect(findings.map(({ severity, code }) => `${severity} ${code}`)).toEqual(found);
});

import type { NativeJobs } from '../guards/facts.ts';
import { jobTrouble, type NativeJob } from './native-job.ts';
import type { Survey, SurveyFinding } from './survey.ts';
import { counted, listed } from '../reasons.ts';

/** Removals a threshold should allow above the groups that are to go. */
const SLACK = 5;

/** What stands in the way of a migration whose engine is Entra's own job. */
export function jobFindings(
  jobs: readonly NativeJob[],
  { application, groups }: Pick<Survey, 'application' | 'groups'>,
): readonly SurveyFinding[] {
  const anchors = [application.id];
  const [job] = jobs;
  if (job === undefined || jobs.length > 1) {
    const text =
      job === undefined
        ? 'the application has no provisioning job of its own in Entra'
        : `the application has ${jobs.length} provisioning jobs in Entra, and only one can be accompanied`;
    return [{ code: 'job-missing', severity: 'refuse', text, anchors }];
  }
  const findings: SurveyFinding[] = [];
  const trouble = jobTrouble(job);
  if (trouble !== undefined) {
    const code = job.code === 'Quarantine' ? 'job-in-trouble' : 'job-stopped';
    findings.push({ code, severity: 'refuse', text: trouble, anchors });
  } else if (job.last !== undefined && (job.last.state !== 'Succeeded' || job.last.escrowed > 0)) {
    const text = `the last cycle of Entra's provisioning ended as ${job.last.state} with ${job.last.escrowed} objects in escrow: mend that first`;
    findings.push({ code: 'job-in-trouble', severity: 'refuse', text, anchors });
  }
  const threshold = thresholdText(job.deleteThreshold, groups.length);
  if (threshold === undefined) return findings;
  return [...findings, { code: 'delete-threshold', severity: threshold.severity, text: threshold.text, anchors }];
}

/**
 * What stands in the way of a migration whose engine is Headgate: Entra's own job deletes what it finds unassigned as well, by
 * its own rules and whenever it likes. Where it cannot be seen that is said, as every verdict does.
 */
export function otherEngineFindings(
  jobs: NativeJobs,
  { application }: Pick<Survey, 'application'>,
): readonly SurveyFinding[] {
  const anchors = [application.id];
  if (!jobs.known)
    return [
      {
        code: 'native-job-unseen',
        severity: 'note',
        text: `${jobs.why}: see that it does not. ${jobs.remedy}`,
        anchors,
      },
    ];
  if (jobs.active.length === 0) return [];
  const text = `Entra's own provisioning still runs for this application (${listed(jobs.active)}) and goes by the same assignments: stop it (Provisioning, Stop provisioning) until the migration has ended, and let a cycle that is under way end first`;
  return [{ code: 'native-job-active', severity: 'refuse', text, anchors }];
}

/** The belt: a threshold so low that Entra itself stops before it removes users, and high enough for the groups. */
function thresholdText(
  threshold: number | undefined,
  groups: number,
): Pick<SurveyFinding, 'severity' | 'text'> | undefined {
  const wanted = `set it to ${groups + 1} (Provisioning, Settings, Prevent accidental deletion)`;
  if (threshold === undefined)
    return { severity: 'consent', text: `Entra's accidental-deletions threshold is not set: ${wanted}` };
  if (threshold < groups)
    return {
      severity: 'refuse',
      text: `Entra's accidental-deletions threshold is ${threshold}, and ${counted(groups, 'group is', 'groups are')} to go: ${wanted}`,
    };
  if (threshold <= groups + SLACK) return undefined;
  return {
    severity: 'consent',
    text: `Entra's accidental-deletions threshold of ${threshold} would let it remove many users: ${wanted}`,
  };
}

import { leaverNames } from '../../core/migration/leavers.ts';
import { afterLookText, sinceStandstill } from '../../core/migration/standstill.ts';
import type { StepContext, StepOutcome } from '../step-context.ts';
import { counted } from '../../core/reasons.ts';
import { finishRollback } from './finish-rollback.ts';
import { deadWords } from './job-token.ts';

/** The last line: what was reached, for whoever reads the report. The runner writes it. */
export async function finish(context: StepContext): Promise<StepOutcome> {
  const state = context.state();
  const { kind, mode, before, verified, coverage, nativeJobs } = state;
  const groups = before?.groups.length ?? 0;
  if (mode === 'rollback') return finishRollback(context);
  const accounts = verified?.accounts.length ?? 0;
  const leavers = verified?.leavers ?? [];
  const stay =
    leavers.length === 0
      ? ''
      : `; no cycle takes these away any more, disable them at the provider by hand: ${leaverNames(leavers)}`;
  const astray = coverage?.findings.find(({ code }) => code === 'assigned-astray');
  const dead = state.engine === 'entra' ? deadWords(state) : 'the token is dead';
  const off = kind === 'disable-scim' ? `; SCIM is switched off and ${dead}` : '';
  const after = sinceStandstill(nativeJobs);
  const as =
    after === undefined
      ? counted(accounts, 'account is as it was', 'accounts are as they were')
      : `${counted(accounts, 'account was', 'accounts were')} as before when last looked at. ${afterLookText(after)}`;
  return {
    is: 'done',
    text: `${counted(groups, 'group is', 'groups are')} gone, ${as}${off}${stay}${astray === undefined ? '' : `; ${astray.text}`}`,
  };
}

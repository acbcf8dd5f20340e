import type { StepContext, StepOutcome } from '../step-context.ts';
import { counted } from '../../core/reasons.ts';

/** The last line: what was reached, for whoever reads the report. The runner writes it. */
export async function finish(context: StepContext): Promise<StepOutcome> {
  const { kind, mode, before, verified } = context.state();
  const groups = before?.groups.length ?? 0;
  if (mode === 'rollback')
    return { is: 'done', text: `${counted(groups, 'group is', 'groups are')} assigned again as before` };
  const accounts = verified?.accounts.length ?? 0;
  const off = kind === 'disable-scim' ? '; SCIM is switched off and the token is dead' : '';
  return {
    is: 'done',
    text: `${counted(groups, 'group is', 'groups are')} gone, ${counted(accounts, 'account is as it was', 'accounts are as they were')}${off}`,
  };
}

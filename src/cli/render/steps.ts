import type { OnDemandPlan } from '../../ports/operator.ts';
import type { Paint } from './paint.ts';
import { printable } from '../../core/printable.ts';

/** Details shown of one step; --json has them all. */
const SHOWN_DETAILS = 40;

/** What provisioning one user or group would do, step by step. */
export function renderSteps({ connection, subject, steps, verdict }: OnDemandPlan, paint: Paint): string {
  const head = paint.strong(`${subject.resource} ${printable(subject.name)} through connection ${connection}`);
  const width = Math.max(...steps.map(({ step }) => step.length));
  const lines = steps.flatMap(({ step, text, details = [] }) => {
    const shown = details.slice(0, SHOWN_DETAILS).map((detail) => `    ${printable(detail)}`);
    const hidden = details.length - shown.length;
    const objects = step === 'guards' && verdict.findings.length > 0;
    const said = objects ? paint.warn(printable(text)) : printable(text);
    const more = hidden > 0 ? [paint.dim(`    … ${hidden} more; --json shows them`)] : [];
    return [`  ${step.padEnd(width)}  ${said}`, ...shown, ...more];
  });
  return [head, ...lines].join('\n');
}

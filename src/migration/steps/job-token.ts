import { isHeadgateError } from '../../core/errors.ts';
import type { JobTokenState, JournalEntry } from '../../core/migration/journal.ts';
import type { NativeJob } from '../../core/migration/native-job.ts';
import type { MigrationState } from '../../core/migration/state.ts';
import type { SavedCredentials } from '../../ports/directory-writer.ts';
import type { StepContext } from '../step-context.ts';

/** What is known of the secret in Entra's own job: why the gate is to be closed, and what the journal has to tell. */
interface JobToken {
  readonly entries: readonly JournalEntry[];
  readonly why: readonly string[];
}

const PLACE = 'Provisioning, Admin Credentials';

/**
 * Has Entra try out the secret that is saved in its own job, which need not be Headgate's: with one that still works whoever
 * starts the job again has it take people away. Where nobody can tell, a person has to say that it is deleted.
 */
export async function lookAtJobToken(context: StepContext, jobs: readonly NativeJob[]): Promise<JobToken> {
  const { step } = context;
  if (jobs.length === 0) return { entries: [], why: [] };
  const answers: SavedCredentials[] = [];
  for (const { id } of jobs) answers.push(await ask(context, id));
  const seen = (jobToken: JobTokenState, text: string): readonly JournalEntry[] => [
    { kind: 'seen', step, complete: jobToken === 'refused', text, jobToken },
  ];
  if (answers.some(({ is }) => is === 'accepted')) {
    const text = "the provider still takes the secret saved in Entra's own provisioning job";
    const remedy = `Whoever starts that job has it take people away: delete that token at the provider, too, or else take it out of the job (${PLACE})`;
    return { entries: seen('accepted', text), why: [`${text}. ${remedy}`] };
  }
  const unknown = answers.find((answer) => answer.is === 'unknown');
  if (unknown === undefined)
    return {
      entries: seen('refused', "the provider refuses the secret saved in Entra's own provisioning job"),
      why: [],
    };
  const text = `whether the provider still takes the secret saved in Entra's own provisioning job is not known (${unknown.why})`;
  // What was told of it last closed the gate with the question, and that the gate is open again is the answer.
  const isAsked = context.state().jobToken === 'unknown';
  const why = `${text}. See that the token entered there (${PLACE}) is deleted at the provider, which your next yes says it is`;
  return { entries: seen('unknown', text), why: isAsked ? [] : [why] };
}

/** What is proved of the tokens, in words. */
export function deadWords({ engine, jobToken }: Pick<MigrationState, 'jobToken' | 'engine'>): string {
  if (engine !== 'entra') return 'the provider refuses the token';
  if (jobToken === 'refused') return "the provider refuses Headgate's token and the one in Entra's job";
  return "the provider refuses Headgate's token, and nothing has proved that it refuses the one in Entra's job, too: keep provisioning stopped there until you have seen to it";
}

async function ask(context: StepContext, job: string): Promise<SavedCredentials> {
  const { ports, signal } = context;
  const { writer } = ports.migration;
  const application = context.state().before?.application.id;
  if (writer === undefined || application === undefined)
    return { is: 'unknown', why: 'there is nobody to ask with: directory.migration is not configured' };
  try {
    return await writer.savedCredentials(application, job, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (!isHeadgateError(error)) throw error;
    return { is: 'unknown', why: error.message };
  }
}

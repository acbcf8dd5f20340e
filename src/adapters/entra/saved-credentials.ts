import type { SavedCredentials } from '../../ports/directory-writer.ts';
import { graphCode } from './graph-failure.ts';
import { objectOf, textOf } from './json.ts';
import type { Answer } from './transport.ts';

/**
 * What Graph found out about the secret that is saved in a provisioning job. Only an answer that says in so many words that
 * the provider refused it means so: Graph gives the same status when the provider cannot be reached, or answers strangely, and
 * a secret that is taken for dead would be kept.
 */
export function savedCredentialsOf(answer: Answer): SavedCredentials {
  if (answer.status === 204) return { is: 'accepted' };
  const code = graphCode(answer);
  if (answer.status === 400 && code !== undefined && isRefusal(code, answer)) return { is: 'refused' };
  return { is: 'unknown', why: `Microsoft Graph answered ${answer.status}${code === undefined ? '' : ` ${code}`}` };
}

function isRefusal(code: string, answer: Answer): boolean {
  if (code.endsWith('InvalidCredentials')) return true;
  const message = textOf(objectOf(objectOf(answer.body)['error']), 'message') ?? '';
  return code.endsWith('CredentialValidationFailure') && /Response Status Code: Unauthorized\b/u.test(message);
}

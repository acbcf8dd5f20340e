import { describe, expect, test } from 'vitest';
import {
  ConflictError,
  type FailureFacts,
  type HeadgateError,
  InDoubtError,
  NotFoundError,
  RejectedError,
  ThrottledError,
  TransientError,
  UnauthorizedError,
} from '../../src/core/errors.ts';
import { adviceOn, refusalOf } from '../../src/core/failure-codes.ts';
import { failureOf } from '../../src/core/operation-failure.ts';

const INCOMPATIBLE = 'SystemForCrossDomainIdentityManagementServiceIncompatible';

describe('the name of a refusal', () => {
  test.each<[FailureFacts, string]>([
    [{ status: 400 }, 'WebExceptionProtocolError'],
    [{ status: 400, detail: 'something is wrong' }, 'WebExceptionProtocolError'],
    [{ status: 400, scimType: 'invalidPath' }, 'SchemaAttributeNotFound'],
    [{ status: 400, scimType: 'noTarget' }, 'SchemaAttributeNotFound'],
    [{ status: 400, scimType: 'mutability' }, 'NotPermitted'],
    [{ status: 400, scimType: 'invalidSyntax' }, INCOMPATIBLE],
    [{ status: 400, scimType: 'invalidValue' }, 'UnprocessableEntity'],
    [{ status: 400, scimType: 'invalidValue', detail: 'familyName is required' }, 'MandatoryFieldsMissing'],
    [{ status: 400, detail: 'Missing required attribute: name.familyName' }, 'MandatoryFieldsMissing'],
    [{ status: 400, detail: "email can't be blank" }, 'MandatoryFieldsMissing'],
    [{ status: 400, detail: 'LICENSE_LIMIT_EXCEEDED: license limit exceeded' }, 'LicenseLimitExceeded'],
    [{ status: 422, detail: 'There are no seats left' }, 'LicenseLimitExceeded'],
    [{ status: 402 }, 'LicenseLimitExceeded'],
    [{ status: 400, detail: 'The domain of the address is not verified' }, 'InvalidDomain'],
    [{ status: 400, detail: 'Unknown attribute favouriteColour' }, 'SchemaAttributeNotFound'],
    [{ status: 400, detail: 'phoneNumbers can hold only one value' }, 'SchemaPropertyCanOnlyAcceptValue'],
    [{ status: 403 }, 'InsufficientRights'],
    [{ status: 405 }, 'MethodNotAllowed'],
    [{ status: 412 }, 'Conflict'],
    [{ status: 413 }, 'WebExceptionProtocolError'],
    [{ status: 415 }, INCOMPATIBLE],
    [{ status: 422 }, 'UnprocessableEntity'],
    [{ status: 501 }, 'NotImplemented'],
    [{ status: 409, code: 'DuplicateTargetEntries' }, 'DuplicateTargetEntries'],
  ])('%j is %s', (facts, code) => {
    expect(refusalOf(facts).code).toBe(code);
  });

  test('words of an answer that is no refusal of one object say nothing', () => {
    expect(refusalOf({ status: 501, detail: 'licence limit' }).code).toBe('NotImplemented');
  });
});

describe('what is kept of a failure always says what to do', () => {
  const statuses = [undefined, 400, 402, 403, 404, 405, 406, 409, 410, 412, 413, 415, 418, 422, 428, 431, 501];
  test.each<[string, (facts: FailureFacts) => HeadgateError]>([
    ['RejectedError', (facts) => new RejectedError('no', facts)],
    ['ConflictError', (facts) => new ConflictError('no', facts)],
    ['NotFoundError', (facts) => new NotFoundError('no', facts)],
    ['InDoubtError', (facts) => new InDoubtError('no', facts)],
    ['TransientError', (facts) => new TransientError('no', facts)],
    ['UnauthorizedError', (facts) => new UnauthorizedError('no', facts)],
    ['ThrottledError', (facts) => new ThrottledError('no', 1000, 'connection', facts)],
  ])('%s', (_name, make) => {
    for (const status of statuses) {
      const { code, remedy } = failureOf(make(status === undefined ? {} : { status }));
      expect(code).toMatch(/^[A-Z][A-Za-z]+$/);
      expect(remedy).toMatch(/^[A-Z].{30,}\.$/);
    }
    expect(failureOf(make({ noAnswer: true })).remedy).toMatch(/^[A-Z].{30,}\.$/);
  });

  test('a request that was too large is about its size', () => {
    expect(adviceOn(new RejectedError('no', { status: 413 })).remedy).toContain('too large');
  });

  test('the advice of who knows more stands', () => {
    const remedy = 'Take the members out of the group at the provider, then run another cycle.';
    expect(failureOf(new RejectedError('no', { status: 400, remedy })).remedy).toBe(remedy);
  });
});

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectionChanges, restartNeeded } from '../../src/config/changes.ts';
import { configFolder, EXAMPLE, exampleWith, type ConfigFolder } from './builders.ts';

let folder: ConfigFolder;
beforeAll(() => {
  folder = configFolder();
});
afterAll(() => folder.remove());

const changes = (text: string) => connectionChanges(folder.check(EXAMPLE).config, folder.check(text).config);

describe('what a new configuration changes', () => {
  test('is nothing when the file says the same', () => {
    expect(changes(`# a comment\n${EXAMPLE}`)).toEqual({ added: [], changed: [], removed: [] });
  });

  test.each([
    ['another token file', './acme-token', './entra-secret', false],
    ['another schedule', '*/5 * * * *', '*/7 * * * *', false],
    ['another scope', 'nestedGroups: direct', 'nestedGroups: expand', true],
    [
      'another scoping filter',
      'nestedGroups: direct',
      'nestedGroups: direct, filters: [ { name: Staff, clauses: [ { attribute: employeeId, is: is-not-null } ] } ]',
      true,
    ],
    ['another mapping', 'mapping: default', 'mapping: { extends: default, without: [ title ] }', true],
    ['another guard', 'count: 50', 'count: 60', true],
    ['another profile', 'profile: generic', 'profile: salesforce', true],
    ['another address of the provider', 'scim.example.com', 'other.example.com', true],
  ])(
    '%s changes the connection; whether its next cycle is full follows from what it plans',
    (_what, from, to, full) => {
      expect(changes(exampleWith(from, to)).changed).toEqual([{ connection: 'acme', fullCycle: full }]);
    },
  );

  test('another value of a secret that is written out changes the connection, wherever it stands in the list', () => {
    const written = (value: string) => exampleWith('token_file: ./acme-token', `token: ${value}`);
    const [before, after] = [folder.check(written('one')).config, folder.check(written('two')).config];
    expect(connectionChanges(before, before).changed).toEqual([]);
    expect(connectionChanges(before, after).changed).toEqual([{ connection: 'acme', fullCycle: false }]);
  });

  test('a connection with another name is one that went and one that came', () => {
    expect(changes(exampleWith('name: acme', 'name: globex'))).toEqual({
      added: ['globex'],
      changed: [],
      removed: ['acme'],
    });
  });
});

describe('what asks for a restart', () => {
  test.each([
    ['database.url', 'file:./headgate-data', 'file:./elsewhere'],
    ['queue.url', 'redis://127.0.0.1:6379', 'redis://127.0.0.1:6380'],
    ['directory', 'tenant: 1111', 'tenant: 4111'],
  ])('%s, with its place in the new file', (path, from, to) => {
    const next = folder.check(exampleWith(from, to));
    expect(restartNeeded(folder.check(EXAMPLE).config, next.config, next.source)).toEqual([
      expect.objectContaining({ path, line: expect.any(Number) }),
    ]);
  });

  test('is nothing of a connection', () => {
    const next = folder.check(exampleWith('name: acme', 'name: globex'));
    expect(restartNeeded(folder.check(EXAMPLE).config, next.config, next.source)).toEqual([]);
  });
});

const MEANING = 'connection (may be left out when there is only one)';

/** The connection a command is about, as an option. */
export const CONNECTION_OPTION = ['-c, --connection <name>', MEANING] as const;

/** The same where a command is about nothing else. */
export const CONNECTION_ARGUMENT = ['[connection]', MEANING] as const;

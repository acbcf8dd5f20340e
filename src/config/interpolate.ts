/** Environment variables as handed in by the entry point; nothing else reads `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A scalar after substitution. */
export interface Interpolated {
  readonly value: string;
  /** Names of the variables asked for, in order. */
  readonly variables: readonly string[];
  readonly problems: readonly string[];
}

// An unterminated "${" runs to the end of the line, so that the message can show it.
const TOKEN = /\$\$|\$\{[^}\n]*\}?/g;
const REFERENCE = /^\$\{(?:([A-Za-z_]\w*):(?!-))?([A-Za-z_]\w*)(?::-([^\n]*))?\}$/;

/**
 * Substitutes `${VAR}`, `${env:VAR}`, `${VAR:-default}` and `$$` in one scalar, after YAML was parsed, by the grammar of
 * the OpenTelemetry configuration specification ("Environment variable substitution"). It is not applied to its own
 * result. Stricter than the specification in one point: a variable that is not set and has no default is a problem.
 */
export function interpolate(text: string, env: Environment): Interpolated {
  const variables: string[] = [];
  const problems: string[] = [];
  const value = text.replace(TOKEN, (token) => {
    if (token === '$$') return '$';
    const match = REFERENCE.exec(token);
    const name = match?.[2];
    if (match === null || name === undefined) {
      problems.push(`"${token}" is not a reference: write \${NAME}, \${env:NAME} or \${NAME:-default}, and $$ for a $`);
      return token;
    }
    const prefix = match[1];
    if (prefix !== undefined && prefix !== 'env') {
      problems.push(
        `"${prefix}:" in "${token}" is not known: only "env:" is; a secret from a file is set by its *_file key`,
      );
      return token;
    }
    variables.push(name);
    const found = env[name];
    if (found !== undefined && found !== '') return found;
    if (match[3] !== undefined) return match[3];
    if (found === undefined)
      problems.push(`environment variable ${name} is not set; set it, or give a default: \${${name}:-…}`);
    return '';
  });
  return { value, variables, problems };
}

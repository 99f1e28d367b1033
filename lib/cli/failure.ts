import { type ExitCode, UsageError } from './verb.ts';

/** Wrong usage and bad settings are the operator's to mend: 2. Everything else kept the verb from doing anything: 3. */
const OPERATORS = ['UsageError', 'ConfigError', 'PolicyError', 'FleetError'];

export function failureText(error: unknown): { code: ExitCode; message: string } {
  if (!(error instanceof Error)) return { code: 3, message: String(error) };
  const code = error instanceof UsageError || OPERATORS.includes(error.name) ? 2 : 3;
  return { code, message: error.message };
}

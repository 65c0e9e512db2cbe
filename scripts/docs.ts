// Writes the documents that are made from tables in the code. Run `node scripts/docs.ts` after a change of one;
// a test compares them.

import { writeFileSync } from 'node:fs';
import type { Option } from '../packages/core/src/config/option.ts';
import { environmentNames, OPTIONS, type OptionName } from '../packages/core/src/config/options.ts';
import { ERRORS } from '../packages/core/src/errors.ts';

/** The documents by path from the root of the repository. */
export function documents(): Map<string, string> {
  return new Map([
    ['docs/configuration.md', configuration()],
    ['docs/errors.md', errors()],
  ]);
}

function configuration(): string {
  const rows = (Object.keys(OPTIONS) as OptionName[]).map(name => {
    const option = OPTIONS[name] as Option<unknown>;
    const initial = option.default === undefined ? 'none' : `\`${String(option.default)}\``;
    const variables = environmentNames(name).map(variable => `\`${variable}\``);
    const unit =
      option.kind === 'bytes' || option.kind === 'milliseconds' ? `, ${option.kind}` : '';
    return [`\`${name}\``, option.takes + unit, initial, variables.join(', '), option.doc];
  });
  return `# Configuration

<!-- Made from packages/core/src/config/options.ts by scripts/docs.ts. -->

Options given to \`Engine.start\` beat variables of the environment, which beat the defaults. A variable that is empty
is not set. What is resolved is frozen. A value outside its range, and an option that does not exist, is an
\`INVALID_OPTION\` that names the option or the variable, the value and what it takes. Which of them bound memory:
[memory.md](memory.md).

${table(['Option', 'Takes', 'Default', 'Environment', 'Meaning'], rows)}`;
}

function errors(): string {
  const rows = Object.entries(ERRORS).map(([code, { means, remedy }]) => [
    `\`${code}\``,
    means,
    remedy,
  ]);
  return `# Errors

<!-- Made from packages/core/src/errors.ts by scripts/docs.ts. -->

Everything that Lite Streams throws is a \`StreamError\` with a stable \`code\`. Its message says what was wrong, where,
and what would be right; \`cause\` is the error behind it, where there is one. That there is no room is no error but a
return value (\`tryAppend\`, \`offer\`) or a wait (\`send\`).

${table(['Code', 'Means', 'What to do'], rows)}`;
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(escaped).join(' | ')} |\n`;
  return line(heads) + line(heads.map(() => '---')) + rows.map(line).join('');
}

function escaped(cell: string): string {
  return cell.replaceAll('|', '\\|');
}

if (import.meta.main) {
  for (const [path, text] of documents()) {
    writeFileSync(new URL(`../${path}`, import.meta.url), text);
  }
}

/** What the command's exit status says. */
export const EXIT = {
  ok: 0,
  failure: 1,
  /** The command line, an option or an environment variable is wrong. */
  usage: 2,
  /** Ended by Ctrl-C, drained or not. */
  interrupted: 130,
  /** Ended by SIGTERM. */
  terminated: 143,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

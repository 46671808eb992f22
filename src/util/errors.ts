// The error for what the user can mend; everything else that is thrown is ours and keeps its stack.

/** Bad input: one sentence that says where, what was expected, what was found and how to mend it. The command line prints it and exits with 2, but for kinds of it that say otherwise. */
export class UsageError extends Error {
  override name = 'UsageError';
  /** What the command line exits with. */
  readonly exitCode: number = 2;
}

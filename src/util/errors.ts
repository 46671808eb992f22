// The error for what the user can mend; everything else that is thrown is ours and keeps its stack.

/** Bad input: one sentence that says where, what was expected, what was found and how to mend it. The command line prints it and exits with 2. */
export class UsageError extends Error {
  override name = 'UsageError';
}
